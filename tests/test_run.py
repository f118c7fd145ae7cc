"The whole way on a small folder of real images, twice; and what goes wrong on the way."
import ast
import dataclasses
import errno
import inspect
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from discl import cli
from discl.core.basics import DisclError
from discl.core.images import decode_count
from discl.data.fashion import fashion_lt
from discl.models.generators import Settings
from discl.models.networks import backbone
from discl.report.domains import DOMAIN_PARTS
from discl.report.metrics import MEASURES, MORE_MEASURES
from discl.runs import grids as grids_module, run as run_module, steps as steps_module
from discl.runs.grids import Grid, grid_results, run_grid
from discl.runs.recipe import Recipe, make_recipe, preset, setting
from discl.runs.run import REPORT_PARTS, RESULT_COLUMNS, Run
from discl.spectrum.store import Store
from discl.train.baselines import ldmlr

SMALL = ['--steps', '2', '--seeds', '10,20', '--levels', '0,.5', '--pretrain-epochs', '1', '--epochs', '4',
         '--width', '8', '--threshold', '-1', '--curriculum', 'none,oversample,BS/diverse-to-specific']
TINY = dict(steps=1, seeds=(10,), levels=(0.,), threshold=-1., pretrain_epochs=1, width=8, epochs=2)
TRAIN = {7: 100, 8: 60, 9: 12}  # class -> training images


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root, images, even = tmp_path_factory.mktemp('data'), fashion_lt(), fashion_lt(1)
    for split in ('train', 'val', 'test'):
        pool = (even if split == 'train' else images)[split]
        for label, train in TRAIN.items():
            place = root/split/images.classes[label]
            place.mkdir(parents=True)
            rows = np.flatnonzero(pool.labels == label)[:train if split == 'train' else 10]
            for row in rows: pool.image(row).save(place/f'{row}.png')
    return root


def quiet(line): pass


def open_run(place, recipe=None): return Run(place, recipe, say=quiet, bar=False)


def command(*argv):
    "Keyword arguments as the command line gives them"
    return cli.options('run', [str(part) for part in argv])


def times(place, wanted):
    "When each file was written"
    return {path: path.stat().st_mtime_ns for path in place.rglob('*') if wanted(path)}


def test_run_and_resume(folder, tmp_path, capsys):
    out = tmp_path/'run'
    given = command('--data', folder, '--out', out, *SMALL)
    cli.run(**given)
    results = pd.read_csv(out/'results.csv')
    assert tuple(results) == RESULT_COLUMNS and len(results) == 3
    assert RESULT_COLUMNS[:3 + len(MEASURES)] == ('method', 'curriculum', 'seed', *MEASURES)
    assert results[list(MORE_MEASURES)].notna().all(axis=None)
    assert results.few.between(0, 100).all() and results.many.isna().all()
    page = (out/'report.html').read_text(encoding='utf-8')
    assert page.count('data:image/png') == len(list((out/'figures').glob('*.png'))) > 0
    absent = {heading for heading, part in DOMAIN_PARTS} | {'Without a kept sample'}  # a long tail has no domains, and all have samples
    told = [heading for heading, _ in REPORT_PARTS if heading not in absent]
    assert not any(f"<h2>{heading}</h2>" in page for heading in absent)
    assert all(f"<h2>{heading}</h2>" in page for heading in told)
    assert 'ImageNet-LT' in page and 'src="http' not in page
    assert pd.read_csv(out/'trial-0/hard.csv').name.unique().tolist() == ['ankle boot']
    samples = open_run(out).store.samples()
    assert len(samples) == 12*2*2 and samples.job.is_unique

    def costly(path): return path.suffix in ('.parquet', '.safetensors') or 'arms' in path.parts
    before = times(out, costly)
    capsys.readouterr()
    cli.run(**given)
    said = capsys.readouterr().out
    assert 'going on with an earlier run' in said and 'there already' in said and '0 images made now' in said
    assert before == times(out, costly)
    arms = open_run(out).results()
    assert arms.steps.nunique() == 1 and arms.samples.nunique() == 1
    assert all(len(predicted) == 30 for predicted in arms.predicted)  # what `compare` shows single images by


