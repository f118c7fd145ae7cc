"The engine paints what the library's own pipelines paint, for every family that it takes apart; and its job names never move."
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import tiny
from discl.spectrum.guidance import noise_of, paint
from discl.spectrum.engine import Engine, Request, is_fast
from discl.models.generators import Settings, load_pipeline

FAMILIES = dict(sd=tiny.sd, sdxl_base=tiny.sdxl_base, sdxl_refiner=tiny.sdxl_refiner)
RNG = np.random.default_rng(0)
SOURCES = [Image.fromarray(RNG.integers(0, 255, (32, 32, 3), dtype=np.uint8)) for _ in range(3)]


@pytest.fixture(scope='module', params=FAMILIES)
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    FAMILIES[request.param](path)
    return str(path)


def requests(levels=(0, .3, .5, .9)):
    words = ['a red hat', 'an old shoe', '']
    return [Request((i, lam, seed), str(i), SOURCES[i], words[(i + seed) % 3], lam, 100*i + seed) for i in range(3) for lam in levels for seed in range(2)]


def painted(engine, asked):
    return {p.key: p.image.astype(int) for part in engine.run(asked) for p in part}


def library(pipe, r, settings):
    return np.asarray(paint(pipe, [r.image], [r.prompt], r.lam, [noise_of(r.noise)], settings)[0]).astype(int)


@pytest.mark.parametrize('scheduler', [None, 'DDIMScheduler', 'DPMSolverMultistepScheduler', 'EulerAncestralDiscreteScheduler'])
def test_same_image_as_the_library(folder, scheduler):
    pipe, settings = load_pipeline(folder, 'float32'), Settings(steps=5, guidance_scale=5., scheduler=scheduler, dtype='float32')
    assert is_fast(pipe)
    ours = painted(Engine(pipe, settings, batch=5), requests())
    assert len(ours) == len(requests())
    gaps = [np.abs(library(pipe, r, settings) - ours[r.key]).max() for r in requests()]
    assert max(gaps) <= 2, max(gaps)


def test_plain_call_above_zero(folder):
    "The reference is the pipeline's bare `__call__`, with nothing of ours between"
    pipe, settings = load_pipeline(folder, 'float32'), Settings(steps=6, guidance_scale=3., dtype='float32')
    asked = requests((.5,))
    ours = painted(Engine(pipe, settings, batch=4), asked)
    for r in asked:
        theirs = pipe(prompt=r.prompt, image=r.image, strength=.5, num_inference_steps=6, guidance_scale=3., generator=noise_of(r.noise)).images[0]
        assert np.abs(np.asarray(theirs).astype(int) - ours[r.key]).max() <= 2


def test_without_guidance(folder):
    pipe, settings = load_pipeline(folder, 'float32'), Settings(steps=4, guidance_scale=1., dtype='float32')
    ours = painted(Engine(pipe, settings, batch=3), requests((0, .5)))
    assert max(np.abs(library(pipe, r, settings) - ours[r.key]).max() for r in requests((0, .5))) <= 2


def test_half_precision_is_the_same_picture(folder):
    asked = requests((.5,))
    exact = painted(Engine(load_pipeline(folder, 'float32'), Settings(4, 3., dtype='float32'), batch=6), asked)
    half = painted(Engine(load_pipeline(folder, 'bfloat16'), Settings(4, 3., dtype='bfloat16'), batch=6), asked)
    assert np.mean([np.abs(exact[k] - half[k]).mean() for k in exact]) < 6


def test_stop_abandons_what_is_unfinished(folder):
    calls = []
    engine = Engine(load_pipeline(folder, 'float32'), Settings(4, 3., dtype='float32'), batch=2, stop=lambda: calls.append(1) or len(calls) > 6)
    assert 0 < len(painted(engine, requests())) < len(requests())


def test_safety_flag_keeps_the_image(tmp_path):
    "A checker that flags everything: a column, not a black image"
    tiny.sd(tmp_path)
    pipe, settings = load_pipeline(str(tmp_path), 'float32'), Settings(2, 2., dtype='float32')
    before = painted(Engine(pipe, settings, batch=2), requests((.5,))[:2])
    class Checker:
        dtype = torch.float32
        def __call__(self, images, clip_input):
            images = np.zeros_like(images)
            return images, [True]*len(images)
    pipe.safety_checker = Checker()
    from transformers import CLIPImageProcessor
    pipe.feature_extractor = CLIPImageProcessor(size=dict(shortest_edge=32), crop_size=dict(height=32, width=32))
    parts = [p for part in Engine(pipe, settings, batch=2).run(requests((.5,))[:2]) for p in part]
    assert all(p.flagged and not p.fault for p in parts)
    assert all((p.image == before[p.key]).all() for p in parts)


def test_job_names_are_the_same_in_any_process():
    code = ('from discl.data import fashion_lt, fashion_prompts, few_shot; from discl.spectrum import list_jobs\n'
            'from discl.models import Settings; t = few_shot(fashion_lt()); print(list_jobs(t[t.items.id[:2]], fashion_prompts(), [0, .5], [10], settings=Settings(5, 2., dtype="float32")).job.str.cat())')
    runs = {subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True, env={**__import__('os').environ, 'PYTHONHASHSEED': seed}).stdout for seed in '12'}
    assert len(runs) == 1 and len(runs.pop().strip()) == 4*64


def test_every_setting_is_in_the_name():
    from discl.data.fashion import fashion_lt
    from discl.spectrum.jobs import list_jobs
    from discl.data.hard import few_shot
    from discl.data.prompts import fashion_prompts
    tail = few_shot(fashion_lt())
    tail = tail[tail.items.id[:1]]
    def name(lam=.5, seed=10, prompts=fashion_prompts(), **settings): return list_jobs(tail, prompts, [lam], [seed], settings=Settings(**{**dict(steps=5, guidance_scale=2., dtype='float32'), **settings})).job[0]
    other = [name(lam=.3), name(seed=20), name(steps=6), name(guidance_scale=3.), name(size=(32, 32)), name(scheduler='EulerDiscreteScheduler'), name(dtype='bfloat16'),
             name(prompts={c: ['another'] for c in fashion_prompts()})]
    assert len({name(), *other}) == 1 + len(other) and name() == name()
