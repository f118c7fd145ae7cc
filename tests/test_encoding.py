"Every text file is UTF-8 by name: nothing in the library, its tests and its tools leaves the choice to the system."
import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ('discl', 'tests', 'docs', 'benchmarks')


def is_binary(call):
    "Is 'b' in the mode of a call of open?"
    modes = [*call.args, *[word.value for word in call.keywords if word.arg == 'mode']]
    return any(isinstance(mode, ast.Constant) and isinstance(mode.value, str) and 'b' in mode.value for mode in modes)


def leaves_it_open(call):
    "Does a call open a text without saying how it is encoded?"
    if any(word.arg == 'encoding' for word in call.keywords): return False
    if isinstance(call.func, ast.Name): return call.func.id == 'open' and bool(call.args) and not is_binary(call)
    if not isinstance(call.func, ast.Attribute): return False
    if call.func.attr in ('read_text', 'write_text'): return True
    return call.func.attr == 'open' and any(getattr(mode, 'value', None) in ('r', 'w', 'a', 'x') for mode in call.args)


def all_files():
    "Every file of Python in the repository, as far as it is checked out"
    return [path for room in ROOMS for path in sorted((ROOT/room).rglob('*.py'))] + [*ROOT.glob('*.py')]


def test_no_text_is_opened_without_its_encoding():
    found = []
    for path in all_files():
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and leaves_it_open(node): found.append(f'{path.relative_to(ROOT)}:{node.lineno}')
    assert not found