def test_a_changed_recipe_makes_again_only_what_it_touches(folder, tmp_path):
    place, arms = tmp_path/'r', tmp_path/'r/trial-0/arms'
    recipe = make_recipe(data=str(folder), arms=('CE/all-level',), **TINY)

    def costly(path): return path.suffix in ('.parquet', '.safetensors') or path.parent.name == 'arms'
    open_run(place, recipe).all()
    before = times(place, costly)
    run = open_run(place, recipe.replace(epochs=3, share=.5))
    run.all()
    assert before == {path: when for path, when in times(place, costly).items() if path in before}
    assert len(list(arms.iterdir())) == 2 and len(run.results()) == 1
    dropped = run.scored(0).job[0]
    run.store.decide(dropped, False, 'two heels')
    run.all()
    assert run.scored(0).query('not kept').job.tolist() == [dropped]
    assert len(list(arms.iterdir())) == 3  # a person's word is trained by
    victim = next((folder/'train/bag').iterdir())
    data = victim.read_bytes()
    victim.unlink()
    try: open_run(place, recipe).pretrain(0)
    finally: victim.write_bytes(data)
    assert len(list((place/'trial-0').glob('pretrained-*.safetensors'))) == 2


def test_two_trials_interrupted_between_generation_and_scoring(tmp_path):
    recipe = make_recipe(arms=('CE/none', 'CE/all-level'), trials=(0, 1), validate=5,
                         **TINY | dict(levels=(0., .5), epochs=3))
    run = open_run(tmp_path/'r', recipe)
    for trial in recipe.training.trials: run.spectrum(trial)
    again = open_run(tmp_path/'r')
    again.all()
    results = again.results()
    assert len(results) == 4
    by_seed = results.groupby('seed')
    assert by_seed.steps.nunique().max() == 1 and by_seed.samples.nunique().max() == 1
    assert ((results.synthetic_samples > 0) == (results.strategy == 'all-level')).all()


def test_low_quality_images_get_synthetic_ones_too(folder, tmp_path):
    recipe = make_recipe(data=str(folder), hard_share=.1, arms=('CE/all-level',), **TINY | dict(levels=(.5,)))
    run = open_run(tmp_path/'r', recipe)
    run.all()
    assert run.results().synthetic_samples[0] == 17*2
    assert {'sneaker'} < set(pd.read_csv(tmp_path/'r/trial-0/hard.csv').name)
    other = open_run(tmp_path/'r', recipe.replace(never_hard=('sneaker',)))
    assert len(other.hard(0)) == 17 and 'sneaker' not in set(pd.read_csv(tmp_path/'r/trial-0/hard.csv').name)


def test_own_weights_are_asked_for_once(folder, tmp_path, monkeypatch):
    asked = []

    def recorded(*args, pretrained, **kwargs):
        asked.append(pretrained)
        return backbone(*args, **kwargs)
    monkeypatch.setattr(steps_module, 'backbone', recorded)
    recipe = make_recipe(data=str(folder), arms=('CE/none', 'CE/oversample'), pretrained=True,
                         backbone='resnet18', **TINY)
    run = open_run(tmp_path/'r', recipe)
    run.all()
    assert asked == [True, False, False]  # to pretrain from; the arms begin where that ended
    other = open_run(tmp_path/'r', recipe.replace(pretrained=False))
    assert run.pretrain_key(0) != other.pretrain_key(0)


def test_nothing_kept_names_the_class(folder, tmp_path):
    recipe = make_recipe(data=str(folder), arms=('CE/none',), on_empty='raise', **TINY | dict(threshold=.99))
    run = open_run(tmp_path/'r', recipe)
    words = r'no synthetic sample .* threshold of 0.990 .*ankle boot.* Lower it'
    with pytest.raises(DisclError, match=words): run.all()
    assert len(run.store) == 12


