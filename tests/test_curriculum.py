"Every curriculum with every loss and baseline: the same number of steps, the images it says, and nothing left behind."
import numpy as np
import pytest
import torch
from torch import nn

from discl.core.basics import DisclError
from discl.core.devices import seeded
from discl.curriculum.lists import TrainingRows
from discl.curriculum.progress import guidance_set, set_aside
from discl.curriculum.strategies import STRATEGIES, Stage, strategy_of
from discl.data.pixels import MemoryPixels
from discl.train.baselines import ClassLevels, Cuda, ldmlr
from discl.train.callback import Curriculum, ProgressProbe, SteepnessProbe, curriculum_of
from discl.train.fitting import CountSteps, fit
from discl.train.losses import LOSSES, loss_of
from discl.train.mixture import Mixture
from discl.train.samples import EXTRAS, augmentation, extras

LEVELS, EPOCHS = (0., .5), 5
NAMES = [f'{name}:0.5' if kind.takes_level else name for name, kind in STRATEGIES.items()]
MEASURING = [name for name, kind in STRATEGIES.items() if kind.needs != 'nothing']


@pytest.fixture(scope='module')
def mixture():
    "48 real images of three classes, of which 8 are tail; three synthetic ones of each tail image at each level"
    rng = np.random.default_rng(0)
    labels = np.r_[np.repeat([0, 1], 20), np.full(8, 2), np.full(48, 2)]
    owner = np.r_[[f'{i}' for i in range(48)], np.tile([f'{i}' for i in range(40, 48)], 6)]
    pixels = 60*labels[:, None, None, None] + 40 + rng.normal(0, 20, (96, 8, 8, 3))
    pixels = list(np.clip(pixels, 0, 255).astype(np.uint8))
    lam = np.repeat([1., 0., .5], [48, 24, 24])
    names = np.array([f'row {row}' for row in range(96)])
    rows = TrainingRows(np.arange(40), np.arange(40, 48), {0.: np.arange(48, 72), .5: np.arange(72, 96)})
    return Mixture(MemoryPixels(pixels), labels, lam, owner, names, 48, rows, ['hat', 'sock', 'shoe'])


@pytest.fixture(scope='module')
def guide(mixture):
    "Rows on which progress is measured"
    return guidance_set(mixture.owner, mixture.labels, mixture.rows, 3, np.random.default_rng(0))


@pytest.fixture(scope='module')
def left(mixture, guide):
    "Rows that are trained on, for every strategy alike"
    return set_aside(guide, mixture.owner, mixture.rows)


def network():
    with seeded(0):
        body = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return nn.Sequential(*body, nn.Linear(8, 3))


def probe_of(strategy, mixture, guide, left, size=8):
    "What the strategy needs, with a small guidance set"
    if strategy.needs == 'progress': return ProgressProbe(mixture.samples(), guide, LEVELS, size)
    if strategy.needs == 'gradients': return SteepnessProbe(mixture.samples(), left.pools)


@pytest.fixture(scope='module')
def train(mixture, guide, left):
    "A function that trains one arm"
    def one(name, loss='CE', cbs=(), augment=None, epochs=EPOCHS, **kw):
        model, steps = network(), CountSteps()
        strategy = strategy_of(name, LEVELS, epochs, epochs - 1, seed=1)
        curriculum = Curriculum(strategy, left, .5, .5, probe=probe_of(strategy, mixture, guide, left))
        criterion, more = loss_of(loss, [20, 20, 5], model)
        samples = mixture.samples(augment or augmentation(8))
        cbs = [*more, *cbs, steps]
        learn = fit(model, samples, mixture.samples(), epochs, criterion, curriculum, bs=8, cbs=cbs, **kw)
        return learn, curriculum, steps.n
    return one


