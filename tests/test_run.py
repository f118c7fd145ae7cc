"The whole way on a small folder of real images, twice; and what goes wrong on the way."
import dataclasses
import json
import shutil
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from discl import cli
from discl.runs import steps as steps_module
from discl.train.baselines import ldmlr
from discl.core.basics import DisclError
from discl.core.images import decode_count
from discl.data.named import fashion_lt
from discl.runs.recipe import Recipe, make_recipe, preset, setting
from discl.runs.run import RESULT_COLUMNS, Run
from discl.runs.grids import Grid, grid_results, run_grid
from discl.spectrum.store import decide
from discl.models.networks import backbone

SMALL = ['--steps', '2', '--seeds', '10,20', '--levels', '0,.5', '--pretrain-epochs', '1', '--epochs', '4', '--width', '8', '--threshold', '-1',
         '--curriculum', 'none,oversample,BS/diverse-to-specific']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root, images = tmp_path_factory.mktemp('data'), fashion_lt()
    for split, each in (('train', None), ('val', 10), ('test', 10)):
        own = images[split]
        for c in (7, 8, 9):
            n = {7: 100, 8: 60, 9: 12}[c] if split == 'train' else each
            pool = fashion_lt(1)['train'] if split == 'train' else own
            rows = np.flatnonzero(pool.labels == c)[:n]
            place = root/split/images.classes[c]
            place.mkdir(parents=True)
            for r in rows: pool.image(r).save(place/f'{r}.png')
    return root


def command(*argv): # -> keyword arguments as the command line gives them
    return cli.options('run', [str(a) for a in argv])


def test_run_and_resume(folder, tmp_path, capsys):
    given = command('--data', folder, '--out', tmp_path/'run', *SMALL)
    cli.run(**given)
    out = tmp_path/'run'
    results = pd.read_csv(out/'results.csv')
    assert tuple(results) == RESULT_COLUMNS and len(results) == 3
    assert results.few.between(0, 100).all() and results.many.isna().all()
    page = (out/'report.html').read_text()
    assert page.count('data:image/png') >= 6 and 'ImageNet-LT' in page and 'src="http' not in page
    assert pd.read_csv(out/'trial-0/hard.csv').name.unique().tolist() == ['ankle boot']
    table = Run(out, say=lambda _: None).store.samples()
    assert len(table) == 12*2*2 and table.job.is_unique
    before = {p: p.stat().st_mtime_ns for p in out.rglob('*') if p.suffix in ('.parquet', '.safetensors') or 'arms' in p.parts}
    capsys.readouterr()
    cli.run(**given)
    said = capsys.readouterr().out
    assert 'going on with an earlier run' in said and 'there already' in said and '0 images made now' in said
    assert before == {p: p.stat().st_mtime_ns for p in before}
    arms = Run(out, say=lambda _: None).results()
    assert arms.steps.nunique() == 1 and arms.samples.nunique() == 1
    assert all(len(p) == 30 for p in arms.predicted) # what `compare` shows single images by


def test_a_changed_recipe_makes_again_only_what_it_touches(folder, tmp_path):
    base = dict(data=str(folder), steps=1, seeds=(10,), levels=(0.,), threshold=-1., pretrain_epochs=1, width=8, epochs=2, arms=('CE/all-level',))
    quiet = dict(say=lambda _: None, bar=False)
    Run(tmp_path/'r', make_recipe(**base), **quiet).all()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path/'r').rglob('*') if p.suffix in ('.parquet', '.safetensors') or p.parent.name == 'arms'}
    run = Run(tmp_path/'r', make_recipe(**dict(base, epochs=3, share=.5)), **quiet)
    run.all()
    assert before == {p: p.stat().st_mtime_ns for p in before}
    assert len(list((tmp_path/'r/trial-0/arms').iterdir())) == 2 and len(run.results()) == 1
    dropped = run.scored(0).job[0]
    decide(run.store, dropped, False, 'two heels')
    run.all()
    assert run.scored(0).query('not kept').job.tolist() == [dropped] and len(list((tmp_path/'r/trial-0/arms').iterdir())) == 3 # a person's word is trained by
    victim = next((folder/'train/bag').iterdir())
    data = victim.read_bytes()
    victim.unlink()
    try: Run(tmp_path/'r', make_recipe(**base), **quiet).pretrain(0)
    finally: victim.write_bytes(data)
    assert len(list((tmp_path/'r/trial-0').glob('pretrained-*.safetensors'))) == 2


