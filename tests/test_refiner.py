"The path of the paper's generator, SDXL-refiner, on a tiny model of its architecture."
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import tiny
from discl.core.basics import DisclError
from discl.data.readers import image_folder
from discl.spectrum.guidance import noise_of, paint
from discl.spectrum.jobs import list_jobs
from discl.spectrum.generation import generate
from discl.models.generators import Settings, load_pipeline, model_folder, settings_of
from discl.data.prompts import prompts_from_template
from discl.models.clip import Clip
from discl.spectrum.scoring import score
from discl.spectrum.selection import kept
from discl.core.images import decode_image
from discl.spectrum.store import Store


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp('models')
    tiny.sdxl_refiner(root/'refiner')
    tiny.clip(root/'clip')
    return root


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    root = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for c, colour in (('hat', 0), ('sock', 2)):
        (root/c).mkdir()
        for i in range(6):
            x = rng.integers(0, 60, (40, 48, 3), dtype=np.uint8)
            x[..., colour] += 180
            Image.fromarray(x).save(root/c/f'{i}.jpg')
    return image_folder(root, val=.2, test=.2)


QUICK = Settings(steps=3, guidance_scale=5., size=(32, 32), dtype='float32')


def test_generate_and_score(models, images, tmp_path):
    model, sources, store = str(models/'refiner'), images['train'], Store(tmp_path/'s')
    jobs = list_jobs(sources, prompts_from_template(images.classes), [0, .5, .9, 1], [10, 20], model, QUICK)
    assert len(jobs) == len(sources)*(3*2 + 1)
    generate(jobs, sources, store, model, QUICK, bar=False)
    table = store.samples(images=True)
    assert set(table.job) == set(jobs.job)
    assert {decode_image(b).size for b in table.image} == {(32, 32)}
    by = table.set_index('lam')
    assert set(by.steps_done[0.]) == {3} and set(by.steps_done[.9]) == {1} and set(by.strength[.9]) == {1/10}
    assert set(table.pipeline) == {'StableDiffusionXLImg2ImgPipeline'}
    clip = Clip(str(models/'clip'))
    assert score(store, sources, clip) == len(jobs)
    assert score(store, sources, Clip(str(models/'clip'), 'an image of {}')) == len(jobs) and len(store.scores(clip.id)) == len(jobs)
    frame = kept(store, clip, -1.)
    assert frame.text_score.between(-1, 1).all() and (frame.image_score[frame.lam == 1] > .99).all()


def test_text_only_does_not_see_the_source(models):
    pipe = load_pipeline(str(models/'refiner'), 'float32')
    def two(lam): return [np.asarray(paint(pipe, [Image.new('RGB', (32, 32), c)], ['a hat'], lam, [noise_of(1)], QUICK)[0]).astype(int) for c in ('white', 'black')]
    a, b = two(0)
    assert (a == b).all()
    plain = [np.asarray(pipe('a hat', image=Image.new('RGB', (32, 32), c), strength=1., num_inference_steps=3, guidance_scale=5., generator=noise_of(1)).images[0]).astype(int) for c in ('white', 'black')]
    assert (plain[0] != plain[1]).any(), 'the library alone no longer leaks: from_pure_noise has become superfluous'


def test_a_model_without_a_part(models, tmp_path):
    broken = tmp_path/'broken'
    shutil.copytree(models/'refiner', broken)
    shutil.rmtree(broken/'vae')
    with pytest.raises(DisclError, match='the part vae/ is missing'): model_folder(str(broken))
    assert settings_of(str(models/'refiner')) == Settings()
    (models/'refiner/discl.json').write_text(json.dumps(dict(steps=7)), encoding='utf-8')
    assert settings_of(str(models/'refiner')).steps == 7
    (models/'refiner/discl.json').unlink()
