"Recipes and folders of runs that are not what they should be"
import functools
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from harness import FLAGS, Case, class_folders, type_command

from discl.runs.recipe import make_recipe, recipe_from
from discl.runs.run import Run, read_result


@functools.cache
def small_run():
    "A finished run and its images, made once"
    home = Path(tempfile.mkdtemp(prefix='discl-hostile-'))
    class_folders(home/'data', dict(bird=40, cat=10, dog=40))
    answer = type_command(f'run --data {home}/data --out {home}/run {FLAGS}')
    assert answer.code == 0, answer.text[-2000:]
    return home


def copied(folder):
    for name in ('data', 'run'): shutil.copytree(small_run()/name, folder/name)
    recipe = json.loads((folder/'run/run.json').read_text(encoding='utf-8'))
    recipe['data']['data'] = str(folder/'data')
    (folder/'run/run.json').write_text(json.dumps(recipe), encoding='utf-8')
    return dict(data=folder/'data', out=folder/'run')


def damaged(name, text):
    "A run one of whose files holds this"
    def make(folder):
        made = copied(folder)
        place = next((made['out']).rglob(name))
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return made | dict(place=place)
    return make


def more_classes(folder):
    made = copied(folder)
    class_folders(folder/'data', dict(bird=40, cat=10, dog=40, ant=30)) # ant last: pictures of its own
    return made


def no_data(folder):
    made = copied(folder)
    shutil.rmtree(made['data'])
    return made


ODD_NAMES = ('nan', '1.0', '=1+1', 'a\rb')  # what a table may take for no value, a number, a formula, two lines


def odd_names(folder):
    class_folders(folder/'data', dict(zip(ODD_NAMES, (40, 40, 10, 10))))
    return dict(data=folder/'data', out=folder/'run')


def names_are_kept(made, answer):
    "Every table of the run and its page have the classes by their names"
    from discl.core.files import read_csv
    trial, classes = made['out']/'trial-0', json.loads((made['out']/'classes.json').read_text(encoding='utf-8'))['0']
    assert len(classes) == 4 and {'nan', '1.0', '=1+1'} < set(classes), classes
    rare = set(classes) - {'nan', '1.0'}
    for name in ('hard.csv', 'kept.csv'):
        table = read_csv(trial/name, dtype=dict(name=str))
        assert set(table.name) == rare and {classes[label] for label in table.label} == rare, (name, set(table.name))
    assert len(Run(made['out']).results()) == 2 and '=1+1' in (made['out']/'report.html').read_text(encoding='utf-8')
    opened = (trial/'kept.csv').read_text(encoding='utf-8')
    assert ",'=1+1," in opened or "\"'=1+1\"" in opened  # which no spreadsheet calculates


def small_data(folder):
    class_folders(folder/'data', dict(bird=40, cat=10, dog=40))
    return dict(data=folder/'data')


def begins(**settings):
    "Opening a new run of small data"
    def call(made): return Run(made['folder']/'new', make_recipe(data=str(made['data']), **settings))
    return call


def changed(**fields):
    "A run one of whose arms has these fields, or lacks those that are None"
    def make(folder):
        made = copied(folder)
        place = next((made['out']/'trial-0/arms').glob('CE-none*.json'))
        arm = json.loads(place.read_text(encoding='utf-8')) | fields
        place.write_text(json.dumps({name: value for name, value in arm.items() if value is not None}), encoding='utf-8')
        return made | dict(place=place)
    return make


def names_hold(made, answer):
    "Every synthetic cat is a cat in the new list; the report of old arms keeps theirs"
    from discl.core.files import read_csv
    kept = read_csv(made['out']/'trial-0/kept.csv', dtype=dict(name=str))
    assert set(kept.name) == {'cat'} and set(kept.label) == {2}, kept[['name', 'label']].value_counts()
    assert json.loads((made['out']/'classes.json').read_text(encoding='utf-8'))['0'] == ['ant', 'bird', 'cat', 'dog']


def nothing(folder): return {}


def old_page(made, answer): assert '<html' in (made['out']/'report.html').read_text(encoding='utf-8')


def nothing_left(made, answer): assert not (made['folder']/'new').exists()


def recipe_case(name, **settings):
    return Case(f'recipe: {name}', nothing, call=lambda made: make_recipe(**settings), says=(next(iter(settings)),))


PLAIN = dict(data=Path('birds'), trials=range(2), seeds=np.arange(3), levels=np.array([0, .5]), lr=np.float32(.5))

SENTENCE_FIRST = dict(
    adaptive=dict(arms=('CE/none', 'CE/adaptive'), bs=8, probe=10**6), vit_b_16=dict(backbone='vit_b_16'),
    schedule=dict(schedule='cosin'), pretrained=dict(pretrained=True), clip=dict(clip='no/such/clip'),
    prompts=dict(prompts='no-such-prompts.json'), UNet2DModel=dict(scheduler='UNet2DModel'), twice=dict(arms=('none', 'CE/none')),
    fixed=dict(arms=('none', 'fixed:0.7')))  # a word of the sentence -> what is refused before a new run's folder is made

