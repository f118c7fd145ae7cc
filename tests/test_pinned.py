"""What discl gives today, pinned: a change of the code's shape must not change a result.

`python tests/test_pinned.py --write` wrote pinned.npz (pixels) and pinned.json (all else), once, before the library
was reorganised. Do not write them again to make this test pass. `--report` prints the largest deviation of each kind.
Arms train in float64 on the pinned pixels, so that losses are the same on every processor.

The part `run` was written anew (`--write run`) when a real image got its identity from its decoded pixels, where it
was the hash of its file, and rows of the training table came to be ordered by that identity and by job, where they
came as files and shards did. A picture's identity is in the names of its jobs, and these seed the noise: so the pixels
that this run paints, the order of its rows, and every loss and accuracy are others. It was shown first that nothing
else had changed: with the identities of files and the old order put back by hand, all that was pinned came out with a
deviation of 0, except that a run now also keeps classes.json. The part `presets` was written anew when the presets were
checked against the paper's Table 8 value by value (tests/test_presets_dry.py). All other parts are as they were at first.
"""
import hashlib
import json
import re
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner
from PIL import Image

# ---- Part 1, the adapter: the only lines that know discl's names. A reorganisation changes these, and nothing below.

from discl import curriculum
from discl.core import decode_image
from discl.data import fashion_lt, fashion_prompts, few_shot
from discl.models import EMBEDDED, Clip, Settings
from discl.runs import GRIDS, Run, grid, grid_results, make_recipe, preset, presets
from discl.runs import steps as steps_module
from discl.spectrum import Scorer, Store, generate, list_jobs
from discl.train import ldmlr

SETTINGS = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')


def image_sets(imbalance=100):
    "The embedded images; an imbalance of 1 leaves every class as large as the largest"
    return fashion_lt(imbalance, 0)


def class_images(images, split, label, n):
    "The first n PIL images of a class in a split"
    own = images[split]
    return [own.image(row) for row in np.flatnonzero(own.labels == label)[:n]]


def three_hard_sources():
    "The first three hard images of fashion-lt"
    hard = few_shot(image_sets())
    return hard[hard.items.id[:3]]


def planned(sources, levels, seeds):
    "Every image to be painted, as a table with the column `job`"
    return list_jobs(sources, fashion_prompts(), levels, seeds, EMBEDDED, SETTINGS)


def painted(jobs, sources, folder):
    "Pixels of the jobs, in their order: uint8 (jobs, height, width, 3)"
    store = Store(folder)
    generate(jobs, sources, store, EMBEDDED, SETTINGS, batch=8, bar=False, compiled=False, say=lambda line: None)
    images = store.samples(images=True, jobs=jobs.job).set_index('job').image[jobs.job]
    return np.stack([np.asarray(decode_image(i)) for i in images])


def clip_scores(jobs, sources, pixels):
    "What CLIP says of pixels: text scores, image scores"
    scores = Scorer(Clip(dtype='float32'), sources)(jobs, list(pixels))
    return scores.text_score.to_numpy(), scores.image_score.to_numpy()


def strategy_names():
    "Every strategy, with its level where it takes one"
    return [f'{name}:0.3' if kind.takes_level else name for name, kind in curriculum.STRATEGIES.items()]


def stage_of(name, levels, epochs, seed, epoch, history):
    "The stage that a strategy chooses for an epoch; the last epoch has no curriculum"
    return curriculum.strategy_of(name, levels, epochs, epochs - 1, seed=seed).stage(epoch, history)


STAGE_FIELDS = ('levels', 'real_tail', 'oversample')  # of a stage when these values were pinned


def stage_fields(stage):
    "A stage as JSON has it"
    return dict(levels=list(stage.levels), real_tail=stage.real_tail, oversample=stage.oversample)


def rows_of_epoch(stage, nontail, tail, pools, r, p, rng):
    "What an epoch trains on"
    by_class = nontail[::2], nontail[1::2], tail
    return curriculum.epoch_list(stage, curriculum.TrainingRows(nontail, tail, pools, by_class), r, p, rng)