@pytest.mark.parametrize('strategy', NAMES)
@pytest.mark.parametrize('loss', [name for name, kind in LOSSES.items() if not kind.needs_clip])
def test_every_arm_takes_the_same_steps(train, mixture, guide, left, strategy, loss):
    learn, curriculum, steps = train(strategy, loss, seed=3)
    assert steps == EPOCHS*5 and [len(rows) for _, rows in curriculum.history] == [40]*EPOCHS
    assert all(torch.isfinite(p).all() for p in learn.model.parameters())
    rows = np.concatenate([rows for _, rows in curriculum.history])
    assert not set(mixture.owner[guide[:, 0]]) & set(mixture.owner[rows])
    assert set(mixture.lam[rows]) - {1.} == {lam for stage, _ in curriculum.history for lam in stage.levels}
    with_levels = np.concatenate([rows for _, rows in curriculum.history[:-1]])
    has_tail = np.isin(with_levels, left.tail).any()
    assert has_tail == (strategy not in ('text-only', 'fixed:0.5'))
    assert len(curriculum.probes) == (4 if strategy in MEASURING else 0)


@pytest.mark.parametrize('strategy', ['none', 'diverse-to-specific', 'adaptive'])
@pytest.mark.parametrize('extra', [*EXTRAS, 'cuda', 'cuda + mixup'])
def test_augmentations_go_with_curricula(train, strategy, extra):
    if 'cuda' in extra:
        augment = ClassLevels(3, augmentation(8))
        blends = extras(['mixup'], 8)[1] if 'mixup' in extra else []
        cbs = [Cuda(augment, gamma=.3), *blends]
    else: augment, cbs = extras([extra], 8)
    learn, curriculum, steps = train(strategy, 'BS-stage', cbs, augment)
    assert steps == EPOCHS*5 and learn.loss_func.prior == 'stage'
    assert torch.equal(learn.loss_func.shift, learn.loss_func.counts.log())
    if 'cuda' in extra: assert len(cbs[0].history) == EPOCHS


def test_an_arm_is_reproducible_and_leaves_random_numbers_alone(train):
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    weights = []
    for seed in (1, 1, 2):
        levels = ClassLevels(3, augmentation(8))
        cbs = [Cuda(levels), *extras(['mixup'], 8)[1]]
        learn, _, _ = train('adaptive', 'BS', cbs, levels, seed=seed)
        weights.append(learn.model[-1].weight.detach().clone())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert torch.equal(state[0], torch.get_rng_state()) and (state[1] == np.random.get_state()[1]).all()


def test_a_head_is_retrained_on_generated_features(train, mixture, left):
    learn, _, _ = train('diverse-to-specific', 'BS')
    body = learn.model[0].weight.detach().clone()
    real = np.concatenate([left.nontail, left.tail])
    done = ldmlr(learn.model, mixture.samples(), mixture.samples(), real, epochs=3, steps=20, width=16)
    assert done['made'] == [5, 5, 5] and done['steps'] == 3 and torch.equal(learn.model[0].weight, body)


@pytest.mark.parametrize('needs', ['progress', 'gradients'])
def test_a_strategy_of_ones_own_sees_what_was_measured(mixture, needs):
    saw = []

    def own(epoch, epochs, levels, history):
        saw.append(len(history))
        return Stage((levels[len(history) % 2],))
    own.needs = needs
    curriculum = curriculum_of(strategy_of(own, LEVELS, 5, 4), mixture, .5, .5, guide=3, probe=8)
    samples = mixture.samples()
    fit(network(), samples, samples, 5, loss_of('CE', [1], None)[0], curriculum, bs=8)
    assert saw == [1, 1, 2, 2]
    assert [stage.levels for stage, _ in curriculum.history] == [(.5,), (.5,), (0.,), (0.,), ()]
    assert [len(rows) for _, rows in curriculum.history] == [sum(mixture.list_size(.5, .5))]*5


def test_a_probe_that_eats_the_epoch_is_refused(mixture):
    curriculum = curriculum_of(strategy_of('adaptive', LEVELS, 4), mixture, .5, .5, guide=3, probe=400)
    samples = mixture.samples()
    with pytest.raises(DisclError, match='make it smaller'):
        fit(network(), samples, samples, 4, loss_of('CE', [1], None)[0], curriculum, bs=8)
