# demo, test and lab work from a fresh clone: they make .venv and install into it with pip.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lab docs clean

$(BIN)/.installed: settings.ini setup.py pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable ".[dev,docs]"
	touch $@

demo: $(BIN)/.installed
	$(BIN)/discl demo

test: $(BIN)/.installed
	$(BIN)/python tests/check.py

lab: $(BIN)/.installed
	$(BIN)/jupyter lab nbs/tutorials/01_tour.ipynb

docs: $(BIN)/.installed
	$(BIN)/python docs/build.py

clean:
	rm -rf .venv build dist *.egg-info _docs _proc .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
