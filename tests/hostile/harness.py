"""Hostile inputs as tables: what is made, what is asked of discl, and what it must answer.

Each room of inputs (images, folders, tables, models, stores, …) is a module beside this one with a list `CASES`.
`test_library.py` calls those that have a `call`, `test_commands.py` types those that have a `command`.
"""
import importlib
import io
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from PIL import Image

from discl.core.basics import DisclError

# The smallest run: one step, one seed, two levels, four epochs of two arms.
FLAGS = ('--steps 1 --seeds 10 --levels 0,.5 --pretrain-epochs 1 --epochs 4 --width 8 --threshold -1 '
         '--curriculum none,diverse-to-specific --compiled 0 --batch 8')


@dataclass(frozen=True)
class Case:
    "A situation, and what discl must make of it"
    name: str  # unique, in words
    make: Callable  # (empty folder) -> dict: names for `command`, and what `call` and `check` get
    command: str = ''  # what is typed after `discl`, with {fields} of what was made; FLAGS stands for the smallest run
    call: Callable | None = None  # (made) -> value, through the public API
    fails: bool = True  # must it end with one sentence (a DisclError, exit code 1)? else it must work
    says: tuple = ()  # regular expressions that the sentence, or the output, holds
    check: Callable | None = None  # (made, Answer) -> None; asserts more


@dataclass
class Answer:
    "What discl answered"
    value: object = None  # of a call
    code: int = 0  # exit code of a command
    text: str = ''  # all that was printed, or the error's sentence


def type_command(line):
    "Run a command in this process; -> Answer"
    from discl import cli
    argv, printed, before = ['discl', *shlex.split(line)], io.StringIO(), sys.argv
    code = 0
    try:
        sys.argv = argv
        with redirect_stdout(printed), redirect_stderr(printed):
            try: cli.main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
                if isinstance(end.code, str): print(end.code)
    finally: sys.argv = before
    return Answer(code=code, text=printed.getvalue())


def call_library(case, made):
    "-> Answer; anything but a DisclError gets through"
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try: value = case.call(made)
        except DisclError as error: return Answer(code=1, text=str(error))
    return Answer(value=value, text=printed.getvalue())


def prove(case, folder):
    "Make the inputs, ask, and compare the answer with what is expected"
    made = case.make(folder) or {}
    made.setdefault('folder', folder)
    if case.command:
        quoted = {name: shlex.quote(str(value)) for name, value in made.items()}
        answer = type_command(case.command.replace('FLAGS', FLAGS).format(**quoted))
        assert 'Traceback (most recent call last)' not in answer.text, answer.text
    else: answer = call_library(case, made)
    assert (answer.code != 0) == case.fails, f'exit code {answer.code}: {answer.text[-2000:]}'
    for words in case.says: assert re.search(words, answer.text), f'{words!r} is not said: {answer.text[-2000:]}'
    if case.check: case.check(made, answer)


def all_cases():
    "Of every module beside this one that has a list CASES"
    found = []
    for path in sorted(Path(__file__).parent.glob('*.py')):
        if path.stem.startswith('test_') or path.stem in ('harness', 'conftest', 'fuzz'): continue
        module = importlib.import_module(path.stem)
        found += [(f'{path.stem}: {case.name}', case) for case in getattr(module, 'CASES', ())]
    names = [name for name, _ in found]
    assert len(set(names)) == len(names), 'two cases have one name'
    return found


def photo(seed, size=32, tint=(128, 128, 128)):
    "A picture with structure of its own, so that no two look alike: PIL RGB"
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((size, size), Image.BICUBIC)
    mixed = np.asarray(coarse).astype(int)//2 + np.array(tint)//2 + rng.integers(-8, 9, (size, size, 3))
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def class_folders(folder, counts, size=32, ending='png'):
    "Class folders with so many different pictures each: dict class -> number; -> folder"
    for number, (name, count) in enumerate(counts.items()):
        place = Path(folder)/name
        place.mkdir(parents=True, exist_ok=True)
        tint = np.random.default_rng(1000 + number).integers(0, 256, 3)
        for i in range(count): photo(number*10_000 + i, size, tint).save(place/f'{i:03}.{ending}')
    return Path(folder)
