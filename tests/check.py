"""What CI proves, in this order: notebooks are clean, export leaves no diff, every module imports alone, a notebook
imports only lower numbers, packages hand on every public name, README matches its notebook, the site has no broken
link, notebooks run, tests pass.

`python tests/check.py` does all, `--readme` writes README.md, and `--names` writes what each wing hands on."""
import ast
import configparser
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NOTEBOOKS = sorted(p for p in (ROOT/'nbs').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)


def code(path):
    "Source of a notebook's code cells, without magics"
    cells = [''.join(c['source']) for c in json.loads(path.read_text(encoding='utf-8'))['cells'] if c['cell_type'] == 'code']
    return [re.sub(r'^\s*[%!].*$', '', c, flags=re.M) for c in cells]


def copy_of_tree(folder):
    for part in ('nbs', 'discl', 'settings.ini', 'pyproject.toml', 'setup.py', 'README.md'):
        source = ROOT/part
        ignore = shutil.ignore_patterns('checkpoints', '.ipynb_checkpoints', '__pycache__', '*.safetensors', '*.parquet')
        shutil.copytree(source, folder/part, ignore=ignore) if source.is_dir() else shutil.copy(source, folder/part)


def differing(folder, pattern):
    made = {p.relative_to(folder) for p in folder.glob(pattern)}
    return sorted(str(p) for p in made if not (ROOT/p).exists() or not filecmp.cmp(folder/p, ROOT/p, shallow=False))


