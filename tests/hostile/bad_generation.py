"Schedulers, sources, levels, machines and models that generation has to cope with"
import errno
import random
import threading
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch as instead

import numpy as np
import pandas as pd
import torch
from PIL import Image

from discl.core.basics import DisclError
from discl.core.images import encode_image
from discl.data.readers import image_folder
from discl.models.generators import Settings, load_pipeline
from discl.spectrum.engine import Engine, Request, check_schedule
from discl.spectrum.generation import Intake, Writer, estimate, generate
from discl.spectrum.guidance import noise_of, paint
from discl.spectrum.jobs import list_jobs
from discl.spectrum.painter import PaintedRow, Painter
from discl.spectrum.store import Store
from harness import Case, class_folders, photo, type_command

QUICK = Settings(2, 2., (32, 32), dtype='float32')
OWN_SIZES = Settings(2, 2., dtype='float32')
LEVELS, STEPS = (0, .1, .5, .9, .999), (1, 2, 4, 50)


@lru_cache(maxsize=1)
def pipeline():
    "The embedded model, loaded once for all cases"
    return load_pipeline(dtype='float32')


def herd(folder, counts=None):
    "Training images of two classes, their jobs at one level, and an empty store"
    class_folders(Path(folder)/'data', counts or dict(elk=5, kob=5))
    images = image_folder(Path(folder)/'data', .2, .2)['train']
    return dict(images=images, jobs=jobs_of(images), store=Store(Path(folder)/'spectrum'), said=[])


def jobs_of(images, settings=QUICK, levels=(.5,), seeds=(10,)):
    "Every image of a small spectrum"
    return list_jobs(images, {name: [f'a {name}'] for name in images.classes}, levels, seeds, settings=settings)


def generated(made, settings=QUICK, **options):
    "How many images are made"
    return generate(made['jobs'], made['images'], made['store'], settings=settings, pipe=pipeline(), bar=False,
                    compiled=False, **{**dict(batch=6, say=made['said'].append), **options})


def answers(value):
    "Compares what was answered"
    def check(made, answer): assert answer.value == value, answer.value
    return check


# Schedulers
def kinds():
    "All that fit the embedded model, by name"
    return sorted(kind.__name__ for kind in pipeline().scheduler.compatibles if isinstance(kind, type))


def both(name, steps, lam):
    "Two images by the engine and by the pipeline itself, and whether the caller's random numbers stayed as they were"
    settings, before = Settings(steps, 2., (32, 32), name, 'float32'), torch.get_rng_state()
    requests = [Request(k, str(k), photo(k), 'a coat', lam, k) for k in range(2)]
    done = [painted for part in Engine(pipeline(), settings, batch=2).run(requests) for painted in part]
    ours = np.stack([painted.image for painted in sorted(done, key=lambda one: one.key)]).astype(int)
    theirs = paint(pipeline(), [photo(0), photo(1)], ['a coat']*2, lam, [noise_of(0), noise_of(1)], settings)
    gap = np.abs(ours - np.stack([np.asarray(image) for image in theirs])).max()
    return gap, torch.equal(before, torch.get_rng_state())


def every_scheduler(made):
    "Those that paint as the pipeline does, and what the others say: one setting of each, six of the others by chance"
    rng, asked = random.Random(0), [(name, 4, .5) for name in kinds()]
    asked += [(rng.choice(kinds()), rng.choice(STEPS[:3]), rng.choice(LEVELS)) for _ in range(6)]
    painted, refused = [], {}
    for one in asked:
        try: gap, untouched = both(*one)
        except DisclError as error: refused[one[0]] = str(error)
        else:
            assert gap <= 2 and untouched, (one, gap, untouched)
            painted.append(one[0])
    return len(set(painted)), refused


def all_but_one(made, answer):
    "Only a scheduler whose package is missing, and PNDM with too few steps, may be refused"
    painted, refused = answer.value
    assert painted >= len(kinds()) - 1 >= 14, answer.value
    for name, said in refused.items(): assert 'pip install torchsde' in said or 'cannot paint' in said, (name, said)