def test_nothing_kept_goes_on_with_real_images(folder, tmp_path):
    arms = ('CE/none', 'CE/oversample', 'CE/text-only', 'CE/all-level', 'CE/adaptive', 'CE/steepest')
    said, recipe = [], make_recipe(data=str(folder), arms=arms, bs=16, probe=16, **TINY | dict(threshold=.99))
    run = Run(tmp_path/'r', recipe, say=said.append, bar=False)
    run.all()
    log = '\n'.join(said)
    assert 'no synthetic sample of any class passes the filter at a threshold of 0.990' in log
    assert 'CE/adaptive: no kept sample at λ = 0; real hard images take the place' in log
    table = run.results().set_index('curriculum')
    assert table.synthetic_samples.tolist() == [0]*6 and table.steps.nunique() == 1
    assert table.real_instead.tolist() == [[], []] + [[0.]]*4
    assert table.overall['text-only'] == table.overall['oversample']  # it is the same training
    page = (run.folder/'report.html').read_text(encoding='utf-8')
    assert 'Of 1 of 1 hard classes no synthetic image was kept' in page
    assert page.count('<td>0</td>') >= 4 and 'trained on real hard images in their place' in page


@pytest.mark.parametrize('changes, words', [
    (dict(levels=(0., 2.)), 'levels = 2.0: at most 1'),
    (dict(seeds=()), 'at least one'),
    (dict(trials=()), 'no trial'),
    (dict(share=1.5), 'share = 1.5'),
    (dict(p=1.), 'p = 1.0: more than 0 and less than 1'),
    (dict(pretrain_epochs=0), 'pretrain_epochs = 0'),
    (dict(arms=('CE/hardest',)), 'unknown curriculum'),
    (dict(arms=('CE/all-level@9',)), 'belongs a share'),
    (dict(threshold=.3, arms=('CE/all-level@9',)), 'belongs a cosine similarity'),
    (dict(fewer_than=3), 'no class has fewer than 3'),
    (dict(never_hard=('unicorn',)), 'has no class unicorn'),
    (dict(epochs=2), 'do not fit into'),
    (dict(prompts='nowhere.json'), 'no such file'),
    (dict(schedule='line'), "unknown schedule 'line'.*known are cosine"),
    (dict(model='no/such/folder'), 'neither a folder nor'),
    (dict(speed=3), "unknown setting 'speed'")])
def test_what_can_be_known_is_said_before_work(folder, tmp_path, changes, words):
    with pytest.raises(DisclError, match=words): open_run(tmp_path/'r', make_recipe(data=str(folder), **changes))
    assert not (tmp_path/'r').exists()


