"Images that do not fit: nothing that does is lost with them, for every family that the engine takes apart, and for the plain kind."
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import tiny
from discl.core.basics import Recent
from discl.data.readers import image_folder
from discl.models.generators import Settings, load_pipeline
from discl.spectrum.engine import Engine, Request, does_not_fit
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.painter import EnginePainter, PipelinePainter
from discl.spectrum.store import Store

FAMILIES = dict(sd=tiny.sd, sdxl_base=tiny.sdxl_base, sdxl_refiner=tiny.sdxl_refiner)
QUICK = Settings(2, 2., dtype='float32')
CUDA = torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB (planted)')
ENDS = dict(python=MemoryError(),
            mps=RuntimeError('MPS backend out of memory (MPS allocated: 8.00 GB, max allowed: 9.07 GB). (planted)'))


@pytest.fixture(scope='module', params=FAMILIES)
def pipe(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    FAMILIES[request.param](path)
    return load_pipeline(str(path), 'float32')


@pytest.fixture(scope='module')
def sd(tmp_path_factory):
    path = tmp_path_factory.mktemp('sd')
    tiny.sd(path)
    return load_pipeline(str(path), 'float32')


def picture(number, size=(32, 32)):
    return Image.fromarray(np.random.default_rng(number).integers(0, 255, (*size[::-1], 3), np.uint8))


def requests(sources=3, levels=(0, .5), seeds=2, size=(32, 32)):
    return [Request((k, lam, seed), str(k), picture(k, size), f'hat {k} {seed}', lam, 100*k + seed)
            for k in range(sources) for lam in levels for seed in range(seeds)]


def painted(engine, asked):
    return {one.key: one for part in engine.run(asked) for one in part}


def gap(some, others):
    return max(np.abs(some[key].image.astype(int) - others[key].image).max() for key in some if some[key].image is not None)


class Limited:
    "A part of a pipeline that takes so many rows at once, or so many pixels of latents"
    def __init__(self, part, rows=10**9, pixels=10**9, error=CUDA):
        self.__dict__.update(part=part, rows=rows, pixels=pixels, error=error, calls=[])

    def __getattr__(self, name): return getattr(self.part, name)

    def __setattr__(self, name, value): setattr(self.part, name, value)

    def _check(self, latents):
        tiles = getattr(self.part, 'use_tiling', False)
        side = self.part.tile_latent_min_size if tiles else 10**9
        height, width = (min(side, each) for each in latents.shape[-2:])
        self.calls.append(len(latents))
        if len(latents) > self.rows or len(latents)*height*width > self.pixels: raise self.error

    def __call__(self, latents, *given, **options):
        self._check(latents)
        return self.part(latents, *given, **options)

    def decode(self, latents, **options):
        self._check(latents)
        return self.part.decode(latents, **options)


def test_decoding_is_split_and_nothing_is_painted_twice(pipe, error=CUDA):
    usual, engine = Engine(pipe, QUICK, batch=12), Engine(pipe, QUICK, batch=12)
    engine.vae = Limited(engine.vae, rows=2, error=error)
    engine.unet = Limited(engine.unet)
    unlimited = painted(usual, requests())
    assert gap(painted(engine, requests()), unlimited) <= 1
    assert sum(engine.unet.calls) == 2*6*(2 + 1)  # with and without text; λ = 0 takes two steps, .5 one
    assert engine.halved == 0 and max(engine.vae.calls[3:]) <= 2


@pytest.mark.parametrize('ends', ['python', 'mps'])
def test_memory_ends_in_other_words(sd, ends): test_decoding_is_split_and_nothing_is_painted_twice(sd, ENDS[ends])


def test_one_image_too_many_is_decoded_in_tiles(pipe):
    engine = Engine(pipe, QUICK, batch=4)
    engine.vae = Limited(engine.vae, pixels=16*16)
    asked = requests(2, (.5,), 1, size=(64, 48))
    found, unlimited = painted(engine, asked), painted(Engine(pipe, QUICK, batch=4), asked)
    assert all(one.tiled and not one.fault and one.image.shape == (48, 64, 3) for one in found.values())
    assert not any(one.tiled for one in unlimited.values()) and not pipe.vae.use_tiling
    assert np.mean([np.abs(found[key].image.astype(int) - unlimited[key].image).mean() for key in found]) < 20


def test_what_cannot_be_decoded_at_all_is_given_up(sd):
    engine = Engine(sd, QUICK, batch=4)
    engine.vae = Limited(engine.vae, pixels=1)
    found = painted(engine, requests(2, (.5,), 1))
    assert len(found) == 2 and {one.fault for one in found.values()} == {does_not_fit(None)}


def test_more_prompts_and_sources_than_are_kept(sd):
    "5,008 prompts in one batch, and more sources than the memory keeps"
    engine = Engine(sd, QUICK)
    one = engine.encode_prompts(['hat'])
    engine.texts = Recent(limit=100*one.tokens[0].nbytes)
    many = [f'hat {number}' for number in range(5008)]
    assert len(engine.encode_prompts(many).tokens) == 5008 and len(engine.texts.items) <= 100
    small, usual = Engine(sd, QUICK, batch=40), Engine(sd, QUICK, batch=40)
    small.texts, small.source_latents, small.source_images = Recent(limit=1), Recent(limit=1), Recent(limit=1)
    asked = requests(10)
    assert gap(painted(small, asked), painted(usual, asked)) <= 1


def herd(folder, sizes):
    "Sources of these sizes, three of each, and their jobs"
    for number, size in enumerate(sizes):
        (folder/f'kind{number}').mkdir(parents=True)
        for k in range(5): picture(10*number + k, size).save(folder/f'kind{number}'/f'{k}.png')
    images = image_folder(folder, .2, .2)['train']
    return images, list_jobs(images, {name: [f'a {name}'] for name in images.classes}, [.5, 1], [1, 2], settings=QUICK)


@pytest.mark.parametrize('kind', [EnginePainter, PipelinePainter])
def test_a_size_that_does_not_fit_blocks_no_other(kind, sd, tmp_path):
    images, jobs = herd(tmp_path, [(32, 32), (64, 64), (48, 32), (32, 32)])
    painter, unet = kind(sd, QUICK, batch=4), sd.unet
    limited = Limited(unet, pixels=2*24*16)
    if kind is EnginePainter: painter.engine.unet = limited
    else: painter.paint_level = lambda requests, size: _plain(painter, kind, requests, size, 24*16)
    rows = {row.job['job']: row for rows in painter.paint(jobs, images) for row in rows}
    assert set(rows) == set(jobs.job)
    failed = jobs[[bool(rows[job].fault) for job in jobs.job]]
    assert set(failed.name) == {'kind1'} and set(failed.lam) == {.5} and len(failed) == 6
    assert {rows[job].fault for job in failed.job} == {does_not_fit((64, 64))}


def _plain(painter, kind, requests, size, most):
    if len(requests)*size[0]*size[1]/4 > most: raise MemoryError
    return kind.paint_level(painter, requests, size)


def test_after_three_in_a_row_the_others_are_not_tried(sd, tmp_path):
    images, jobs = herd(tmp_path, [(64, 64), (64, 64), (32, 32)])
    painter = EnginePainter(sd, QUICK, batch=2)
    painter.engine.unet = Limited(sd.unet, pixels=2*16*16)
    rows = [row for rows in painter.paint(jobs, images) for row in rows]
    told = pd.Series([row.fault for row in rows if row.fault]).value_counts().to_dict()
    assert sorted(told.values()) == [6, 6] and len(rows) == len(jobs)
    assert any('was not tried' in fault for fault in told) and len(painter.engine.unet.calls) < 40


def test_one_source_alone_costs_the_others_nothing(sd, tmp_path):
    "Its memory ends for a reason of its own; the batch is whole again for those behind it"
    images, jobs = herd(tmp_path, [(32, 32)]*2)
    odd = images.items.id[2]
    painter = EnginePainter(sd, QUICK, batch=4)
    latents = painter.engine.encode_sources
    def encoded(asked):
        if any(request.source == odd for request in asked): raise MemoryError
        return latents(asked)
    painter.engine.encode_sources = encoded
    rows = [row for rows in painter.paint(jobs, images) for row in rows]
    assert {row.job['source'] for row in rows if row.fault} == {odd} and len(rows) == len(jobs)
    assert painter.engine.batch == 4


def test_recorded_in_the_store_and_not_tried_again(sd, tmp_path, monkeypatch):
    images, jobs = herd(tmp_path/'images', [(32, 32), (64, 64)])
    call = Engine._call_unet
    def small(self, latents, *given):
        if latents.shape[-1] > 16: raise CUDA
        return call(self, latents, *given)
    monkeypatch.setattr(Engine, '_call_unet', small)
    store, how = Store(tmp_path/'store'), dict(settings=QUICK, pipe=sd, batch=4, bar=False, compiled=False, say=lambda line: None)
    assert generate(jobs, images, store, **how) == len(jobs) - 6
    assert set(store.failed().reason) == {does_not_fit((64, 64))}
    assert generate(jobs, images, store, **how) == 0
    monkeypatch.undo()
    assert generate(jobs, images, store, failed=True, **how) == 6


def test_larger_sources_are_reduced_named_and_noted(sd, tmp_path):
    images, jobs = herd(tmp_path, [(32, 32), (64, 48)])
    least = replace(QUICK, max_side=32)
    prompts = {name: [f'a {name}'] for name in images.classes}
    reduced = list_jobs(images, prompts, [.5], [1], settings=least)
    assert not set(reduced.job) & set(jobs.job)
    assert set(list_jobs(images, prompts, [.5], [1], settings=replace(QUICK, max_side=None)).job) <= set(jobs.job)
    rows = [row for rows in EnginePainter(sd, least, batch=4).paint(reduced, images) for row in rows]
    sizes = {(row.job['name'], row.image.shape[1::-1], row.facts.get('source_size')) for row in rows}
    assert sizes == {('kind0', (32, 32), None), ('kind1', (32, 24), '(64, 48)')}
    at_the_largest = [row for rows in EnginePainter(sd, replace(QUICK, max_side=64), batch=4).paint(jobs, images) for row in rows]
    plain = {row.job['job']: row.image for rows in EnginePainter(sd, QUICK, batch=4).paint(jobs, images) for row in rows}
    assert all((row.image == plain[row.job['job']]).all() for row in at_the_largest)
