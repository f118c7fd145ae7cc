"Arms, lists and trainings that cannot be, and orders that must not matter"
import numpy as np
import torch
from harness import Case
from torch import nn

from discl.core.devices import seeded
from discl.curriculum import STRATEGIES, TrainingRows, draw_evenly, epoch_list, guidance_set, list_size, schedule
from discl.curriculum import set_aside, strategy_of
from discl.data.pixels import MemoryPixels
from discl.train.arms import check_arm, parse_arm, parse_arms
from discl.train.baselines import fit_features, generated_counts, ldmlr, operate
from discl.train.callback import curriculum_of, probe_batches
from discl.train.fitting import fit, learning_rate
from discl.train.losses import LOSSES, cross_entropy, loss_of
from discl.train.mixture import Mixture
from discl.train.prediction import predict
from discl.train.samples import Samples, extras

LEVELS = (0., .3)


def nothing(folder): return {}


def asks(name, ask, *says):
    "A case of something that must be refused in a sentence with these words"
    return Case(name, nothing, call=lambda made: ask(), says=says)


def works(name, ask):
    "A case of something that must work; its asserts are in it"
    return Case(name, nothing, call=lambda made: ask(), fails=False)


def shades(n=24, classes=2):
    "Samples of dark and light images"
    pixels = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    return Samples(pixels, np.arange(n) % classes)


def linear(classes=2): return nn.Sequential(nn.Flatten(), nn.Linear(192, classes))


def trained(epochs=1, bs=8, samples=None, validation=None, **how):
    samples = samples or shades()
    validation = samples if validation is None else validation
    return fit(linear(), samples, validation, epochs, cross_entropy, bs=bs, **how)


def plan(name): return strategy_of(name, LEVELS, 6)


def checked(arm, counts=(100, 30, 6), size=(39, 19), bs=16, probe=16, hard=(0, 0, 6)):
    arm = parse_arm(arm)
    check_arm(arm, plan(arm.strategy_name), np.array(counts), size, bs, probe, None if hard is None else np.array(hard))


def mixture_of(order):
    "A world of 60 rows in another order: 30 real images and what was painted of the last ten of them"
    rng = np.random.default_rng(1)
    names = np.array([f'real{i:02}' for i in range(30)] + [f'made{i:02}' for i in range(30)])
    owner = np.array([*names[:30], *(f'real{20 + i % 10}' for i in range(30))])
    labels = np.r_[np.arange(20) % 2, 2 + np.arange(10) % 2, 2 + np.arange(30) % 10 % 2]
    lam = np.r_[np.ones(30), np.repeat([0., .3, .5], 10)]
    pixels = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    real, made = order.permutation(30), 30 + order.permutation(30)
    given = np.r_[real, made]
    by_name = given[np.r_[np.argsort(names[real]), 30 + np.argsort(names[made])]]
    rows = TrainingRows(np.arange(20), np.arange(20, 30), {x: np.flatnonzero(lam[by_name] == x) for x in (0., .3, .5)})
    return Mixture(MemoryPixels(pixels[by_name], None, 8), labels[by_name], lam[by_name], owner[by_name], names[by_name],
                   30, rows, [*'abcd'], Samples(pixels[:30], labels[:30]))


def one_training(order):
    "Names of all lists of an adaptive training, and its weights"
    mixture = mixture_of(order)
    curriculum = curriculum_of(strategy_of('adaptive', [0, .3, .5], 6), mixture, .5, .5, guide=3, probe=4)
    with seeded(0): model = linear(4)
    fit(model, mixture.samples(), mixture.validation, 6, cross_entropy, curriculum, bs=4)
    return [mixture.names[rows].tolist() for _, rows in curriculum.history], model[1].weight.detach()


def order_does_not_matter():
    lists, weights = one_training(np.random.default_rng(0))
    for seed in (1, 2):
        others, other_weights = one_training(np.random.default_rng(seed))
        assert others == lists and torch.equal(other_weights, weights)