def guidance(owner, labels, nontail, tail, pools, most, rng):
    "The rows that progress is measured on, and (nontail, tail, pools) of what is left"
    rows = curriculum.TrainingRows(nontail, tail, pools)
    guide = curriculum.guidance_set(owner, labels, rows, most, rng)
    left = curriculum.set_aside(guide, owner, rows)
    return guide, (left.nontail, left.tail, left.pools)


def small_run(folder, data, arms):
    "A run that takes seconds"
    settings = make_recipe(
        data=str(data), arms=tuple(arms), trials=(0,), seeds=(10, 20), levels=(0., .5), steps=2, size=(32, 32),
        dtype='float32', threshold=-1., pretrain_epochs=2, epochs=4, curriculum_epochs=3, width=8, bs=16, r=.5,
        validate=40, guide=4, probe=16, gamma=.25, image_size=16)
    return Run(folder, settings, say=lambda line: None, bar=False, batch=8, compiled=False)


def pretrained(run):
    "Train what every arm starts from"
    run.pretrain(0)


def painted_by(run):
    "What the run paints, before any arm is trained: pixels, and their text scores"
    frame = run.filter(0)
    images = run.store.samples(images=True, jobs=frame.job).set_index('job').image[frame.job]
    return np.stack([np.asarray(decode_image(i)) for i in images]), frame.text_score.to_numpy()


def with_arms(run, arms):
    "The same run with other arms"
    return Run(run.folder, run.recipe.replace(arms=tuple(arms)), say=run.say, **run.generating)


def outcomes(run, snapped):
    "Train the run's arms in their order, on the painted images as `snapped` gives them; of each, what is pinned"
    small = partial(ldmlr, epochs=3, steps=20, width=16)
    images = Store.images

    def snapped_images(self, jobs): return [np.asarray(snapped(Image.fromarray(i))) for i in images(self, jobs)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_module, 'ldmlr', small)
        patch.setattr(Store, 'images', snapped_images)
        return [dict(accuracies=[r[g] for g in ('many', 'medium', 'few', 'overall')], steps=r['steps'],
                     head_steps=r['head_steps'], cuda_levels=r['cuda_levels'],
                     stages=[{name: stage[name] for name in STAGE_FIELDS} for stage in r['stages']])
                for r in run.train_arms(0)]


def results_file(run):
    "results.csv of a run whose arms are trained"
    run.results()
    return run.folder/'results.csv'


def grid_columns(folder):
    "Columns of the cells of a folder of runs"
    return list(grid_results(folder))


def preset_fields():
    "Every preset's settings: name -> field -> value"
    return {name: preset(name, data='somewhere').flat() for name in presets()}


def grid_rows():
    "Every run of every grid of fashion-lt: folder, trials and arms"
    def row(folder, recipe): return [folder, recipe.data.data, recipe.training.trials, recipe.training.arms]
    return {name: [row(*run) for run in grid(name, preset('fashion-lt')).runs()] for name in GRIDS}


# ---- Part 2: what is pinned, and how it is compared.

HERE = Path(__file__).resolve().parent
PIXELS, FACTS = HERE/'pinned.npz', HERE/'pinned.json'
LIMITS = {'grey levels': 2, 'CLIP scores': 1e-4, 'losses (relative)': 1e-3, 'accuracies (points)': .6, 'exact': 0}
FIRST = 20  # training losses that are compared
ARMS = ['CE/none', 'CE/oversample', 'BS/diverse-to-specific', 'BS-stage/steepest', 'CW/all-level', 'focal/random',
        'LDAM/none', 'CE/text-only', 'CE/fixed:0.5', 'CE/specific-to-diverse', 'CE/adaptive', 'CE+CUDA/none',
        'CE+LDMLR/none', 'CE+mixup/none', 'CE+cutmix/none', 'CE+randaugment/none', 'CE+trivialaugment/none',
        'CE+erasing/none']


def digest(rows):
    "Twelve digits that name a list of rows"
    return hashlib.sha256(np.asarray(rows, '<i8').tobytes()).hexdigest()[:12]


def plain(value):
    "A value as it is after JSON"
    return json.loads(json.dumps(value))


