"""Every path on a device that only pretends to be there: each tensor is where it has to be, the pictures are those of the CPU,
and a GPU is waited for only where it must be. What a pretended device cannot show, `discl doctor --gpu` shows on a real one."""
import json
from importlib import import_module

import numpy as np
import pytest
import torch
from PIL import Image

import tiny
from pretend import Placed, pretend
from discl.core.basics import DisclError
from discl.core.devices import autocast, device_and_dtype
from discl.data.fashion import fashion_lt
from discl.data.pixels import open_pixels
from discl.models.clip import Clip
from discl.models.clip_classifier import clip_classifier
from discl.models.generators import EMBEDDED, Settings, load_pipeline
from discl.models.networks import backbone
from discl.spectrum.engine import Engine, Request
from discl.spectrum.guidance import noise_of, paint
from discl.train.baselines import ldmlr
from discl.train.clip_tuning import choose_alpha, flyp, linear_probe, merged, with_lora
from discl.train.fitting import fit
from discl.train.losses import LOSSES, cross_entropy, loss_of
from discl.train.prediction import features, head_gradient, predict
from discl.train.samples import Samples, augmentation, extras

KINDS = [('cuda', True), ('cuda', False), ('mps', True)] # device, has it bfloat16?
FAMILIES = dict(sd=tiny.sd, sdxl_base=tiny.sdxl_base, sdxl_refiner=tiny.sdxl_refiner)
SCHEDULERS = ['DDIMScheduler', 'PNDMScheduler', 'EulerAncestralDiscreteScheduler', 'UniPCMultistepScheduler', 'HeunDiscreteScheduler',
              'DPMSolverMultistepScheduler', 'DEISMultistepScheduler']
NAMES = ['shirt', 'bag', 'coat', 'boot']
RNG = np.random.default_rng(0)
SOURCES = [Image.fromarray(RNG.integers(0, 255, (32, 32, 3), dtype=np.uint8)) for _ in range(2)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0] + ('' if kind[1] else '-fp16'))
def device(request):
    with pretend(*request.param) as mode: yield mode


@pytest.fixture(scope='module')
def garments():
    images = fashion_lt()['train']
    images = images[images.items.id[:48]]
    return open_pixels(images, 28), np.arange(48) % len(NAMES)


# The pretended device itself

def test_it_refuses_what_a_gpu_refuses(device):
    here, there = torch.ones(3), torch.ones(3).to(device.kind)
    assert there.device.type == device.kind and isinstance(torch.zeros(2, device=device.kind) + there[:2], Placed)
    for wrong in (lambda: here + there, lambda: torch.cat([here, there]), lambda: torch.nn.Linear(3, 1)(there),
                  lambda: torch.randn(3, device=device.kind, generator=noise_of(0))):
        with pytest.raises(RuntimeError, match='same device|for generator'): wrong()
    with pytest.raises(TypeError, match='Use Tensor.cpu'): np.asarray(there)
    assert there.cpu().numpy().sum() == 3 and (there*torch.tensor(2.)).sum().item() == 6
    if device.kind == 'mps':
        with pytest.raises(TypeError, match='float64'): torch.ones(2, dtype=torch.float64).to('mps')


def test_it_learns_like_the_cpu():
    def trained():
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 1).to(device_and_dtype()[0])
        step = torch.optim.SGD(net.parameters(), .1)
        x = torch.ones(4, 3).to(device_and_dtype()[0])
        for _ in range(3):
            step.zero_grad()
            net(x).square().mean().backward()
            step.step()
        return net.weight.detach().cpu()
    here = trained()
    with pretend('cuda'): there = trained()
    assert torch.equal(here, there)


# Painting

@pytest.fixture(scope='module', params=FAMILIES)
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    FAMILIES[request.param](path)
    return str(path)


def asked():
    return [Request((i, lam), str(i), SOURCES[i], 'a red hat', lam, 100*i) for i in range(2) for lam in (0, .5)]


def painted(folder, scheduler=None, dtype='float32'):
    engine = Engine(load_pipeline(folder, dtype), Settings(4, 3., scheduler=scheduler, dtype=dtype), batch=3)
    return engine, {one.key: one.image.astype(int) for part in engine.run(asked()) for one in part}


def test_the_same_noise_paints_the_same_picture_on_every_device(folder):
    here, there = painted(folder)[1], {}
    for kind in ('cuda', 'mps'):
        with pretend(kind): engine, there[kind] = painted(folder)
        assert engine.device.type == kind and all(isinstance(p, Placed) for p in engine.unet.parameters())
        assert max(np.abs(here[key] - there[kind][key]).max() for key in here) <= 1


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp('small')
    tiny.sd(path)
    return str(path)