def something_is_left():
    "However many sources may be set aside, every level keeps a sample"
    owner = np.array([*(f'r{i}' for i in range(8)), *(f'r{4 + i % 4}' for i in range(8))])
    labels = np.array([0]*4 + [1]*12)
    rows = TrainingRows(np.arange(4), np.arange(4, 8), {0.: np.arange(8, 12), .5: np.arange(12, 14)})
    rng = np.random.default_rng(0)
    guide = guidance_set(owner, labels, rows, 99, rng)
    left = set_aside(guide, owner, rows)
    assert all(len(pool) for pool in left.pools.values())
    for epoch in schedule('diverse-to-specific', [0, .5], 4): epoch_list(epoch, left, .5, .5, rng)


def one_name_for_one_arm():
    assert parse_arm('BS+mixup+CUDA/fixed:0.30') == parse_arm('BS+CUDA+mixup/fixed:.3')
    assert len(parse_arms([f'fixed:{k/1000}' for k in range(1000)])) == 1000


def every_kind_is_checked():
    for loss in [name for name, kind in LOSSES.items() if kind.trains]:
        for name, kind in STRATEGIES.items(): checked(f'{loss}/{name}' + ':0.3'*kind.takes_level)


def head_of_few():
    "A class without an image gets no features; two images are enough"
    made = ldmlr(linear(3), Samples(shades(2).pixels, [0, 1]), shades(2), epochs=1, bs=8, steps=2, width=8)
    assert made['made'] == [5, 5, 0]


BAD_ARMS = {
    '': 'a comma too many', '  ': 'a comma too many', 'nonne': r'did you mean none\?', 'bs/none': r'did you mean BS\?',
    'BS': 'write BS/none', 'CUDA/none': r'write CE\+CUDA/none', 'CE+CUDA+CUDA/none': 'CUDA is there twice',
    'CE+mixup+cutmix/none': 'choose one', 'CE+mixpu/none': r'did you mean mixup\?', 'CE+/none': 'unknown addition',
    '/none': 'unknown loss', 'CE/': 'unknown curriculum', 'CE/none/none': 'unknown loss', 'fixed': 'write fixed:0.3',
    'fixed:': 'not a number', 'fixed:nan': 'less than 1', 'fixed:inf': 'less than 1', 'fixed:2': 'less than 1',
    'fixed:1': 'less than 1', 'fixed:-0.1': 'at least 0', 'fixed:−0.3': 'not a number', 'fixed:0,3': 'not a number',
    'fixed:0.3:0.4': 'not a number', 'none:0.3': 'takes no level', 'none@': 'not a number', 'none@nan': 'finite number',
    'none@1e999': 'finite number', 'none@0.1@0.2': 'not a number', 'none\0': 'unknown curriculum',
    'x'*10**6: 'unknown curriculum',
}

ODD_TYPES = (None, 3, .5, b'none', ['none'], float('nan'))