@contextmanager
def everywhere_alike():
    "One thread of a processor without bfloat16, and no accelerator, whatever this machine has"
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for place, name in ((torch.cuda, 'is_available'), (torch.backends.mps, 'is_available'),
                            (torch.cpu, '_is_amx_tile_supported'), (torch.cpu, '_is_avx512_bf16_supported')):
            patch.setattr(place, name, lambda: False, raising=False)
        torch.set_num_threads(1)
        try: yield
        finally: torch.set_num_threads(threads)


@contextmanager
def double_precision():
    "Training in float64: in float32 another processor's rounding grows to percents of a loss within twenty steps"
    single = torch.get_default_dtype()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, 'float', torch.Tensor.double)
        patch.setattr(torch, 'float32', torch.float64)
        torch.set_default_dtype(torch.float64)
        try: yield
        finally: torch.set_default_dtype(single)


def snap(image, pixels):
    "The pinned image that a painted one is but for rounding, if there is one: then rounding does not reach training"
    gaps = np.abs(pixels.astype(int) - np.asarray(image)).max((1, 2, 3))
    return Image.fromarray(pixels[gaps.argmin()]) if gaps.min() <= LIMITS['grey levels'] else image


class EachLoss(Callback):
    "Keeps the loss of each training batch"
    def __init__(self): self.values = []
    def after_batch(self):
        if self.training: self.values.append(float(self.loss.detach()))


@contextmanager
def recorded_losses():
    "Gives a list that gets one list of losses for each fit"
    fits, fit = [], Learner.fit

    def recording(self, *args, cbs=(), **kwargs):
        recorder = EachLoss()
        fits.append(recorder.values)
        return fit(self, *args, cbs=[*cbs, recorder], **kwargs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, 'fit', recording)
        yield fits


def images_today(folder, pinned_pixels=None):
    "24 jobs, painted and scored; the pinned pixels are what is scored, where there are any"
    sources = three_hard_sources()
    jobs = planned(sources, (0., .1, .5, .9), (10, 20))
    pixels = painted(jobs, sources, Path(folder)/'spectrum')
    text, image = clip_scores(jobs, sources, pixels if pinned_pixels is None else pinned_pixels)
    return pixels, dict(jobs=jobs.job.tolist(), text_scores=text.tolist(), image_scores=image.tolist())


def planted():
    "200 non-tail rows, 12 tail rows, and 30 rows for each of four levels"
    nontail, tail, levels = np.arange(200), np.arange(200, 212), (0., .1, .3, .5)
    pools = {level: np.arange(212 + 30*k, 242 + 30*k) for k, level in enumerate(levels)}
    return nontail, tail, pools