def every_schedule(made):
    "All schedules at all levels and steps, without the model: (name, steps) of those that are refused"
    from discl.models.generators import scheduler_of
    from diffusers import LCMScheduler, TCDScheduler
    config = pipeline().scheduler.config
    schedulers = [scheduler_of(pipeline(), name) for name in kinds() if name != 'DPMSolverSDEScheduler']
    schedulers += [kind.from_config(config) for kind in (LCMScheduler, TCDScheduler)]
    refused, before = {}, torch.get_rng_state()
    for scheduler in schedulers:
        for steps in STEPS:
            for lam in LEVELS if steps < 50 else (.5,):
                try: check_schedule(scheduler, steps, lam)
                except DisclError as error: refused[type(scheduler).__name__, steps, lam] = str(error)
    assert torch.equal(before, torch.get_rng_state())
    return refused


def known_limits(made, answer):
    "PNDM needs four steps, and LCM and TCD have no more than fifty"
    for name, steps, lam in answer.value:
        assert (name == 'PNDMScheduler' and steps < 4) or (name in ('LCMScheduler', 'TCDScheduler') and lam == .999)


@contextmanager
def model_with(scheduler):
    "The embedded model as if it had been published with this scheduler"
    pipe = pipeline()
    own, pipe.scheduler = pipe.scheduler, scheduler.from_config(pipe.scheduler.config)
    try: yield
    finally: pipe.scheduler = own


def own_scheduler(name, levels=(.5,)):
    "What a model whose own scheduler this is makes of two sources"
    def call(made):
        import diffusers
        made['jobs'] = jobs_of(made['images'], QUICK, levels).head(2)
        with model_with(getattr(diffusers, name)): return generated(made)
    return call


def tcd_as_the_pipeline(made):
    "The gap between engine and pipeline for a model with TCD, whose own η is not the pipeline's"
    from diffusers import TCDScheduler
    with model_with(TCDScheduler): return both(None, 4, .5)


def the_same_picture(made, answer):
    "No pixel differs, and no random number of the caller's was used"
    gap, untouched = answer.value
    assert gap <= 2 and untouched, answer.value


SCHEDULERS = [
    Case('every scheduler of the model', lambda folder: {}, call=every_scheduler, fails=False, check=all_but_one),
    Case('every schedule at every level', lambda folder: {}, call=every_schedule, fails=False, check=known_limits),
    Case('a model with LCM', herd, call=own_scheduler('LCMScheduler'), fails=False, check=answers(2)),
    Case('a model with TCD', herd, call=own_scheduler('TCDScheduler'), fails=False, check=answers(2)),
    Case('a model with TCD near the real image', herd, call=own_scheduler('TCDScheduler', (.999,)),
         says=(r'TCDScheduler cannot paint λ = 0\.999',)),
    Case('TCD with the η of the pipeline', lambda folder: {}, call=tcd_as_the_pipeline, fails=False,
         check=the_same_picture),
    Case('PNDM with one step', herd, says=('PNDMScheduler cannot paint', '--steps'), call=lambda made: generated(
        dict(made, jobs=jobs_of(made['images'], Settings(1, 2., (32, 32), 'PNDMScheduler', 'float32'))),
        Settings(1, 2., (32, 32), 'PNDMScheduler', 'float32'))),
]


# Sources
def spoil(number, content):
    "A herd one source of which is something else when its turn comes"
    def make(folder):
        made = herd(folder)
        path = Path(made['images'].items.path[number])
        path.write_bytes(content) if content is not None else path.unlink()
        return dict(made, lost=made['images'].items.id[number])
    return make


def others_go_on(made, answer):
    "One source is in failed/ with the reason, and nothing is left to do"
    assert answer.value == len(made['jobs']) - 1, answer.value
    failed = made['store'].failed()
    assert failed.source.tolist() == [made['lost']] and 'whole image' in failed.reason[0], failed
    assert not made['store'].missing(made['jobs'].job).any() and 'no good' in made['said'][-1]


def odd_sizes(folder):
    "Sources of one pixel, of one row, and grey"
    place = class_folders(Path(folder)/'data', dict(elk=5, kob=5))/'elk'
    Image.new('L', (1, 1), 90).save(place/'one.png')
    for number, size in enumerate([(1, 70), (300, 1), (33, 31)]):
        photo(number, 300).resize(size).save(place/f'n{number}.png')
    photo(7).convert('L').save(place/'grey.png')
    images = image_folder(place.parent, .1, .1)['train']
    return dict(images=images, jobs=jobs_of(images, OWN_SIZES), store=Store(Path(folder)/'spectrum'), said=[])