@pytest.mark.parametrize('scheduler', SCHEDULERS)
def test_no_sampler_waits_for_the_gpu_between_steps(scheduler, small):
    _, here = painted(small, scheduler)
    with pretend('cuda') as mode: engine, there = painted(small, scheduler)
    assert max(np.abs(here[key] - there[key]).max() for key in here) <= 1
    assert set(mode.waits) <= {'cpu', 'tolist'}, mode.waits # pictures, and whether they are finite, when they are done
    assert mode.waits['cpu'] <= 4


def test_half_precision_by_card(tmp_path):
    tiny.sdxl_base(tmp_path)
    for bf16, wanted in ((True, torch.bfloat16), (False, torch.float16)):
        with pretend('cuda', bf16):
            assert device_and_dtype()[1] == wanted
            pipe = load_pipeline(str(tmp_path))
            assert pipe.unet.dtype == wanted and Engine(pipe, Settings(2, 2.), batch=2).vae.dtype == torch.float32 # force_upcast


def test_the_pipeline_itself(small):
    "What the engine does not take apart is painted by the library's own call, with generators on the CPU"
    with pretend('mps'):
        pipe = load_pipeline(small, 'float32')
        for lam in (0, .5): paint(pipe, SOURCES, ['a hat', 'a sock'], lam, [noise_of(1), noise_of(2)], Settings(2, 2., dtype='float32'))


def test_a_model_that_does_not_fit(tmp_path):
    tiny.sd(tmp_path)
    tiny.clip(tmp_path/'clip')
    def full(self, *args, **kwargs): raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')
    with pretend('cuda'), pytest.MonkeyPatch.context() as patch: # undone in the other order
        patch.setattr(torch.nn.Module, 'to', full)
        with pytest.raises(DisclError, match='does not fit into the memory of cuda'): load_pipeline(str(tmp_path), 'float32')
        with pytest.raises(DisclError, match='does not fit into the memory of cuda'): Clip(str(tmp_path/'clip'))


# CLIP

def test_clip(device):
    clip = Clip()
    images = fashion_lt()['train']
    pictures = [images.array(row) for row in range(5)]
    vectors = clip.images(pictures)
    assert clip.dtype == device_and_dtype()[1] and vectors.shape == (5, clip.dimensions)
    assert clip.probabilities(vectors@clip.classes(NAMES).T).shape == (5, 4)


@pytest.mark.parametrize('error', [torch.cuda.OutOfMemoryError(), RuntimeError('MPS backend out of memory (MPS allocated: 8.00 GB)'),
                                   RuntimeError('Invalid buffer size: 13.35 GB')])
def test_too_many_pictures_are_seen_in_parts(error, monkeypatch):
    clip, images = Clip(), fashion_lt()['train']
    pictures = [images.array(row) for row in range(7)]
    whole, seen, usual = clip.images(pictures), [], clip.model.get_image_features
    def small(pixel_values):
        if len(pixel_values) > 2: raise error
        seen.append(len(pixel_values))
        return usual(pixel_values=pixel_values)
    monkeypatch.setattr(clip.model, 'get_image_features', small)
    assert np.abs(clip.images(pictures) - whole).max() < .02 and sum(seen) == 7 and max(seen) <= 2


# Training

def looked_at(model, samples):
    "Everything that asks a trained model"
    assert predict(model, samples).shape == (len(samples), len(NAMES))
    assert features(model, samples, range(10)).shape[0] == 10
    return head_gradient(model, samples, np.arange(10))


@pytest.mark.parametrize('name', LOSSES)
def test_every_loss(name, garments):
    with pretend('cuda') as mode: one_loss(name, mode, garments)


@pytest.mark.parametrize('name', ['CE', 'FLYP'])
def test_every_precision(name, device, garments):
    one_loss(name, device, garments)


def one_loss(name, device, garments):
    pixels, labels = garments
    kind, samples = LOSSES[name], Samples(pixels, labels)
    model = clip_classifier('clip', NAMES) if kind.needs_clip else backbone('resnet10', len(NAMES), small=True, width=8)
    loss, callbacks = loss_of(name, np.bincount(labels), model)
    if kind.trains:
        learn = fit(model, samples.using(augmentation(28)), samples, 1, loss, bs=16, cbs=callbacks)
        assert np.isfinite(float(learn.recorder.losses[-1]))
    else: model.to(device_and_dtype()[0])
    assert next(model.parameters()).device.type == device.kind
    assert torch.isfinite(looked_at(model, samples)).all()


def test_a_clip_is_tuned(garments):
    with pretend('cuda', bf16=False): tuned_in_every_way(Samples(*garments))


