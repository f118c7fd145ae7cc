"The paper's settings value by value, and dry runs of its presets on sets in their true form; CIFAR-100-LT in its true size, the others scaled."
import sys
from pathlib import Path

import numpy as np
import pytest

import tiny
import true_shapes
from discl.core.basics import PAPER_SEEDS, DisclError
from discl.core.images import fit_image
from discl.data.named import PUBLISHED_SETS, open_data
from discl.data.sets import shots
from discl.models.generators import settings_of
from discl.runs.plan import plan_of
from discl.runs.recipe import preset, presets
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.store import Store

sys.path.append(str(Path(__file__).parent/'hostile'))
from harness import type_command  # noqa: E402

REFINER, VIT_B32 = 'stabilityai/stable-diffusion-xl-refiner-1.0', 'openai/clip-vit-base-patch32'
GENERATOR = [  # of every set: setting, the paper's value, where it says so
    ('model', REFINER, 'Table 8'), ('scheduler', 'DDIMScheduler', 'Table 8'), ('steps', 50, "the authors' code"),
    ('guidance_scale', 10., 'Table 8'), ('clip', VIT_B32, 'Table 8'), ('class_text', 'a photo of {}', 'the filter, section 3')]
LONG_TAIL = [  # Table 8, but for what is said
    ('threshold', .3, 'Table 8'), ('backbone', 'resnet10', 'Table 8'), ('width', 64, '5.42 M parameters'), ('lr', 1e-3, 'Table 8'),
    ('wd', 1e-5, 'Table 8'), ('bs', 128, 'Table 8'), ('epochs', 65, 'Table 8'), ('curriculum_epochs', 60, 'Table 8'),
    ('schedule', 'cosine', 'per step'), ('r', .3, "the authors' code"), ('p', None, 'share of few-shot classes'),
    ('hard_share', None, 'few-shot classes are hard')]
LARGE = [  # RandomResizedCrop 224, flip, ColorJitter(.4, .4, .4, 0); 256 -> 224: LDMLR's code
    ('levels', (0., .1, .3, .5), 'v4'), ('template', 'a 8k real photo: {}', 'the prompts'), ('image_size', 224, "LDMLR's code"),
    ('resize', 256, "LDMLR's code"), ('transforms', ('colorjitter',), "LDMLR's code"), ('flip', True, "LDMLR's code"),
    ('gamma', .4, "CUDA's code for large images")]
PAPER = {
    'imagenet-lt': [*GENERATOR, *LONG_TAIL, *LARGE, ('seeds', PAPER_SEEDS, 'Table 8'), ('fewer_than', 20, 'fewer than 20'),
                    ('many_from', 101, 'more than 100')],
    'inaturalist-2018': [*GENERATOR, *LONG_TAIL, *LARGE, ('seeds', PAPER_SEEDS[:4], 'four seeds')],
    'cifar-100-lt': [*GENERATOR, *LONG_TAIL, ('levels', (.5, .7, .9), 'v4'), ('seeds', PAPER_SEEDS, 'Table 8'),
                     ('image_size', 32, 'CIFAR'), ('shift', .125, 'a crop of 32 from 40'), ('gamma', .6, "CUDA's default"),
                     ('fewer_than', 20, 'the accuracies of Table 2'), ('many_from', 101, 'more than 100')],
    'iwildcam': [*GENERATOR, ('levels', (.5, .7, .9), 'v4'), ('seeds', PAPER_SEEDS, 'Table 8'), ('threshold', .25, 'Table 8'),
                 ('template', 'a photo of {} in the wild', 'the prompts'), ('never_hard', ('empty',), 'is not painted'),
                 ('backbone', 'clip:openai/clip-vit-base-patch16', 'Table 4'), ('lr', 1e-5, 'Table 8'), ('wd', .2, 'Table 8'),
                 ('bs', 256, 'Table 8'), ('epochs', 20, 'Table 8'), ('curriculum_epochs', 15, 'Table 8'),
                 ('warmup_steps', 500, "FLYP's code"), ('guide', 2_000, 'section 4'), ('per_level', 1, 'section 4'),
                 ('probe', 30_000, 'section 4'), ('r', 1., 'D_e'), ('size', (480, 264), '480 x 270 in multiples of 8'),
                 ('choose', 'macro_f1', 'WILDS'), ('image_size', 224, "CLIP's")]}
PAPER['iwildcam-l14'] = [(name, *told) for name, *told in PAPER['iwildcam'] if name not in ('backbone', 'bs')] + [
    ('backbone', 'clip:openai/clip-vit-large-patch14', 'Table 5')]
VALUES = [(name, *row) for name, rows in PAPER.items() for row in rows]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch): monkeypatch.setenv('DISCL_CACHE', str(tmp_path_factory.mktemp('cache')))


@pytest.mark.parametrize('name, setting, value, said', VALUES, ids=[f'{name} {setting}' for name, setting, *_ in VALUES])
def test_a_preset_has_the_papers_value(name, setting, value, said):
    assert preset(name, data='x').flat()[setting] == value, said


def test_every_value_says_where_it_is_from_and_every_published_set_has_a_preset():
    assert set(PUBLISHED_SETS) <= set(presets())
    for name, values in presets().items():
        recipe = preset(name, data='x').flat()
        for setting, (value, source) in values.items():
            kept = recipe[setting]
            assert source and (setting == 'data' or kept == (tuple(value) if isinstance(value, list) else value)), (name, setting)


def test_the_groups_of_inaturalist_are_the_papers_though_an_image_of_each_class_is_held_out():
    data = preset('inaturalist-2018', data='x').data
    counts = true_shapes.counts_of('inaturalist-2018')
    left = counts - (counts > 2)
    groups = shots(left, data.fewer_than, data.many_from)
    assert [int((groups == name).sum()) for name in ('many', 'medium', 'few')] == [842, 4_076, 3_224]
    assert (groups == shots(counts)).all()