def all_are_named(made, answer):
    "Every job has an image or a reason"
    assert answer.value + len(made['store'].failed()) == len(made['jobs']) and answer.value >= len(made['jobs']) - 3


SOURCES = [
    Case('a source that is damaged', spoil(0, b'damaged'), call=generated, fails=False, check=others_go_on),
    Case('a source that has vanished', spoil(1, None), call=generated, fails=False, check=others_go_on),
    Case('a source that is cut', spoil(2, encode_image(photo(3))[:-200]), call=generated, fails=False,
         check=others_go_on),
    Case('a source that has become a bomb', spoil(3, encode_image(Image.new('1', (12_000, 12_000)))), call=generated,
         fails=False, check=others_go_on),
    Case('sources of one pixel, one row, and grey', odd_sizes, fails=False, check=all_are_named,
         call=lambda made: generated(made, OWN_SIZES)),
    Case('an estimate with a source that is damaged', spoil(0, b'damaged'), fails=False,
         call=lambda made: estimate(made['jobs'], made['images'], made['store'], settings=QUICK)['left'],
         check=answers(6)),
]


# Models whose images are no good
def answering(value, only=None):
    "Generation with a model whose latents have become this value, for one class or for all"
    decode = Engine._decode_latents
    def spoilt(self, latents): return decode(self, latents)*0 + value
    def call(made):
        parts = made['jobs'] if only is None else made['jobs'][made['jobs'].name == only]
        with instead.object(Engine, '_decode_latents', spoilt): generate_parts(made, parts)
        return generated(made)
    return call


def generate_parts(made, jobs): return generated(dict(made, jobs=jobs))


def after_good_ones(value, only):
    "The same, where the other class is there already"
    def call(made):
        generated(dict(made, jobs=made['jobs'][made['jobs'].name != only]))
        return answering(value, only)(made)
    return call


def class_failed(reason):
    "All images of one class are recorded with the reason, and nothing is tried again"
    def check(made, answer):
        failed = made['store'].failed()
        assert answer.value == 0 and set(failed.name) == {'kob'} and len(failed) == (made['jobs'].name == 'kob').sum()
        assert failed.reason.str.contains(reason).all() and reason in made['said'][-1] and 'of kob' in made['said'][-1]
    return check


NO_GOOD = [
    Case('a model that gives no numbers', herd, call=answering(float('nan')),
         says=('None of 6 images is usable', 'not a number', 'elk, kob')),
    Case('a model that gives nearly black', herd, call=answering(-.999), says=('None of 6 images is usable',)),
    Case('all images of a class without numbers', herd, fails=False, call=after_good_ones(float('nan'), 'kob'),
         check=class_failed('not a number')),
    Case('all images of a class black', herd, fails=False, call=after_good_ones(-1., 'kob'),
         check=class_failed('black')),
]


# Interruptions
class Planted(Painter):
    "Gives four images, then what was planted"
    planted: object = None

    def paint(self, jobs, sources):
        for job in jobs.head(4).to_dict('records'): yield [PaintedRow(job, np.asarray(photo(1)), {})]
        if self.planted: raise self.planted


def stopped_by(error, scorer=None, fails=()):
    "A run that ends by this error, with a disk that fails at these writes; -> (raised, counted, stored, threads left)"
    def call(made):
        store, counted, before = made['store'], [], threading.active_count()
        append, writes = store.append, iter(range(99))
        def append_or_fail(frame):
            if next(writes) in fails: raise DisclError('the disk is full')
            append(frame)
        store.append = append_or_fail
        painter = Planted(pipeline(), QUICK)
        painter.planted = error
        intake = Intake(Writer(store, 2, count=counted.append), scorer)
        try: intake.fill(painter, made['jobs'], made['images'], made['said'].append)
        except BaseException as raised: name = type(raised).__name__
        else: name = ''
        return name, sum(counted), len(Store(store.folder)), threading.active_count() - before
    return call