CASES = [
    *(asks(f'the arm {text[:20]!r}', lambda text=text: parse_arm(text), says) for text, says in BAD_ARMS.items()),
    *(asks(f'the arm {odd!r}, no text', lambda odd=odd: parse_arm(odd), 'written as text') for odd in ODD_TYPES),
    asks('arms with an empty name', lambda: parse_arms(['none', '', 'oversample']), 'a comma too many'),
    asks('an arm twice', lambda: parse_arms(['none', 'CE/none']), 'is there twice'),
    asks('an arm twice, its level in two spellings', lambda: parse_arms(['fixed:0.3', 'fixed:.30']), 'is there twice'),
    asks('no arm at all', lambda: parse_arms([]), 'no arm'),
    asks('arms as one text', lambda: parse_arms('none,oversample'), 'a list is needed'),
    works('one name for one arm, and a thousand arms', one_name_for_one_arm),
    asks('a level that is not painted', lambda: plan('fixed:0.2'), 'among the levels 0.0, 0.3'),
    asks('text-only without λ = 0', lambda: strategy_of('text-only', [.3], 4), 'needs λ = 0'),
    asks('more levels than epochs', lambda: strategy_of('random', LEVELS, 4, 1), 'do not fit'),
    asks('a curriculum without a level', lambda: strategy_of('all-level', [1], 4), 'needs a level below 1'),
    asks('levels as a text', lambda: strategy_of('none', '0,.3', 4), 'a list of λ'),
    asks('a level that is no number', lambda: strategy_of('none', [np.nan], 4), 'level = nan'),
    asks('half an epoch', lambda: strategy_of('none', LEVELS, 2.5), 'epochs = 2.5'),
    asks('a negative seed', lambda: strategy_of('random', LEVELS, 4, seed=-1), 'seed = -1'),
    works('every loss with every curriculum passes the check', every_kind_is_checked),
    asks('a probe as long as its epoch', lambda: checked('adaptive', probe=256), 'CE/adaptive: a probe of 16 batches'),
    asks('a probe in a list of one batch', lambda: checked('adaptive', bs=10**6), 'an epoch of 1'),
    asks('hard classes of one image', lambda: checked('adaptive', hard=(0, 1, 1)), 'two hard images'),
    asks('a list without images', lambda: checked('none', size=(0, 0)), 'its list has 0 images'),
    *(asks(f'{loss} and a class without images', lambda loss=loss: checked(f'{loss}/none', (9, 0, 6)), 'class 1 has none')
      for loss in LOSSES if LOSSES[loss].each_class),
    works('CE and a class without images', lambda: checked('none', (9, 0, 6))),
    asks('a probe of no image', lambda: probe_batches(0, 8, 80), 'probe = 0'),
    asks('r that is no number', lambda: list_size(100, 5, np.nan, .1), 'r = nan'),
    asks('p of 1', lambda: list_size(100, 5, .3, 1), 'p = 1'),
    asks('p as a text', lambda: list_size(100, 5, .3, '0.1'), "p = '0.1'"),
    asks('images to draw from none', lambda: draw_evenly([], 3, np.random.default_rng(0)), 'there is none'),
    asks('a guidance set of no source', lambda: guidance_set([], [], TrainingRows([], [], {}), 0, np.random.default_rng(0)),
         'guide = 0'),
    works('something is left of every level', something_is_left),
    works('the order of rows changes neither lists nor weights', order_does_not_matter),
    asks('a batch larger than the set', lambda: trained(bs=99), 'do not fill a batch of 99'),
    asks('no validation image', lambda: trained(validation=Samples(np.zeros((0, 8, 8, 3), np.uint8), [])), 'validation'),
    asks('no epoch', lambda: trained(0), 'epochs = 0'),
    asks('a batch of none', lambda: trained(bs=0), 'bs = 0'),
    asks('a learning rate that is no number', lambda: trained(lr=np.nan), 'lr = nan'),
    asks('a learning rate that ends in no number', lambda: trained(3, lr=1e30), 'the loss is not finite'),
    asks('a weight decay below 0', lambda: trained(wd=-1), 'wd = -1'),
    asks('a warm-up of twice the training', lambda: learning_rate(.1, 2.), 'warmup = 2'),
    asks('a schedule that is not known', lambda: learning_rate(.1, schedule='cosin'), r'did you mean cosine\?'),
    asks('a schedule that is a list', lambda: learning_rate(.1, schedule=['cosine']), 'unknown schedule'),
    asks('a loss that is not known', lambda: loss_of('LDMA', [5, 5], None), r'did you mean LDAM\?'),
    asks('class probabilities of no image', lambda: predict(linear(), shades(), []), 'no image'),
    asks('labels that are no whole numbers', lambda: Samples(shades().pixels, [np.nan]*24), 'whole numbers'),
    asks('fewer labels than images', lambda: Samples(shades().pixels, [0, 1]), '2 labels'),
    asks('an augmentation that is not known', lambda: extras(['mixpu'], 32), 'unknown augmentation'),
    asks('an operation that is not known', lambda: operate(None, 'rotat', 3), r'did you mean rotate\?'),
    asks('features of one image', lambda: fit_features(torch.ones(1, 4), [0], 1), 'at least two'),
    asks('a width of no unit', lambda: fit_features(torch.ones(3, 4), [0]*3, 1, width=0), 'width = 0'),
    asks('a share that is no number', lambda: generated_counts([5], np.nan), 'share = nan'),
    works('two images, and a class without any', head_of_few),
]