def clean_and_exported():
    with tempfile.TemporaryDirectory() as d:
        folder = Path(d)
        copy_of_tree(folder)
        quiet = dict(cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([BIN/'nbdev-clean'], **quiet)
        assert not (dirty := differing(folder, 'nbs/**/*.ipynb')), f'not clean (run nbdev-clean): {dirty}'
        for path in folder.glob('discl/**/*.py'):
            if path.name != '__init__.py': path.unlink()
        subprocess.run([BIN/'nbdev-export'], **quiet)
        assert not (stale := differing(folder, 'discl/**/*.py')), f'library and notebooks differ (run nbdev-export): {stale}'
        modules = {p.relative_to(folder) for p in folder.glob('discl/**/*.py')}
        orphans = {p.relative_to(ROOT) for p in ROOT.glob('discl/**/*.py')} - modules
        assert not orphans, f'modules without a notebook: {orphans}'


# Torch and its like take seconds to import, and no module of ours can break by finding them there already.
HEAVY = 'import matplotlib, numpy, pandas, PIL, pyarrow, scipy.stats, sklearn, torch, torchvision'


def imported_alone(names):
    "Import each module in a child process that has none of ours yet; the children share only what is in HEAVY"
    for name in names:
        child = os.fork()
        if child == 0:
            try: __import__(name)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status: sys.exit(f'import {name} fails alone')


def imports_alone():
    config = configparser.ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini')
    import discl
    assert discl.__version__ == config['DEFAULT']['version'], 'discl.__version__ and settings.ini differ'
    modules = [p.relative_to(ROOT).with_suffix('').parts for p in sorted((ROOT/'discl').rglob('*.py'))]
    names = ['.'.join(parts).removesuffix('.__init__') for parts in modules]
    command = f'{HEAVY}\nimport sys; sys.path.insert(0, {str(ROOT/"tests")!r})\nimport check; check.imported_alone({names})'
    subprocess.run([sys.executable, '-W', 'ignore', '-c', command], cwd=tempfile.gettempdir(), check=True)


def rooms():
    "Notebook of each room: its floor (the number in its name, and perhaps a letter) and its module ('core.basics', 'cli')"
    found = {}
    for path in NOTEBOOKS:
        numbered = re.fullmatch(r'(\d\d)([a-z]?)_\w+', path.stem)
        wing = path.parent == ROOT/'nbs' or re.fullmatch(r'\d_\w+', path.parent.name)
        exports = re.search(r'#\| default_exp ([\w.]+)', '\n'.join(code(path)))
        if numbered and wing and exports: found[path] = (int(numbered[1]), numbered[2]), exports[1]
    return found


def imported(path):
    "Modules of discl that a notebook's code imports: 'core.basics', or a wing: 'core'"
    for cell in code(path):
        for node in ast.walk(ast.parse(cell)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom): names = [node.module or '']
            yield from (n.removeprefix('discl.') for n in names if n.startswith('discl.'))


def only_lower_numbers():
    "A notebook imports only rooms of a lower number; a wing counts as its highest room"
    floors = {module: number for number, module in rooms().values()}
    assert len(set(floors.values())) == len(floors), 'two notebooks have the same number'
    for path, (number, _) in rooms().items():
        if number[0]//10 != int(path.parent.name[0] if path.parent != ROOT/'nbs' else 9):
            raise AssertionError(f'{path.relative_to(ROOT)}: the tens digit is not its wing')
        for module in imported(path):
            inside = [n for m, n in floors.items() if m == module or m.startswith(module + '.')]
            above = max(inside, default=(99, '')) >= number
            assert not above, f'{path.name} imports discl.{module}, which is not below it'


def handed_on(wing):
    "The package file of a wing: its docstring, and every public name of its rooms, in their order"
    path = ROOT/'discl'/wing/'__init__.py'
    lines = [ast.unparse(ast.parse(path.read_text(encoding='utf-8')).body[0]).replace("'", '"'), 'import lazy_loader', '']
    lines.append('__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(')
    for _, module in sorted(rooms().values()):
        if not module.startswith(wing + '.'): continue
        source = ast.parse((ROOT/'discl'/f'{module.replace(".", "/")}.py').read_text(encoding='utf-8'))
        names = next(ast.literal_eval(node.value) for node in source.body
                     if isinstance(node, ast.Assign) and node.targets[0].id == '__all__')
        text = f'{module.split(".")[1]}=[{", ".join(map(repr, names))}],'
        lines += textwrap.wrap(text, 110, initial_indent='    ', subsequent_indent=' '*8, break_long_words=False)
    return path, '\n'.join([*lines, '))']) + '\n'


def wings_hand_on_all_names():
    wings = sorted({module.split('.')[0] for _, module in rooms().values() if '.' in module} - {'embedded'})
    for path, text in map(handed_on, wings):
        if '--names' in sys.argv: path.write_text(text, encoding='utf-8')
        assert path.read_text(encoding='utf-8') == text, \
            f'{path.relative_to(ROOT)} lacks names (run python tests/check.py --names)'


def readme():
    command = [BIN/'jupyter', 'nbconvert', '--to', 'markdown', '--stdout', '--log-level', 'ERROR', ROOT/'nbs/index.ipynb']
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() + '\n'
    text = re.sub(r'\]\((images|paper|tutorials)/', r'](nbs/\1/', text)  # the notebook lies one folder deeper
    return text.replace('](../', '](')


def readme_matches():
    assert readme() == (ROOT/'README.md').read_text(encoding='utf-8'), 'README.md differs from nbs/index.ipynb (run python tests/check.py --readme)'


def site_builds():
    subprocess.run([sys.executable, ROOT/'docs/build.py'], check=True)


def notebooks_run():
    "Two at a time with one thread each: small models gain nothing from a second thread"
    alone = dict(os.environ, OMP_NUM_THREADS='1')
    subprocess.run([BIN/'nbdev-test', '--n-workers', '2', '--timing'], cwd=ROOT, check=True, env=alone)


def tests_pass():
    "Two files at a time, for the same reason"
    alone = dict(os.environ, OMP_NUM_THREADS='1')
    command = [sys.executable, '-m', 'pytest', '-q', '-n', '2', '--dist', 'loadfile', '--durations', '15', 'tests']
    subprocess.run(command, cwd=ROOT, check=True, env=alone)


STEPS = (clean_and_exported, imports_alone, only_lower_numbers, wings_hand_on_all_names, readme_matches, site_builds,
         notebooks_run, tests_pass)


if __name__ == '__main__':
    if '--readme' in sys.argv:
        (ROOT/'README.md').write_text(readme(), encoding='utf-8')
        sys.exit()
    if '--names' in sys.argv:
        wings_hand_on_all_names()
        sys.exit()
    os.environ['PATH'] = f'{BIN}{os.pathsep}{os.environ["PATH"]}'
    for step in STEPS:
        print(f'== {step.__name__.replace("_", " ")}', flush=True)
        start = time.perf_counter()
        try: step()
        except (AssertionError, subprocess.CalledProcessError) as e: sys.exit(f'{e}')
        print(f'   ok, {time.perf_counter() - start:.0f} s', flush=True)