def test_a_broken_image_is_named(folder, tmp_path, monkeypatch, capsys):
    broken = tmp_path/'data'
    shutil.copytree(folder, broken)
    victim = next((broken/'train/bag').iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    monkeypatch.setattr(sys, 'argv', ['discl', 'run', '--data', str(broken), '--out', str(tmp_path/'r')])
    with pytest.raises(SystemExit, match=f'{victim.name}: not a whole image'): cli.main()
    assert not (tmp_path/'r').exists()


@pytest.fixture(scope='module')
def every_kind(folder, tmp_path_factory):
    "A run with every kind of arm, of which the last has a filter of its own: run, results, and what the arms saw"
    place = tmp_path_factory.mktemp('every kind')
    arms = ('CE/none', 'CE+CUDA/none', 'CE+LDMLR/none', 'LDAM/none', 'CE/adaptive', 'BS-stage/steepest')
    measuring = dict(guide=4, probe=16, trim=True, gamma=.01)
    settings = TINY | dict(levels=(0., .5), epochs=5, curriculum_epochs=4, bs=16) | measuring
    recipe = make_recipe(data=str(folder), arms=arms, **settings)
    scores = open_run(place, recipe).filter(0).text_score
    run = open_run(place, recipe.replace(arms=(*arms, f'CE/all-level@{float(scores.median())}')))
    train_arm, mixtures = Run.train_arm, []

    def looked_at(self, trial, arm, mixture, path):
        mixtures.append(mixture)
        return train_arm(self, trial, arm, mixture, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_module, 'ldmlr', partial(ldmlr, epochs=3, steps=20, width=16))
        patch.setattr(Run, 'train_arm', looked_at)
        results = {(result['method'], result['strategy']): result for result in run.train_arms(0)}
    return run, results, mixtures, scores


def test_an_arm_trains_on_what_its_own_filter_keeps(every_kind):
    _, results, mixtures, scores = every_kind
    kept = [sum(map(len, mixture.rows.pools.values())) for mixture in mixtures]
    middle = float(scores.median())
    assert kept == [len(scores)]*6 + [(scores >= middle).sum()]
    assert len({id(mixture.pixels) for mixture in mixtures}) == 1  # rows of the same pixels
    last, first = results['CE', 'all-level'], results['CE', 'none']
    assert last['threshold'] == last['text_threshold'] == middle
    assert first['threshold'] is None and first['text_threshold'] == -1.


def test_every_kind_of_arm_is_what_its_name_says(every_kind):
    _, results, _, _ = every_kind
    assert {result['steps'] for result in results.values()} == {5*(72//16)}
    assert len({result['shared']['start'] for result in results.values()}) == 1
    levels = results['CE+CUDA', 'none']['cuda_levels']
    assert len(levels) == 5 and max(map(max, levels)) > 0 and not results['CE', 'none']['cuda_levels']
    head = results['CE+LDMLR', 'none']
    assert head['head_steps'] == len(head['head_validation']) == 3
    assert head['best_validation'] == max(head['head_validation'])


@pytest.mark.parametrize('arm', [('CE', 'adaptive'), ('BS-stage', 'steepest')])
def test_what_is_measured_chooses_the_level(every_kind, arm):
    result = every_kind[1][arm]
    probes = pd.DataFrame(result['progress'])
    assert len(probes) == 2*2 and (probes.groupby('epoch').chosen.sum() == 1).all()
    assert (probes.images > 0).all() == (arm == ('CE', 'adaptive'))
    for epoch, measured in probes.groupby('epoch'):
        assert result['stages'][epoch]['levels'] == (measured.lam[measured.progress.idxmax()],)


def test_arms_that_differ_in_more_than_their_name_are_an_error(every_kind):
    run = every_kind[0]
    path = next((run.folder/'trial-0/arms').glob('LDAM-none-*.json'))
    told = json.loads(path.read_text(encoding='utf-8'))
    path.write_text(json.dumps(told | dict(shared=told['shared'] | dict(lr=.1))), encoding='utf-8')
    try:
        with pytest.raises(DisclError, match='arms differ in lr'): run.train_arms(0)
    finally: path.write_text(json.dumps(told), encoding='utf-8')


def test_an_interrupted_grid_goes_on(tmp_path, monkeypatch):
    recipe = preset('fashion-lt', pretrain_epochs=1, epochs=2, curriculum_epochs=1, seeds=(10,), levels=(.5,), steps=2,
                    width=8, share=.99, validate=2)
    grid = Grid(recipe, ('CE/none', 'CE/all-level', 'BS/none'), seeds=1, imbalances=(50,))
    calls, train_arm = [], Run.train_arm

    def interrupted(self, trial, arm, mixture, path):
        calls.append(arm.method)
        if len(calls) == 2: raise KeyboardInterrupt
        return train_arm(self, trial, arm, mixture, path)
    monkeypatch.setattr(Run, 'train_arm', interrupted)
    with pytest.raises(KeyboardInterrupt): run_grid(grid, tmp_path, say=quiet, bar=False)
    done = next(tmp_path.glob('ir-50/trial-0/arms/*.json'))
    before = done.stat().st_mtime_ns
    results = run_grid(grid, tmp_path, say=quiet, bar=False)
    assert len(calls) == 4 and done.stat().st_mtime_ns == before  # the arm that was done is not trained again
    assert results[['loss', 'strategy']].values.tolist() == [['CE', 'none'], ['CE', 'all-level'], ['BS', 'none']]
    assert results.equals(grid_results(tmp_path)) and pd.read_csv(tmp_path/'results.csv').shape == results.shape


def test_a_paper_preset_is_checked_and_counted(folder, capsys):
    small = dict(data=str(folder), bs=16, probe=16)  # which an adaptive arm has room for
    cli.experiment('tables-1-3', preset='cifar-100-lt', seeds=2, few=1, price=2., dry_run=True, **small)
    said = capsys.readouterr().out
    assert '27 trainings' in said and 'at 2 an hour' in said
    assert f'at most {12*3*8} synthetic images (not counted in the time: stabilityai/' in said
    assert 'CE/fixed:0.7' in said and 'text-only' not in said and '@0.28' in said


def renewed(folder, place):
    "A copy of a data folder whose every image is another one, so that nothing of it is in a cache yet"
    shutil.copytree(folder, place)
    for k, path in enumerate(sorted(place.rglob('*.png'))):
        image = np.array(Image.open(path))
        image[0, :3] = [[k//256, k % 256, 77]]*3
        Image.fromarray(image).save(path)
    return place


def test_an_image_is_decoded_once_and_its_pixels_are_held_once(folder, tmp_path):
    data = renewed(folder, tmp_path/'data')
    arms = ('CE/none', 'CE/all-level', 'CE/all-level@0.1')
    recipe = make_recipe(data=str(data), hard_share=.1, arms=arms, **TINY | dict(levels=(0., .5), epochs=3))
    before = decode_count()
    run = open_run(tmp_path/'r', recipe)
    run.all()
    images, synthetic = len(run.images(0)), len(run.store)
    assert synthetic == 2*17 and 0 < decode_count() - before <= images + synthetic
    mixture = run.mixture(0, run.scored(0))
    assert mixture.pixels.parts[0] is run.pixels(0) is run.samples(0).pixels  # for pretraining, hard images and arms
    train_set = run.images(0)['train']
    for row, array in enumerate(run.pixels(0).images): assert array is train_set.array(row)  # the cache's own
    cached = run.store.images(mixture.names[mixture.real:])
    for array, held in zip(mixture.pixels.parts[1].images, cached, strict=True): assert array is held


def with_field(recipe, group, default):
    "The recipe, its group with one field more"
    old = recipe.groups()[group]
    added = [(f'added_to_{group}', int, default)]
    longer = dataclasses.make_dataclass('Longer', added, bases=(type(old),), frozen=True)
    values = {one.name: getattr(old, one.name) for one in dataclasses.fields(old)}
    return dataclasses.replace(recipe, **{group: longer(**values)})


MADE = dict(pretrain='trial-0/pretrained-*.safetensors', spectrum='spectrum/images/*', score='spectrum/scores/*',
            arm='trial-0/arms/*')  # step -> the files it makes


def made_anew(place, recipe):
    "Which steps make files when a run goes on with a recipe"
    def there(): return {step: set(place.glob(pattern)) for step, pattern in MADE.items()}
    before = there()
    run = open_run(place, recipe)
    run.pretrain(0)
    run.train_arms(0)
    return [step for step, files in there().items() if files - before[step]]


def test_a_field_that_is_added_makes_the_right_steps_stale(folder, tmp_path):
    recipe = make_recipe(data=str(folder), arms=('CE/all-level',), **TINY)
    anew = partial(made_anew, tmp_path/'r')
    assert anew(recipe) == ['pretrain', 'spectrum', 'score', 'arm']
    assert anew(recipe) == []
    assert anew(with_field(recipe, 'data', 1)) == ['pretrain', 'spectrum', 'score', 'arm']
    assert anew(with_field(recipe, 'generator', 1)) == ['spectrum', 'score', 'arm']
    assert anew(with_field(recipe, 'filter', 1)) == ['score', 'arm']
    assert anew(with_field(recipe, 'training', 1)) == ['pretrain', 'arm']
    assert anew(with_field(recipe, 'training', setting(1, spares=('pretrain',)))) == ['arm']
    assert anew(with_field(recipe, 'filter', setting(1, spares=('score', 'arm')))) == []
    assert anew(with_field(recipe, 'training', setting(1, only='CUDA'))) == []
    assert anew(recipe) == []  # what the first recipe made is still there


def settings_read(module):
    "Settings that a module's code asks a recipe, or a group of it, for"
    groups = ('recipe', *(group.name for group in dataclasses.fields(Recipe)))
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.Attribute): continue
        owner = node.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, 'id', '')
        if name in groups: found.add(node.attr)
    return found


def test_every_setting_is_read():
    "An option that nobody reads would be offered by the command line and do nothing"
    read = set().union(*map(settings_read, (steps_module, run_module, grids_module)))
    read |= {one.name for one in dataclasses.fields(Settings)}  # which `generator_settings` reads by name
    for group in Recipe().groups().values():
        unread = {one.name for one in dataclasses.fields(group)} - read - {'arms'}  # which `parsed_arms` reads
        assert not unread, f'{type(group).__name__}: nobody reads {", ".join(sorted(unread))}'


def test_a_run_of_the_first_version_goes_on(folder, tmp_path):
    "Settings lie side by side in its run.json, and its arms lack fields and a measure"
    recipe = make_recipe(data=str(folder), arms=('CE/none', 'CE/all-level@0.1'), **TINY)
    open_run(tmp_path/'r', recipe).train_arms(0)
    (tmp_path/'r/run.json').write_text(json.dumps(recipe.flat()), encoding='utf-8')
    for path in (tmp_path/'r/trial-0/arms').iterdir():
        result = json.loads(path.read_text(encoding='utf-8'))
        for name in ('loss', 'extras', 'strategy', 'lam', 'worst_class'): del result[name]
        path.write_text(json.dumps(result | dict(threshold=result.pop('text_threshold'))), encoding='utf-8')
    run = open_run(tmp_path/'r')
    assert run.recipe == recipe
    run.results()
    assert pd.read_csv(tmp_path/'r/results.csv').worst_class.isna().all()  # a measure that is newer than the arms
    assert run.results().threshold.tolist()[1] == .1 and run.results().text_threshold.tolist() == [-1., .1]
    assert made_anew(tmp_path/'r', recipe) == []


@contextmanager
def no_room(size):
    "No file may grow beyond so many bytes, as on a disk that is full"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try: yield
    finally: resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only():
    "No file can be put in its place, as on a disk that is read-only"
    def refused(*paths): raise OSError(errno.EROFS, 'Read-only file system')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('os.replace', refused)
        yield


METHODS = dict(pretraining='pretrain', hard='hard', spectrum='spectrum', filter='filter', arms='train_arms')


def in_phase(phase, run):
    "What a phase does, of a run that is open"
    return run.report() if phase == 'report' else getattr(run, METHODS[phase])(0)


def test_a_disk_without_room_is_a_sentence_in_every_phase(folder, tmp_path):
    recipe = make_recipe(data=str(folder), arms=('CE/none',), **TINY)
    place, troubles = tmp_path/'r', (partial(no_room, 0), partial(no_room, 400), read_only)
    for trouble in troubles:
        with trouble(), pytest.raises(DisclError, match='size limit|read-only'): open_run(place, recipe).pretrain(0)
    for phase in (*METHODS, 'report'):
        for trouble in troubles:
            run = open_run(place, recipe)
            with trouble(), pytest.raises(DisclError, match='size limit|read-only'): in_phase(phase, run)
        in_phase(phase, open_run(place, recipe))  # the same command goes on
    assert len(open_run(place).store) == 12 and open_run(place).store.verify()['broken'] == []
    assert not list(place.rglob('*.part'))


def typed(*argv, **more):
    "A `discl` of its own"
    code = 'from discl.cli import main; main()'
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return subprocess.Popen([sys.executable, '-c', code, *map(str, argv)], **pipes, **more)


def counted(process):
    "What the bar of a process has counted, once it has begun to"
    said = ''
    while not re.search(r'\| [1-9]\d*/\d+ \[', said):
        piece = os.read(process.stderr.fileno(), 4096)
        if not piece: break
        said += piece.decode(errors='replace')
    return said


def test_a_command_that_is_asked_to_end_keeps_what_its_bar_counted(folder, tmp_path):
    seeds = ','.join(map(str, range(60)))
    process = typed('run', '--data', folder, '--out', tmp_path/'r', '--steps', 8, '--levels', 0, '--seeds', seeds,
                    '--width', 8, '--pretrain-epochs', 1, '--epochs', 2, '--threshold', -1, '--batch', 4,
                    '--compiled', 0, '--curriculum', 'none')
    said = counted(process)
    process.terminate()
    said += process.communicate()[1].decode(errors='replace')
    assert process.returncode == 128 + signal.SIGTERM and 'stopped. What is finished is kept' in said, said[-2000:]
    assert 'Traceback' not in said
    made = max(map(int, re.findall(r'\| (\d+)/\d+ \[', said)))
    assert 0 < made <= len(Store(tmp_path/'r/spectrum')) < 720
    plain = typed('store', '--help', env=os.environ | dict(PYTHONIOENCODING='ascii'))
    out, err = plain.communicate()
    assert plain.returncode == 0 and b'?' in out and not err  # λ, which this terminal has no letter for
    unread = typed('store', 'ls', tmp_path/'r')
    unread.stdout.close()  # as `head` does
    assert b'Traceback' not in unread.stderr.read() and unread.wait() in (0, 141)