class Scoring:
    "A CLIP that fails at its third batch"
    passes, calls = None, 0

    def __call__(self, rows, images):
        self.calls += 1
        if self.calls == 3: raise OSError(errno.EIO, 'CLIP is gone')
        return pd.DataFrame(dict(job=rows.job, clip='c', text_score=.5, image_score=.5))


INTERRUPTED = [
    Case('Ctrl-C between two batches', herd, call=stopped_by(KeyboardInterrupt()), fails=False,
         check=answers(('KeyboardInterrupt', 4, 4, 0))),
    Case('a model that fails in the middle', herd, call=stopped_by(RuntimeError('device lost')), fails=False,
         check=answers(('RuntimeError', 4, 4, 0))),
    Case('a CLIP that fails in the middle', herd, call=stopped_by(None, Scoring()), fails=False,
         check=answers(('OSError', 3, 3, 0))),
    Case('a disk that is full for a moment', herd, call=stopped_by(None, fails=(1,)), fails=False,
         check=answers(('DisclError', 4, 4, 0))),
    Case('a disk that stays full', herd, call=stopped_by(None, fails=range(1, 99)), fails=False,
         check=answers(('DisclError', 2, 2, 0))),
]


# Ways of generating, levels and seeds
def refused(name, values, **given):
    "A case for each value of an option that there is no such"
    def call(value): return lambda made: generated(made, **{name: value})
    return [Case(f'{name} = {value!r}', herd, call=call(value), says=(f'{name} = ',)) for value in values]


HOW = [
    *refused('batch', (0, -1, 1.5, True)), *refused('shard', (0, -3, 2.5, None)),
    *refused('wait', (-1, float('nan'), True)),
    Case('a batch larger than the work', herd, call=lambda made: generated(made, batch=10**9), fails=False,
         check=answers(6)),
    Case('a price that is no number', herd, says=('price = nan',), call=lambda made: estimate(
        made['jobs'], made['images'], made['store'], settings=QUICK, price=float('nan'))),
    Case('an estimate of nothing', herd, fails=False, check=answers(0), call=lambda made: estimate(
        pd.DataFrame(), made['images'], made['store'], price=1)['left']),
    Case('levels and seeds of NumPy', herd, fails=False, check=answers(True), call=lambda made: jobs_of(
        made['images'], levels=np.array([.1, 0., -0.], np.float32), seeds=np.arange(2)).job.tolist() == jobs_of(
        made['images'], levels=[0, .1], seeds=range(2)).job.tolist()),
    Case('levels given as a text', herd, call=lambda made: jobs_of(made['images'], levels='0.5'), says=('not a text',)),
    Case('one level computed in two ways', herd, call=lambda made: jobs_of(made['images'], levels=[.3, .1 + .2]),
         says=('are one level',)),
]

# The command line
def run_folder(steps):
    "Pictures for a run, and where it will be"
    def make(folder):
        return dict(data=class_folders(Path(folder)/'data', dict(elk=10, kob=10, gnu=10)), out=Path(folder)/'out',
                    steps=steps)
    return make


def begun(folder):
    "A run that has found its hard images"
    made = run_folder(4)(folder)
    answer = type_command(f"hard --data '{made['data']}' --out '{made['out']}' --pretrain-epochs 1 --width 8")
    assert answer.code == 0, answer.text
    return made


def nothing_painted(made, answer):
    "A dry run writes no image"
    assert not list((made['out']/'spectrum').rglob('*.parquet'))


COMMANDS = [
    Case('a run with PNDM', run_folder(4), fails=False, says=('report',),
         command='run --data {data} --out {out} FLAGS --steps {steps} --scheduler PNDMScheduler'),
    Case('a dry run with PNDM', begun, fails=False, says=('s an image in batches',), check=nothing_painted,
         command='generate --out {out} --dry-run --steps 4 --scheduler PNDMScheduler --seeds 10 --levels 0,.5'),
    Case('a run with PNDM of one step', run_folder(1), says=('PNDMScheduler cannot paint',),
         command='run --data {data} --out {out} FLAGS --scheduler PNDMScheduler'),
]

CASES = [*SCHEDULERS, *SOURCES, *NO_GOOD, *INTERRUPTED, *HOW, *COMMANDS]