CASES = [
    Case('classes with odd names', odd_names, f'run --data {{data}} --out {{out}} {FLAGS}', fails=False, check=names_are_kept),
    *(Case(f'refused before work: {word}', small_data, call=begins(**settings), says=(word,), check=nothing_left)
      for word, settings in SENTENCE_FIRST.items()),
    Case('a NaN that an older version wrote', changed(few=float('nan')), call=lambda made: read_result(made['place']), fails=False),
    *(Case(f'an arm whose {name} is {value!r}', changed(**{name: value}), call=lambda made: read_result(made['place']), says=(name,))
      for name, value in dict(few=None, shared=None, stages='all', overall='good', settings=3, steps=1.5, validation={}).items()),
    *(Case(f'arms.json names {names!r}', damaged('arms.json', json.dumps(dict(arms=names))), fails=True, says=('arms.json',),
           call=lambda made: Run(made['out'], stored_only=True).results()) for names in (dict(a=5), ['a'], 'a')),
    Case('classes.json is a list', damaged('classes.json', '[]'), fails=False, says=('written anew',),
         call=lambda made: Run(made['out'])),
    Case('kept.csv lacks columns', damaged('kept.csv', 'job,name\na,cat\n'), 'report --out {out}', says=('kept.csv: damaged',)),
    Case('filter.json has other fields', damaged('filter.json', '{"threshold": "high"}'), 'report --out {out}', fails=False,
         says=('filter.json',)),
    Case('a class is added, and the run goes on', more_classes, f'run --data {{data}} --out {{out}} {FLAGS}', fails=False,
         says=('class list has changed', 'added ant'), check=names_hold),
    Case('a class is added, and only the report is asked for', more_classes, 'report --out {out}', fails=False,
         says=('left out', 'added ant'), check=old_page),
    Case('the images are gone, and the report is asked for', no_data, 'report --out {out}', fails=False,
         says=('left out',), check=old_page),
    Case('paths, ranges and NumPy numbers are plain values', nothing, fails=False,
         call=lambda made: json.dumps(make_recipe(**PLAIN).flat())),
    Case('a recipe of another version', nothing, call=lambda made: recipe_from(dict(data=dict(shuffle=3)), 'x/run.json'),
         says=('x/run.json', 'shuffle', 'this is discl')),
    recipe_case('trials as a string', trials='012'), recipe_case('arms as a string', arms='none'),
    recipe_case('levels as a string', levels='0,.1'), recipe_case('seed below zero', seeds=(-1,)),
    recipe_case('seed too large', seeds=(2**70,)), recipe_case('trial too large', trials=(2**40,)),
    recipe_case('a truth value as a number', epochs=True), recipe_case('a number as a truth value', flip=1),
    recipe_case('NaN guidance', guidance_scale=float('nan')), recipe_case('infinite guidance', guidance_scale=float('inf')),
    recipe_case('NaN in NumPy', threshold=np.float64('nan')), recipe_case('sizes of three numbers', size=(8, 8, 8)),
    recipe_case('size zero', size=(0, 0)), recipe_case('size too large', size=(100_000, 100_000)),
    recipe_case('unknown on_bad', on_bad='maybe'), recipe_case('unknown on_leak', on_leak='maybe'),
    recipe_case('unknown on_conflict', on_conflict=''), recipe_case('no levels', levels=()),
    recipe_case('epochs without end', epochs=10**12), recipe_case('a zero byte in a path', data='a\0b'),
    recipe_case('an undecodable path', data=os.fsdecode(b'caf\xe9')), recipe_case('a level twice', levels=(0., 0.)),
    recipe_case('a set of seeds', seeds={1, 2}), recipe_case('a table of levels', levels=np.zeros((2, 2))),
    Case('batch zero', nothing, call=lambda made: Run(made['folder']/'new', make_recipe(), batch=0), says=('batch = 0',),
         check=nothing_left),
    Case('waiting NaN', nothing, call=lambda made: Run(made['folder']/'new', make_recipe(), wait=float('nan')),
         says=('wait = nan',), check=nothing_left),
    Case('a misspelt scheduler', nothing, says=('scheduler', 'DDIMSchedular'), check=nothing_left,
         call=lambda made: Run(made['folder']/'new', make_recipe(scheduler='DDIMSchedular'))),
    Case('a misspelt backbone', nothing, says=('resnet9',), check=nothing_left,
         call=lambda made: Run(made['folder']/'new', make_recipe(backbone='resnet9'))),
    Case('a template with a field', nothing, says=('template',), check=nothing_left,
         call=lambda made: Run(made['folder']/'new', make_recipe(template='a {name}'))),
    *(Case(f'run.json: {name}', damaged('run.json', text), call=lambda made: Run(made['out']), says=('run.json',))
      for name, text in dict(list='[]', text='"a"', empty='', binary=b'\xff\x00\x01', cut='{"data": {', other='{"data": 3}',
                             nan='{"lr": NaN}', twice='{"lr": 1, "lr": 2}', types='{"training": {"epochs": "many"}, "data": {}}',
                             deep='[' * 100_000).items()),
    *(Case(f'an arm: {name}', damaged('arms/*.json', text), call=lambda made: read_result(made['place']), says=('.json',))
      for name, text in dict(list='[]', empty='', binary=b'\xff', other='{"few": 3}').items()),
    *(Case(f'steps.json, which decides nothing: {name}', damaged('steps.json', text), fails=False,
           call=lambda made: Run(made['out'], bar=False)) for name, text in dict(list='[]', cut='{', words='{"a": "b"}').items()),
    Case('arms.json is a list', damaged('arms.json', '[]'), call=lambda made: Run(made['out']).results(), says=('arms.json',)),
    Case('filter.json is empty', damaged('filter.json', ''), 'report --out {out}', fails=False, says=('filter.json',)),
    Case('an arm is cut', damaged('CE-none*.json', '{"method":'), f'run --data {{data}} --out {{out}} {FLAGS}', fails=False,
         says=('trained again',)),
]