SCALED = {'imagenet-lt': .008, 'inaturalist-2018': .004, 'iwildcam': .004}


def dry(name, data, **changes):
    "The plan of a preset on a set that is not as published"
    return plan_of(preset(name, data=data, **changes), open_data(data, strict=False))


@pytest.mark.parametrize('name', ['imagenet-lt', 'inaturalist-2018'])
def test_dry_runs_on_lists(name, tmp_path):
    place = true_shapes.MAKERS[name](tmp_path, SCALED[name])
    plan = dry(name, f'{name}:{place}')
    recipe, counts = plan.recipe, plan.images['train'].counts()
    few = counts < recipe.data.fewer_than
    assert plan.hard == counts[few].sum() and plan.epoch.p == min(.5, few.mean()) and plan.epoch.r == .3
    assert plan.pictures == plan.hard*len(recipe.generator.levels)*len(recipe.generator.seeds)
    stored = 256 if name == 'inaturalist-2018' else 512
    assert plan.gigabytes == pytest.approx(plan.pictures*stored**2*1.5/1e9)
    text = plan.text()
    assert f'to paint: {plan.pictures:,} pictures' in text and "'a photo of {}' from 0.3" in text
    assert f'CE/diverse-to-specific: {65*(len(plan.epoch)//min(128, len(plan.epoch))):,} steps' in text
    refused = type_command(f'run --data "{name}:{place}" --out "{tmp_path}/run" --dry-run')
    assert refused.code == 1 and f'with the preset {name}' in refused.text and 'as published' in refused.text


def test_a_dry_run_of_cifar_in_its_true_size(tmp_path):
    place = true_shapes.cifar_100(tmp_path)
    answer = type_command(f'run --data "cifar-100-lt:{place}" --out "{tmp_path}/run" --dry-run')
    assert answer.code == 0 and not (tmp_path/'run').exists(), answer.text
    for part in ('with the preset cifar-100-lt', 'images: train 10,847, val 1,980, test 10,000', '35 many, 35 medium, 30 few',
                 'hard images: 305,', 'at 1024 × 1024 pixels, stored 224 × 224 pixels', 'to paint: 7,320 pictures',
                 'list of an epoch: 4,517 images = 3,162 others (r = 0.3) + 305 hard + 1,050 synthetic (p = 0.3;'):
        assert part in answer.text, answer.text
    fifty = type_command(f'run --data "cifar-100-lt:50:{place}" --dry-run').text
    assert 'train 12,608' in fifty and 'hard images: 249,' in fifty and '(p = 0.18;' in fifty


@pytest.mark.parametrize('name', ['iwildcam', 'iwildcam-l14'])
def test_dry_runs_of_iwildcam(name, tmp_path):
    place = true_shapes.iwildcam(tmp_path, SCALED['iwildcam'])
    small = '--warmup-steps 5 --probe 40 --guide 3'  # what so few images can do
    answer = type_command(f'run --data "{place}" --preset {name} --dry-run {small}')
    assert answer.code == 0, answer.text
    large = 'large-patch14 (fetched' if name == 'iwildcam-l14' else 'base-patch16 (fetched'
    for part in (large, 'hard images: 33, by a network (fine-tuned)', 'at 480 × 264 pixels, stored as painted', 'to paint: 792 pictures',
                 '(r = 1) + 33 hard + 120 synthetic (p = 0.24;', 'finding hard images: ', 'FLYP/adaptive: '):
        assert part in answer.text, answer.text
    early = type_command(f'run --data "{place}" --preset {name} --dry-run')
    assert early.code == 1 and 'does not end in a training' in early.text


def test_small_sources_are_painted_large_and_stored_small(tmp_path):
    tiny.sdxl_refiner(tmp_path/'refiner')
    images = open_data(f'cifar-100-lt:4:{true_shapes.cifar_100(tmp_path, 20, 2)}', strict=False)['train']
    sources = images[images.items.id[-3:]]
    prompts = {name: ['a red hat'] for name in images.classes}
    sizes = dict(steps=2, guidance_scale=1., dtype='float32', size=(64, 64))
    as_painted, small = (settings_of(tmp_path/'refiner', **sizes, stored_size=kept) for kept in (None, (24, 24)))
    jobs = {kept: list_jobs(sources, prompts, [0., .5, 1.], [10], tmp_path/'refiner', settings)
            for kept, settings in ((64, as_painted), (24, small))}
    assert not set(jobs[64].job) & set(jobs[24].job)
    found = {}
    for (side, listed), settings in zip(jobs.items(), (as_painted, small)):
        store = Store(tmp_path/f'spectrum-{side}')
        generate(listed, sources, store, tmp_path/'refiner', settings, bar=False, say=str)
        rows = store.samples(jobs=listed.job)
        found[side] = dict(zip(zip(rows.source, rows.lam), store.images(rows.job)))
        assert {image.shape for image in found[side].values()} == {(side, side, 3)}
        assert len(rows) == 9 and set(rows['size'][rows.lam < 1]) == {'(64, 64)'}
    for what, large in found[64].items():  # noise and all else are those of the painted size
        if what[1] == 1: continue
        assert (np.asarray(fit_image(large, (24, 24))) == found[24][what]).mean() > .99, what


def test_the_class_text_names_the_scores_and_cannot_be_without_a_place(tmp_path):
    place = true_shapes.iwildcam(tmp_path, SCALED['iwildcam'])
    images = open_data(place)
    with pytest.raises(DisclError, match='a template needs {}'): plan_of(preset('iwildcam', data=str(place), class_text='a photo'), images)
