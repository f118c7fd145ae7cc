"Recipes and folders of runs that are not what they should be"
import atexit
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
    atexit.register(shutil.rmtree, home, ignore_errors=True)
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
        arm = {name: value for name, value in arm.items() if value is not None}
        place.write_text(json.dumps(arm), encoding='utf-8')
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


def opened(made): return Run(made['out'], bar=False)


def results(made): return Run(made['out'], stored_only=True).results()


def result(made): return read_result(made['place'])


def is_new(**options):
    "Opening a new run, with options of the run's own"
    def call(made): return Run(made['folder']/'new', make_recipe(), **options)
    return call


def files(kind, name, call, texts, **expected):
    "A case for each text that a file of a run may hold"
    return [Case(f'{kind}: {word}', damaged(name, text), call=call, **expected) for word, text in texts.items()]


RUN, REPORT = f'run --data {{data}} --out {{out}} {FLAGS}', 'report --out {out}'
PLAIN = dict(data=Path('birds'), trials=range(2), seeds=np.arange(3), levels=np.array([0, .5]), lr=np.float32(.5))
NO_RECIPE = dict(
    list='[]', text='"a"', empty='', binary=b'\xff\x00\x01', cut='{"data": {', other='{"data": 3}', nan='{"lr": NaN}',
    twice='{"lr": 1, "lr": 2}', types='{"training": {"epochs": "many"}, "data": {}}', deep='['*100_000)
ODD_FIELDS = dict(few=None, shared=None, stages='all', overall='good', settings=3, steps=1.5, validation={})
ODD_INDEX = dict(number='{"arms": {"a": 5}}', list='{"arms": ["a"]}', text='{"arms": "a"}', nothing='[]')

REFUSED_SETTINGS = [
    ('trials as a string', dict(trials='012')), ('arms as a string', dict(arms='none')),
    ('levels as a string', dict(levels='0,.1')), ('seed below zero', dict(seeds=(-1,))),
    ('seed too large', dict(seeds=(2**70,))), ('trial too large', dict(trials=(2**40,))),
    ('a truth value as a number', dict(epochs=True)), ('a number as a truth value', dict(flip=1)),
    ('NaN guidance', dict(guidance_scale=float('nan'))), ('infinite guidance', dict(guidance_scale=float('inf'))),
    ('NaN in NumPy', dict(threshold=np.float64('nan'))), ('sizes of three numbers', dict(size=(8, 8, 8))),
    ('size zero', dict(size=(0, 0))), ('size too large', dict(size=(100_000, 100_000))),
    ('unknown on_bad', dict(on_bad='maybe')), ('unknown on_leak', dict(on_leak='maybe')),
    ('unknown on_conflict', dict(on_conflict='')), ('no levels', dict(levels=())),
    ('epochs without end', dict(epochs=10**12)), ('a zero byte in a path', dict(data='a\0b')),
    ('an undecodable path', dict(data=os.fsdecode(b'caf\xe9'))), ('a level twice', dict(levels=(0., 0.))),
    ('a set of seeds', dict(seeds={1, 2})), ('a table of levels', dict(levels=np.zeros((2, 2)))),
]
REFUSED_BEFORE_WORK = dict(
    adaptive=dict(arms=('CE/none', 'CE/adaptive'), bs=8, probe=10**6), vit_b_16=dict(backbone='vit_b_16'),
    resnet9=dict(backbone='resnet9'), schedule=dict(schedule='cosin'), pretrained=dict(pretrained=True),
    clip=dict(clip='no/such/clip'), prompts=dict(prompts='no-such-prompts.json'), twice=dict(arms=('none', 'CE/none')),
    UNet2DModel=dict(scheduler='UNet2DModel'), DDIMSchedular=dict(scheduler='DDIMSchedular'),
    fixed=dict(arms=('none', 'fixed:0.7')), template=dict(template='a {name}'),
)  # a word of the sentence -> settings of a new run, whose folder is not made

CASES = [
    Case('classes with odd names', odd_names, RUN, fails=False, check=names_are_kept),
    Case('a class is added, and the run goes on', more_classes, RUN, fails=False, check=names_hold,
         says=('class list has changed', 'added ant')),
    Case('a class is added, and only the report is asked for', more_classes, REPORT, fails=False, check=old_page,
         says=('left out', 'added ant')),
    Case('the images are gone, and the report is asked for', no_data, REPORT, fails=False, check=old_page,
         says=('left out',)),
    Case('paths, ranges and NumPy numbers are plain values', nothing, fails=False,
         call=lambda made: json.dumps(make_recipe(**PLAIN).flat())),
    Case('a recipe of another version', nothing, says=('x/run.json', 'shuffle', 'this is discl'),
         call=lambda made: recipe_from(dict(data=dict(shuffle=3)), 'x/run.json')),
    *(recipe_case(name, **settings) for name, settings in REFUSED_SETTINGS),
    *(Case(f'refused before work: {word}', small_data, call=begins(**settings), says=(word,), check=nothing_left)
      for word, settings in REFUSED_BEFORE_WORK.items()),
    Case('batch zero', nothing, call=is_new(batch=0), says=('batch = 0',), check=nothing_left),
    Case('waiting NaN', nothing, call=is_new(wait=float('nan')), says=('wait = nan',), check=nothing_left),
    *files('run.json', 'run.json', opened, NO_RECIPE, says=('run.json',)),
    *files('an arm', 'arms/*.json', result, dict(list='[]', empty='', binary=b'\xff', other='{"few": 3}'),
           says=('.json',)),
    *files('arms.json', 'arms.json', results, ODD_INDEX, says=('arms.json',)),
    *files('steps.json, which decides nothing', 'steps.json', opened, dict(list='[]', cut='{', words='{"a": "b"}'),
           fails=False),
    *files('classes.json, which is written anew', 'classes.json', opened, dict(list='[]', empty=''), fails=False,
           says=('written anew',)),
    *(Case(f'an arm whose {name} is {value!r}', changed(**{name: value}), call=result, says=(name,))
      for name, value in ODD_FIELDS.items()),
    Case('a NaN that an older version wrote', changed(few=float('nan')), call=result, fails=False),
    Case('kept.csv lacks columns', damaged('kept.csv', 'job,name\na,cat\n'), REPORT, says=('kept.csv: damaged',)),
    Case('filter.json is empty', damaged('filter.json', ''), REPORT, fails=False, says=('filter.json',)),
    Case('filter.json has other fields', damaged('filter.json', '{"threshold": "high"}'), REPORT, fails=False,
         says=('filter.json',)),
    Case('an arm is cut', damaged('CE-none*.json', '{"method":'), RUN, fails=False, says=('trained again',)),
]