def tuned_in_every_way(samples):
    start, tuned = (clip_classifier('clip', NAMES) for _ in range(2))
    linear_probe(tuned, samples, samples, Cs=(.1, 1))
    with_lora(tuned, 2)
    flyp(tuned, samples, samples, 1, bs=16, max_norm=1.)
    assert choose_alpha(start, merged(tuned), samples, (.5, 1.)).alpha in (.5, 1)


@pytest.mark.parametrize('extra', ['mixup', 'cutmix'])
def test_blended_batches(extra, garments):
    augment, callbacks = extras([extra], 28)
    model = backbone('resnet10', len(NAMES), small=True, width=8)
    with pretend('cuda'): fit(model, Samples(*garments, augment), Samples(*garments), 1, cross_entropy, bs=16, cbs=callbacks)


def test_generated_features(garments):
    samples = Samples(*garments)
    with pretend('cuda'):
        model = backbone('resnet10', len(NAMES), small=True, width=8).to(device_and_dtype()[0])
        assert ldmlr(model, samples, samples, epochs=1, steps=5, bs=16)['steps'] > 0


def test_autocast_follows_the_model():
    "A model that stayed on the CPU beside a card without bfloat16 is not given float16"
    with pretend('cuda', bf16=False) as mode:
        with autocast(torch.device('cuda')), autocast(torch.device('cpu')): pass
    assert ('cuda', torch.float16, True) in mode.autocasts
    assert not any(kind == 'cpu' and dtype == torch.float16 for kind, dtype, _ in mode.autocasts)


def test_too_large_a_batch_is_a_sentence(garments):
    class Full(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(3, 4)
        def forward(self, x):
            if self.training: raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')
            return self.fc(x.mean((2, 3)))
    with pytest.raises(DisclError, match='too small to train with batches of 16: make bs smaller'):
        fit(Full(), Samples(*garments), Samples(*garments), 1, cross_entropy, bs=16)


def test_pictures_are_looked_at_in_parts(garments):
    samples, model = Samples(*garments), backbone('resnet10', len(NAMES), small=True, width=8)
    whole, seen = predict(model, samples), features(model, samples)
    usual, after = model.forward, model.fc.forward
    def small(x):
        if len(x) > 20: raise torch.cuda.OutOfMemoryError
        return usual(x)
    model.forward = small
    assert np.abs(predict(model, samples) - whole).max() < .02
    assert (features(model, samples) - seen).abs().max() < .05
    def late(x): # after the head has been asked
        if len(x) > 20: raise torch.cuda.OutOfMemoryError
        return after(x)
    model.forward, model.fc.forward = usual, late
    assert (features(model, samples) - seen).abs().max() < .05


# The self-test

def test_the_selftests_file(tmp_path, monkeypatch, capsys):
    from discl import cli
    monkeypatch.chdir(tmp_path)
    cli.perform('doctor', ['--gpu', '--device', 'cpu', '--short', '--out', str(tmp_path/'here')])
    report = json.loads((tmp_path/'here/selftest.json').read_text(encoding='utf-8'))
    assert set(report) == {'form', 'versions', 'built_for', 'system', 'threads', 'device', 'precision', 'model', 'failures', 'exact',
                           'painting', 'memory', 'scoring', 'training', 'seconds'}
    assert report['failures'] == [] and report['device']['kind'] == 'cpu' and report['model'] == EMBEDDED
    assert report['exact']['float32']['largest'] <= 2 and report['painting']['ratio'] > 0
    text = json.dumps(report)
    assert str(tmp_path) not in text and len(text) < 4000 and 'of what the bare UNet' in capsys.readouterr().out


def test_the_selftest_finds_what_is_not_exact(tmp_path, monkeypatch):
    from discl import cli
    selftest = import_module('discl.runs.selftest')
    honest = Engine.predict
    monkeypatch.setattr(Engine, 'predict', lambda self, *given: honest(self, *given) + .05)
    for part in ('_painting', 'scoring_speed', 'training_speed'): monkeypatch.setattr(selftest, part, lambda *given: None)
    with pytest.raises(SystemExit) as ended: cli.perform('doctor', ['--gpu', '--device', 'cpu', '--short', '--out', str(tmp_path)])
    assert ended.value.code == 1
    assert 'of 255 from the library' in (tmp_path/'selftest.json').read_text(encoding='utf-8')


def test_no_gpu_is_said(tmp_path, monkeypatch):
    from discl import cli
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.backends.mps, 'is_available', lambda: False)
    with pytest.raises(SystemExit) as ended: cli.perform('doctor', ['--gpu', '--out', str(tmp_path)])
    assert 'no GPU here' in str(ended.value.code) and '--device cpu' in str(ended.value.code) and not list(tmp_path.iterdir())
