"What the library imports is declared, and what is declared is imported or has a reason in settings.ini."
import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from lowest import ROOT, declared, lowest


def plain(name): return re.sub('[-_.]+', '-', name).lower()


def imported():
    "Distributions that discl imports: dict distribution -> one of the modules that do"
    distributions, found = packages_distributions(), {}
    for path in sorted((ROOT/'discl').rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level: names = [node.module]
            for name in names:
                top = name.split('.')[0]
                if top in sys.stdlib_module_names or top == 'discl': continue
                found[plain(distributions.get(top, [top])[0])] = path.name
    return found


def names_of(key): return {plain(re.match(r'[\w-]+', line)[0]) for line in declared(key)}


def with_a_reason():
    "Requirements that stand below a comment of their own"
    lines = (ROOT/'settings.ini').read_text(encoding='utf-8').splitlines()
    return {plain(re.match(r'\s+([\w-]+)', below)[1]) for above, below in zip(lines, lines[1:])
            if above.startswith('    # Never imported')}


def test_what_is_imported_is_declared():
    allowed = set().union(*(names_of(f'{part}requirements') for part in ('', 'timm_', 'lora_', 'hub_', 'ray_')))
    missing = {name: where for name, where in imported().items() if name not in allowed}
    assert not missing, f'imported, but not in settings.ini: {missing}'


def test_what_is_declared_is_imported():
    idle = names_of('requirements') - set(imported()) - with_a_reason()
    assert not idle, f'in settings.ini, but never imported: {sorted(idle)}'


def test_every_requirement_has_a_lower_bound():
    assert lowest('fastai>=2.8.12,<3') == 'fastai==2.8.12'
    assert len([lowest(line) for line in declared()]) == len(names_of('requirements'))
