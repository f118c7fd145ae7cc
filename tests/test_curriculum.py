"Every curriculum with every loss and baseline: the same number of steps, the images it says, and nothing left behind."
import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from torch import nn

from discl.train.baselines import ClassLevels, Cuda, ldmlr
from discl.core.basics import DisclError
from discl.curriculum.lists import TrainingRows
from discl.curriculum.progress import guidance_set, set_aside
from discl.curriculum.strategies import STRATEGIES, Stage, strategy_of
from discl.core.devices import seeded
from discl.train.samples import EXTRAS, Samples, augmentation, extras
from discl.train.losses import LOSSES, loss_of
from discl.train.callback import Curriculum, ProgressProbe, SteepnessProbe
from discl.train.fitting import fit

LEVELS, EPOCHS = (0., .5), 5
NAMES = [f'{name}:0.5' if kind.takes_level else name for name, kind in STRATEGIES.items()]


def parts_of(world):
    "The rows as `Curriculum` takes them"
    return world['lists'].nontail, world['lists'].tail, world['lists'].pools


@pytest.fixture(scope='module')
def world():
    "48 real images of three classes, of which 8 are tail; three synthetic ones of each tail image at each level"
    rng = np.random.default_rng(0)
    labels = np.r_[np.repeat([0, 1], 20), np.full(8, 2), np.full(48, 2)]
    owner = np.r_[[f'{i}' for i in range(48)], np.tile([f'{i}' for i in range(40, 48)], 6)]
    pixels = np.clip(60*labels[:, None, None, None] + 40 + rng.normal(0, 20, (96, 8, 8, 3)), 0, 255).astype(np.uint8)
    pools = {0.: np.arange(48, 72), .5: np.arange(72, 96)}
    rows = TrainingRows(np.arange(40), np.arange(40, 48), pools)
    guide = guidance_set(owner, labels, rows, 3, rng)
    return dict(samples=Samples(pixels, labels, augmentation(8)), owner=owner, guide=guide, lists=set_aside(guide, owner, rows))


class Steps(Callback):
    def before_fit(self): self.n = 0
    def after_step(self): self.n += 1


def network():
    with seeded(0): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))


def arm(world, strategy, loss='CE', cbs=(), augment=None, epochs=EPOCHS, **kw):
    samples, model, steps = world['samples'], network(), Steps()
    samples = samples.using(augment or samples.augment)
    probe = dict(adaptive=ProgressProbe(samples.using(None), world['guide'], LEVELS, 8), steepest=SteepnessProbe(samples.using(None), world['lists'].pools)).get(strategy)
    curriculum = Curriculum(strategy_of(strategy, LEVELS, epochs, epochs - 1, seed=1), *parts_of(world), .5, .5, probe=probe)
    fitted, own = loss_of(loss, [20, 20, 5], model)
    learn = fit(model, samples, samples.using(None), epochs, fitted, curriculum, bs=8, cbs=[*own, *cbs, steps], **kw)
    return learn, curriculum, steps.n


@pytest.mark.parametrize('strategy', NAMES)
@pytest.mark.parametrize('loss', LOSSES)
def test_every_arm_takes_the_same_steps(world, strategy, loss):
    learn, curriculum, steps = arm(world, strategy, loss, seed=3)
    assert steps == EPOCHS*5 and [len(rows) for _, rows in curriculum.history] == [40]*EPOCHS
    assert all(torch.isfinite(p).all() for p in learn.model.parameters())
    aside = set(world['owner'][world['guide'][:, 0]])
    rows = np.concatenate([rows for _, rows in curriculum.history])
    assert not aside & set(world['owner'][rows])
    synthetic = {float(l) for l, pool in world['lists'].pools.items() if np.isin(rows, pool).any()}
    assert synthetic == {l for stage, _ in curriculum.history for l in stage.levels}
    tail = np.isin(np.concatenate([rows for _, rows in curriculum.history[:-1]]), world['lists'].tail).any()
    assert tail == (strategy not in ('text-only', 'fixed:0.5'))
    assert len(curriculum.probes) == (4 if strategy in ('adaptive', 'steepest') else 0)


@pytest.mark.parametrize('strategy', ['none', 'diverse-to-specific', 'adaptive'])
@pytest.mark.parametrize('extra', [*EXTRAS, 'cuda', 'cuda + mixup'])
def test_augmentations_go_with_curricula(world, strategy, extra):
    if 'cuda' in extra:
        levels = ClassLevels(3, augmentation(8))
        augment, cbs = levels, [Cuda(levels, gamma=.3), *(extras(['mixup'], 8)[1] if 'mixup' in extra else [])]
    else: augment, cbs = extras([extra], 8)
    learn, curriculum, steps = arm(world, strategy, 'BS-stage', cbs, augment)
    assert steps == EPOCHS*5 and learn.loss_func.prior == 'stage'
    assert torch.equal(learn.loss_func.shift, learn.loss_func.original.log())
    if 'cuda' in extra: assert len(cbs[0].history) == EPOCHS


def test_an_arm_is_reproducible_and_leaves_random_numbers_alone(world):
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    weights = []
    for seed in (1, 1, 2):
        levels = ClassLevels(3, augmentation(8))
        learn, curriculum, _ = arm(world, 'adaptive', 'BS', [Cuda(levels), *extras(['mixup'], 8)[1]], levels, seed=seed)
        weights.append(learn.model[-1].weight.detach().clone())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert torch.equal(state[0], torch.get_rng_state()) and (state[1] == np.random.get_state()[1]).all()


def test_a_head_is_retrained_on_generated_features(world):
    learn, _, _ = arm(world, 'diverse-to-specific', 'BS')
    body = learn.model[0].weight.detach().clone()
    done = ldmlr(learn.model, world['samples'].using(None), world['samples'].using(None), np.concatenate(parts_of(world)[:2]), epochs=3, steps=20, width=16)
    assert done['made'] == [5, 5, 5] and done['steps'] == 3 and torch.equal(learn.model[0].weight, body)


def test_a_strategy_of_ones_own_sees_what_was_measured(world):
    saw = []

    def own(epoch, epochs, levels, history):
        saw.append(len(history))
        return Stage((levels[len(history) % 2],))
    samples = world['samples']
    curriculum = Curriculum(strategy_of(own, LEVELS, 5, 4), *parts_of(world), .5, .5, probe=ProgressProbe(samples.using(None), world['guide'], LEVELS, 8))
    fit(network(), samples, samples.using(None), 5, loss_of('CE', [1], None)[0], curriculum, bs=8)
    assert saw == [1, 1, 2, 2]
    assert [s.levels for s, _ in curriculum.history] == [(.5,), (.5,), (0.,), (0.,), ()]


def test_a_probe_that_eats_the_epoch_is_refused(world):
    samples = world['samples']
    curriculum = Curriculum(strategy_of('adaptive', LEVELS, 4), *parts_of(world), .5, .5, probe=ProgressProbe(samples.using(None), world['guide'], LEVELS, 400))
    with pytest.raises(DisclError, match='make it smaller'): fit(network(), samples, samples.using(None), 4, loss_of('CE', [1], None)[0], curriculum, bs=8)