def test_two_trials_interrupted_between_generation_and_scoring(tmp_path):
    plan = make_recipe(steps=1, seeds=(10,), levels=(0., .5), threshold=-1., pretrain_epochs=1, width=8, epochs=3, validate=5, arms=('CE/none', 'CE/all-level'), trials=(0, 1))
    run = Run(tmp_path/'r', plan, say=lambda _: None, bar=False)
    for t in plan.training.trials: run.spectrum(t)
    again = Run(tmp_path/'r', say=lambda _: None, bar=False)
    again.all()
    results = again.results()
    assert len(results) == 4
    assert results.groupby('seed').steps.nunique().max() == 1 and results.groupby('seed').samples.nunique().max() == 1
    assert (results.synthetic_samples[results.curriculum == 'all-level'] > 0).all() and (results.synthetic_samples[results.curriculum == 'none'] == 0).all()


def test_low_quality_images_get_synthetic_ones_too(folder, tmp_path):
    plan = make_recipe(data=str(folder), hard_share=.1, steps=1, seeds=(10,), levels=(.5,), threshold=-1., pretrain_epochs=1, width=8, epochs=2, arms=('CE/all-level',))
    run = Run(tmp_path/'r', plan, say=lambda _: None, bar=False)
    run.all()
    assert run.results().synthetic_samples[0] == 17*2
    assert {'sneaker'} < set(pd.read_csv(tmp_path/'r/trial-0/hard.csv').name)
    other = Run(tmp_path/'r', plan.replace(never_hard=('sneaker',)), say=lambda _: None, bar=False)
    assert len(other.hard(0)) == 17 and 'sneaker' not in set(pd.read_csv(tmp_path/'r/trial-0/hard.csv').name)


def test_own_weights_are_asked_for_once(folder, tmp_path, monkeypatch):
    asked, plan = [], make_recipe(data=str(folder), steps=1, seeds=(10,), levels=(0.,), threshold=-1., pretrain_epochs=1, width=8, epochs=2, arms=('CE/none', 'CE/oversample'), pretrained=True)
    monkeypatch.setattr(steps_module, 'backbone', lambda *a, pretrained, **kw: asked.append(pretrained) or backbone(*a, **kw))
    run = Run(tmp_path/'r', plan, say=lambda _: None, bar=False)
    run.all()
    assert asked == [True, False, False]  # to pretrain from; the arms begin where that ended
    other = Run(tmp_path/'r', plan.replace(pretrained=False), say=lambda _: None)
    assert run.pretrain_key(0) != other.pretrain_key(0)


def test_nothing_kept_names_the_class(folder, tmp_path):
    plan = make_recipe(data=str(folder), steps=1, seeds=(10,), levels=(0.,), threshold=1.5, pretrain_epochs=1, width=8, epochs=2, arms=('CE/none',))
    run = Run(tmp_path/'r', plan, say=lambda _: None, bar=False)
    with pytest.raises(DisclError, match=r'no sample of ankle boot reaches the threshold 1.500 .* Lower it'): run.all()
    assert len(run.store) == 12


@pytest.mark.parametrize('changes, words', [
    (dict(levels=(0., 2.)), 'λ = 2.0'), (dict(seeds=()), 'at least one'), (dict(share=1.5), 'share = 1.5'), (dict(pretrain_epochs=0), 'pretrain_epochs = 0'), (dict(arms=('CE/hardest',)), 'unknown curriculum'), (dict(fewer_than=3), 'no class has fewer than 3'),
    (dict(prompts='nowhere.json'), 'no such file'), (dict(model='no/such/folder'), 'neither a folder nor'), (dict(epochs=2), 'do not fit into'), (dict(never_hard=('unicorn',)), 'has no class unicorn'), (dict(p=1.), 'p = 1.0: more than 0 and less than 1'), (dict(threshold=.3, arms=('CE/all-level@9',)), 'belongs a cosine similarity'), (dict(arms=('CE/all-level@9',)), 'belongs a share')])
def test_what_can_be_known_is_said_before_work(folder, tmp_path, changes, words):
    with pytest.raises(DisclError, match=words): Run(tmp_path/'r', make_recipe(data=str(folder), **changes))
    assert not (tmp_path/'r').exists()