def planted_history(epoch):
    "What was measured before an epoch, a measurement every third: another level wins each time"
    return [{level: float(k == turn % 4) for k, level in enumerate((.3, 0., .5, .1))} for turn in range(epoch//3 + 1)]


def lists_today():
    "Each strategy's stages and lists, epoch by epoch"
    nontail, tail, pools = planted()
    made = {}
    for name in strategy_names():
        for seed in (0, 3):
            for epoch in range(13):
                stage = stage_of(name, tuple(pools), 13, seed, epoch, planted_history(epoch))
                rows = rows_of_epoch(stage, nontail, tail, pools, .3, .3, np.random.default_rng([seed, epoch]))
                made[f'{name}, seed {seed}, epoch {epoch}'] = dict(stage=stage_fields(stage), rows=digest(rows))
    return made


def guidance_today():
    "The guidance set of the planted rows, and what it leaves"
    nontail, tail, pools = planted()
    sources = [f'image {row}' for row in (*nontail, *tail)]
    owner = np.array(sources + [sources[200 + row % 12] for row in range(30)]*4)
    labels = np.r_[np.arange(200) % 4, np.repeat([4, 5], 6), np.tile(4 + np.arange(30) % 12//6, 4)]
    made = {}
    for seed in (0, 3):
        rng = np.random.default_rng(seed)
        guide, (no_tail, few, rest) = guidance(owner, labels, nontail, tail, pools, 4, rng)
        parts = dict(guide=guide, nontail=no_tail, tail=few) | {f'pool {level}': rest[level] for level in sorted(rest)}
        made[f'seed {seed}'] = {part: digest(rows) for part, rows in parts.items()}
    return made


def write_data(folder):
    "Three classes, many-, medium- and few-shot, as BMP files: their bytes do not depend on a compressor"
    long_tail, even = image_sets(), image_sets(1)
    for label, name, train in ((7, 'sneaker', 50), (8, 'bag', 110), (9, 'boot', 12)):
        for split, n in (('train', train), ('val', 40), ('test', 200)):
            place = folder/split/name
            place.mkdir(parents=True)
            source = even if split == 'train' else long_tail
            for k, image in enumerate(class_images(source, split, label, n)): image.save(place/f'{k}.bmp')
    return folder


def middle_gap(scores):
    "A threshold that rounding does not move: in the widest gap of the middle third"
    ordered = np.sort(scores)
    low = len(ordered)//3
    own = ordered[low:2*low + 1]
    k = np.diff(own).argmax()
    return round(float((own[k] + own[k + 1])/2), 4)


def file_names(folder):
    "Files of a run with # for whatever hash is in a name, and how many arms there are"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()]
    short = sorted({re.sub(r'[0-9a-f]{10,}', '#', name) for name in names})
    return dict(names=short, arms=sum('/arms/' in name for name in names))


def run_today(folder, pixels=None, threshold=None):
    "A small run with every kind of arm, and what it painted; the last arm has its own threshold"
    data, home = write_data(Path(folder)/'data'), Path(folder)/'runs'
    first = small_run(home/'one', data, ARMS)
    with double_precision(): pretrained(first)
    now, scores = painted_by(first)
    if threshold is None: threshold = middle_gap(scores)
    snapped = partial(snap, pixels=now if pixels is None else pixels)
    names = [*ARMS, f'CE/all-level@{threshold}']
    run = with_arms(first, names)
    with recorded_losses() as fits, double_precision(): found = outcomes(run, snapped)
    arms = {}
    for name, outcome in zip(names, found):
        arms[name] = outcome | dict(losses=fits.pop(0)[:FIRST])
        if '+LDMLR' in name: arms[name]['head_losses'] = fits.pop(0)[:FIRST]
    assert not fits, f'{len(fits)} trainings belong to no arm'
    table = pd.read_csv(results_file(run)).astype(object)
    table = table.where(table.notna(), None).to_dict('list')
    facts = dict(threshold=threshold, kept=int((scores >= threshold).sum()), arms=arms, table=table,
                 files=file_names(home/'one'), cells=grid_columns(home))
    return now, facts


def facts_today(folder, pixels=None, pinned=None):
    "All that is pinned, as it is now: pixels, and the rest"
    old = pixels or {}
    with everywhere_alike():
        jobs, images = images_today(folder, old.get('jobs'))
        run, trained = run_today(folder, old.get('run'), pinned and pinned['run']['threshold'])
        facts = dict(images=images, lists=lists_today(), guidance=guidance_today(), run=trained,
                     presets=preset_fields(), grids=grid_rows())
    return dict(jobs=jobs, run=run), plain(facts)


def pinned_values():
    "(pixels, the rest) from the two files"
    with np.load(PIXELS) as file: pixels = dict(file)
    return pixels, json.loads(FACTS.read_text(encoding='utf-8'))


def furthest(old, new, relative=False):
    "The largest difference of two sequences of numbers; infinite where they cannot be compared"
    old, new = np.asarray(old, float), np.asarray(new, float)
    if old.shape != new.shape: return np.inf
    gap = np.where(np.isnan(old) & np.isnan(new), 0., np.abs(new - old)/(np.abs(old) if relative else 1.))
    return float(np.nan_to_num(gap, nan=np.inf).max(initial=0.))


def compared_images(old, new):
    "(kind, what, deviation) of the jobs and what CLIP says of them"
    yield 'exact', 'names of the jobs', float(old['jobs'] != new['jobs'])
    for kind in ('text_scores', 'image_scores'): yield 'CLIP scores', kind, furthest(old[kind], new[kind])


def compared_arm(name, old, new):
    "(kind, what, deviation) of an arm"
    for part in ('losses', 'head_losses'):
        if part in old: yield 'losses (relative)', f'{part} of {name}', furthest(old[part], new.get(part, []), True)
    yield 'accuracies (points)', name, furthest(old['accuracies'], new['accuracies'])
    for part in ('steps', 'head_steps', 'cuda_levels', 'stages'):
        yield 'exact', f'{part} of {name}', float(old[part] != new[part])


def compared_run(old, new):
    "(kind, what, deviation) of the small run; there may be more columns and more arms than were pinned"
    yield 'exact', 'images above the threshold', float(old['kept'] != new['kept'])
    for name, arm in old['arms'].items():
        if name in new['arms']: yield from compared_arm(name, arm, new['arms'][name])
        else: yield 'exact', f'{name} is there', 1.
    for column, values in old['table'].items():
        now, texts = new['table'].get(column, []), any(isinstance(value, str) for value in values)
        if texts: yield 'exact', f'column {column} of results.csv', float(values != now)
        else: yield 'accuracies (points)', f'column {column} of results.csv', furthest(values, now)
    yield 'exact', 'files of the run', float(old['files'] != new['files'])
    yield 'exact', 'columns of the cells', float(not set(old['cells']) <= set(new['cells']))


def compared_entries(title, old, new):
    "(kind, what, deviation) of each pinned entry of a dictionary"
    for key, value in old.items(): yield 'exact', f'{title}: {key}', float(key not in new or new[key] != value)


def compared(pinned, now):
    "Every (kind, what, deviation)"
    (old_pixels, old), (new_pixels, new) = pinned, now
    for part in old_pixels: yield 'grey levels', f'pixels of the {part}', furthest(old_pixels[part], new_pixels[part])
    yield from compared_images(old['images'], new['images'])
    yield from compared_run(old['run'], new['run'])
    for part in ('lists', 'guidance', 'grids'): yield from compared_entries(part, old[part], new[part])
    for name, fields in old['presets'].items():
        yield from compared_entries(f'preset {name}', fields, new['presets'].get(name, {}))


@pytest.fixture(scope='module')
def deviations(tmp_path_factory):
    "All deviations from what is pinned"
    pinned = pinned_values()
    return list(compared(pinned, facts_today(tmp_path_factory.mktemp('pinned'), *pinned)))


@pytest.mark.parametrize('kind', LIMITS)
def test_pinned(deviations, kind):
    own = {what: far for of, what, far in deviations if of == kind}
    assert own, f'nothing is compared by {kind}'
    beyond = {what: far for what, far in own.items() if far > LIMITS[kind]}
    assert not beyond, f'{kind}: at most {LIMITS[kind]} is allowed, found {beyond}'


def write(parts):
    "Pin these parts as they are today, and leave the others; without a name all, once"
    if not parts and (PIXELS.exists() or FACTS.exists()): sys.exit('the results are pinned already: name the parts')
    with tempfile.TemporaryDirectory() as folder: new_pixels, new = facts_today(folder)
    unknown = set(parts) - set(new)
    if unknown: sys.exit(f'no part {", ".join(unknown)}; there are {", ".join(new)}')
    pixels, facts = pinned_values() if parts else (new_pixels, new)
    for part in parts:
        facts[part] = new[part]
        source = dict(images='jobs').get(part, part)
        if source in new_pixels: pixels[source] = new_pixels[source]
    np.savez_compressed(PIXELS, **pixels)
    FACTS.write_text(json.dumps(facts, indent=1) + '\n', encoding='utf-8')


def report():
    "Print the largest deviation of each kind, and what is beyond its limit"
    pinned = pinned_values()
    with tempfile.TemporaryDirectory() as folder: found = list(compared(pinned, facts_today(folder, *pinned)))
    for kind, limit in LIMITS.items():
        own = [(far, what) for of, what, far in found if of == kind]
        far, what = max(own)
        print(f'{kind}: {far:.2g} of {limit} allowed, in {len(own)} comparisons' + (f' ({what})' if far else ''))
        for far, what in own:
            if far > limit: print(f'  beyond: {what}, {far:.3g}')


if __name__ == '__main__':
    if '--write' in sys.argv: write(sys.argv[sys.argv.index('--write') + 1:])
    elif '--report' in sys.argv: report()
    else: sys.exit(__doc__)