def test_a_broken_image_is_named(folder, tmp_path, monkeypatch, capsys):
    broken = tmp_path/'data'
    shutil.copytree(folder, broken)
    victim = next((broken/'train/bag').iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    monkeypatch.setattr(sys, 'argv', ['discl', 'run', '--data', str(broken), '--out', str(tmp_path/'r')])
    with pytest.raises(SystemExit, match=f'{victim.name}: not a whole image'): cli.main()
    assert not (tmp_path/'r').exists()


def test_every_kind_of_arm_is_what_its_name_says(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(steps_module, 'ldmlr', partial(ldmlr, epochs=3, steps=20, width=16))
    plan = make_recipe(data=str(folder), steps=1, seeds=(10,), levels=(0., .5), threshold=-1., pretrain_epochs=1, width=8, epochs=5, curriculum_epochs=4, bs=16, guide=4, probe=16, trim=True, gamma=.01,
                arms=('CE/none', 'CE+CUDA/none', 'CE+LDMLR/none', 'LDAM/none', 'CE/adaptive', 'BS-stage/steepest'))
    first = Run(tmp_path/'r', plan, say=lambda _: None, bar=False)
    first.filter(0)
    scores = first.scored(0).text_score
    middle = float(scores.median())
    run = Run(tmp_path/'r', plan.replace(arms=(*plan.training.arms, f'CE/all-level@{middle}')), say=lambda _: None, bar=False)
    pools, pixels, train_arm = [], set(), Run.train_arm

    def looked_at(self, trial, arm, mixture, path):
        pools.append(sum(map(len, mixture.rows.pools.values())))
        pixels.add(id(mixture.pixels))
        return train_arm(self, trial, arm, mixture, path)
    monkeypatch.setattr(Run, 'train_arm', looked_at)
    results = {(r['method'], r['strategy']): r for r in run.train_arms(0)}
    assert pools == [len(scores)]*6 + [(scores >= middle).sum()]  # the last arm trains on what its own threshold keeps
    assert len(pixels) == 1  # and on the same pixels
    assert results['CE', 'all-level']['threshold'] == results['CE', 'all-level']['text_threshold'] == middle
    assert results['CE', 'none']['threshold'] is None and results['CE', 'none']['text_threshold'] == -1.
    assert {r['steps'] for r in results.values()} == {5*(72//16)} and len({r['shared']['start'] for r in results.values()}) == 1
    cuda, head, adaptive = results['CE+CUDA', 'none'], results['CE+LDMLR', 'none'], results['CE', 'adaptive']
    assert len(cuda['cuda_levels']) == 5 and max(map(max, cuda['cuda_levels'])) > 0 and not results['CE', 'none']['cuda_levels']
    assert head['head_steps'] == 3 and len(head['head_validation']) == 3 and head['best_validation'] == max(head['head_validation'])
    for arm in (adaptive, results['BS-stage', 'steepest']):
        probes = pd.DataFrame(arm['progress'])
        assert len(probes) == 2*2 and (probes.groupby('epoch').chosen.sum() == 1).all() and (probes.images > 0).all() == (arm is adaptive)
        for epoch, own in probes.groupby('epoch'): assert tuple(arm['stages'][epoch]['levels']) == (own.lam[own.progress.idxmax()],)
    path = next((tmp_path/'r/trial-0/arms').glob('LDAM-none-*.json'))
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | dict(shared=told['shared'] | dict(lr=.1))))
    with pytest.raises(DisclError, match='arms differ in lr'): run.train_arms(0)


def test_an_interrupted_grid_goes_on(tmp_path, monkeypatch):
    plan = preset('fashion-lt', pretrain_epochs=1, epochs=2, curriculum_epochs=1, seeds=(10,), levels=(.5,), steps=2, width=8, share=.99, validate=2)
    own, calls, train_arm = Grid(plan, ('CE/none', 'CE/all-level', 'BS/none'), seeds=1, imbalances=(50,)), [], Run.train_arm

    def interrupted(self, trial, arm, mixture, path):
        calls.append(arm.method)
        if len(calls) == 2: raise KeyboardInterrupt
        return train_arm(self, trial, arm, mixture, path)
    monkeypatch.setattr(Run, 'train_arm', interrupted)
    with pytest.raises(KeyboardInterrupt): run_grid(own, tmp_path, say=lambda _: None, bar=False)
    done = next(tmp_path.glob('ir-50/trial-0/arms/*.json'))
    before = done.stat().st_mtime_ns
    frame = run_grid(own, tmp_path, say=lambda _: None, bar=False)
    assert len(calls) == 4 and done.stat().st_mtime_ns == before  # the arm that was done is not trained again
    assert frame[['method', 'curriculum']].values.tolist() == [['CE', 'none'], ['CE', 'all-level'], ['BS', 'none']]
    assert frame.equals(grid_results(tmp_path)) and pd.read_csv(tmp_path/'results.csv').shape == frame.shape


def test_a_paper_preset_is_checked_and_counted(folder, capsys):
    cli.experiment('tables-1-3', preset='cifar-100-lt', data=str(folder), seeds=2, few=1, price=2., dry_run=True)
    said = capsys.readouterr().out
    assert '27 trainings' in said and f'at most {12*3*8} synthetic images (not counted in the time: stabilityai/' in said and 'at 2 an hour' in said
    assert 'CE/fixed:0.7' in said and 'text-only' not in said and '@0.28' in said


def test_an_image_is_decoded_once_and_its_pixels_are_held_once(folder, tmp_path):
    copy = tmp_path/'data'  # of its own, so that nothing of it is in a cache yet
    shutil.copytree(folder, copy)
    for k, path in enumerate(sorted(copy.rglob('*.png'))):
        image = np.asarray(Image.open(path)).copy()
        image[0, :3] = [[k//256, k % 256, 77]]*3
        Image.fromarray(image).save(path)
    recipe = make_recipe(data=str(copy), hard_share=.1, steps=1, seeds=(10,), levels=(0., .5), threshold=-1.,
                         pretrain_epochs=1, width=8, epochs=3, arms=('CE/none', 'CE/all-level', 'CE/all-level@0.1'))
    before = decode_count()
    run = Run(tmp_path/'r', recipe, say=lambda line: None, bar=False)
    run.all()
    images, synthetic = len(run.images(0)), len(run.store)
    assert synthetic == 2*17 and 0 < decode_count() - before <= images + synthetic
    mixture = run.mixture(0, run.scored(0))
    assert mixture.pixels.parts[0] is run.pixels(0) is run.samples(0).pixels  # pretraining, hard images and arms share them
    for row, array in enumerate(run.pixels(0).images): assert array is run.images(0)['train'].array(row)  # held by the cache


def with_field(recipe, group, default):
    "The recipe, its group with one field more"
    kind = type(recipe.groups()[group])
    longer = dataclasses.make_dataclass('Longer', [(f'added_to_{group}', int, default)], bases=(kind,), frozen=True)
    flat = {one.name: getattr(recipe.groups()[group], one.name) for one in dataclasses.fields(kind)}
    return dataclasses.replace(recipe, **{group: longer(**flat)})


def made_anew(run_folder, recipe):
    "Which kinds of files of a run are made when it is run with a recipe"
    kinds = dict(pretrain='trial-0/pretrained-*.safetensors', spectrum='spectrum/images/*', score='spectrum/scores/*',
                 arm='trial-0/arms/*')

    def there(): return {kind: set(run_folder.glob(pattern)) for kind, pattern in kinds.items()}
    before = there()
    run = Run(run_folder, recipe, say=lambda line: None, bar=False)
    run.pretrain(0)
    run.train_arms(0)
    return [kind for kind, files in there().items() if files - before[kind]]


def test_a_field_that_is_added_makes_the_right_steps_stale(folder, tmp_path):
    recipe = make_recipe(data=str(folder), steps=1, seeds=(10,), levels=(0.,), threshold=-1., pretrain_epochs=1, width=8,
                         epochs=2, arms=('CE/all-level',))
    assert made_anew(tmp_path/'r', recipe) == ['pretrain', 'spectrum', 'score', 'arm']
    assert made_anew(tmp_path/'r', recipe) == []
    assert made_anew(tmp_path/'r', with_field(recipe, 'data', 1)) == ['pretrain', 'spectrum', 'score', 'arm']
    assert made_anew(tmp_path/'r', with_field(recipe, 'generator', 1)) == ['spectrum', 'score', 'arm']
    assert made_anew(tmp_path/'r', with_field(recipe, 'filter', 1)) == ['score', 'arm']
    assert made_anew(tmp_path/'r', with_field(recipe, 'training', 1)) == ['pretrain', 'arm']
    assert made_anew(tmp_path/'r', with_field(recipe, 'training', setting(1, spares=('pretrain',)))) == ['arm']
    assert made_anew(tmp_path/'r', with_field(recipe, 'filter', setting(1, spares=('score', 'arm')))) == []
    assert made_anew(tmp_path/'r', with_field(recipe, 'training', setting(1, only='CUDA'))) == []
    assert made_anew(tmp_path/'r', recipe) == []  # what the first recipe made is still there


def test_a_run_of_the_first_version_goes_on(folder, tmp_path):
    "Settings lie side by side in its run.json, and its arms have no fields"
    recipe = make_recipe(data=str(folder), steps=1, seeds=(10,), levels=(0.,), threshold=-1., pretrain_epochs=1, width=8,
                         epochs=2, arms=('CE/none', 'CE/all-level@0.1'))
    run = Run(tmp_path/'r', recipe, say=lambda line: None, bar=False)
    run.train_arms(0)
    (tmp_path/'r/run.json').write_text(json.dumps(recipe.flat()))
    for path in (tmp_path/'r/trial-0/arms').iterdir():
        result = json.loads(path.read_text())
        old = {k: v for k, v in result.items() if k not in ('loss', 'extras', 'strategy', 'lam', 'text_threshold')}
        path.write_text(json.dumps(old | dict(threshold=result['text_threshold'])))
    again = Run(tmp_path/'r', say=lambda line: None, bar=False)
    assert again.recipe == recipe
    assert again.results().threshold.tolist()[1] == .1 and again.results().text_threshold.tolist() == [-1., .1]
    assert made_anew(tmp_path/'r', recipe) == []
