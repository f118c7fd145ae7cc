"""The curriculum Learner against a bare PyTorch loop: `python benchmarks/training.py [--quick]`

Both train the same ResNet-10 from the same weights on the same lists of rows, with the same shift and flip, Adam with the same constants
and decoupled decay, a cosine learning rate per step and the same precision, in this process, in turns. The bare loop gets its lists ready,
reads a batch by one call, and does nothing but the step. The Learner is `discl.train.fit` with its curriculum, loader and callbacks; counted is everything
from the beginning of an epoch to the end of its training, with the drawing of the list. Validation, which only the Learner has, is not counted.
The last side is the same loop over torch's DataLoader, augmenting image by image with torchvision, which is what is usual.

A grid's arms share a seed's pretraining, spectrum and scores. What that saves is timed too: `run_grid` of one seed's arms together, in
wall time, against the sum of the same arms each in a folder of its own. Every arm here trains on synthetic images, so that alone, too, it
needs all three; everything is imported and each side has loaded its models once before."""
import argparse
import tempfile
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings('ignore')
from fastai.callback.core import Callback  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from discl.curriculum.lists import TrainingRows  # noqa: E402
from discl.curriculum.strategies import schedule  # noqa: E402
from discl.runs.recipe import preset  # noqa: E402
from discl.runs.grids import Grid, run_grid  # noqa: E402
from discl.core.devices import autocast, device_and_dtype, seeded  # noqa: E402
from discl.models.networks import resnet10  # noqa: E402
from discl.train.samples import MEAN, STD, Samples, augmentation  # noqa: E402
from discl.train.losses import cross_entropy  # noqa: E402
from discl.train.callback import Curriculum  # noqa: E402
from discl.train.fitting import fit  # noqa: E402

BS, SIZE, CLASSES, R, P, LR = 128, 32, 10, .3, .3, 1e-3
LEVELS = (0., .1, .3, .5)
ARMS = ('CE/diverse-to-specific', 'CE/all-level', 'BS/diverse-to-specific')


class Start(Callback):
    order = -100

    def before_fit(self): self.seconds = 0.
    def before_epoch(self): self.since = time.perf_counter()


class Stop(Callback):
    order = 100

    def __init__(self, start): self.start = start
    def after_train(self): self.start.seconds += time.perf_counter() - self.start.since


class OneByOne(torch.utils.data.Dataset):
    "The usual way: transforms of one image"
    def __init__(self, samples, rows):
        self.samples, self.rows = samples, rows
        self.change = v2.Compose([v2.RandomCrop(SIZE, padding=SIZE//8), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])

    def __len__(self): return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        image = torch.from_numpy(self.samples.pixels[row]).permute(2, 0, 1)
        return self.change(image), self.samples.labels[row]


def table(n):
    "Random pixels: half of them real, of which a tenth is tail; the rest in four pools"
    rng = np.random.default_rng(0)
    samples = Samples(rng.integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8), rng.integers(0, CLASSES, n), augmentation(SIZE))
    pools = dict(zip(LEVELS, np.array_split(np.arange(n//2, n), len(LEVELS))))
    return samples, TrainingRows(np.arange(n//20, n//2), np.arange(n//20), pools)


def network(width):
    with seeded(0): return resnet10(CLASSES, small=True, width=width)


def learner(samples, rows, epochs, width):
    "Seconds, and the lists that were trained on"
    curriculum = Curriculum(schedule('diverse-to-specific', LEVELS, epochs, epochs), rows, R, P)
    start, few = Start(), Samples(samples.pixels[:8], samples.labels[:8])
    fit(network(width), samples, few, epochs, cross_entropy, curriculum, lr=LR, bs=BS, cbs=[start, Stop(start)])
    return start.seconds, [rows for _, rows in curriculum.history]


def loop(batches, lists, width):
    "Seconds; `batches` makes an epoch's batches from its rows"
    device = device_and_dtype()[0]
    model = network(width).to(device, memory_format=torch.channels_last).train()
    opt = torch.optim.AdamW(model.parameters(), LR, betas=(.9, .99), eps=1e-5, weight_decay=1e-5)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(opt, sum(len(rows)//BS for rows in lists))
    start = time.perf_counter()
    with autocast(device):
        for rows in lists:
            for x, y in batches(rows):
                loss = torch.nn.functional.cross_entropy(model(x.to(device, memory_format=torch.channels_last)).float(), y.to(device))
                loss.backward()
                opt.step()
                opt.zero_grad()
                slower.step()
                loss.item()
    return time.perf_counter() - start


def grid_seconds(recipe, arms):
    "Wall time of one seed's cells in a new folder"
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        cells = run_grid(Grid(recipe, tuple(arms), seeds=1, imbalances=(100,)), folder, say=lambda s: None, bar=False)
        assert len(cells) == len(arms)
        return time.perf_counter() - start


def sharing(quick):
    "Seconds of a grid, of each of its arms alone, and what the grid was"
    short = dict(seeds=(10,), pretrain_epochs=2, epochs=2, curriculum_epochs=2, width=8, levels=(.3, .5), share=.95, validate=10)
    recipe = preset('fashion-lt', **(short if quick else dict(short, seeds=(10, 20), pretrain_epochs=8, epochs=6, curriculum_epochs=5, levels=LEVELS, width=32)))
    painted = len(recipe.generator.levels)*len(recipe.generator.seeds)
    said = (f'{recipe.training.pretrain_epochs} epochs of pretraining, {painted} images of each hard one, '
            f'{recipe.training.epochs} epochs an arm')
    grid_seconds(recipe.replace(**dict(short, pretrain_epochs=1)), ARMS[:1])
    alone = {arm: grid_seconds(recipe, [arm]) for arm in ARMS}
    return grid_seconds(recipe, ARMS), alone, said


def main(quick):
    n, epochs, width, turns = (3000, 4, 32, 3) if quick else (24000, 4, 32, 3)
    samples, training_rows = table(n)
    whole = lambda rows: (samples.batch(rows[k:k + BS]) for k in range(0, len(rows) - BS + 1, BS))
    single = lambda rows: torch.utils.data.DataLoader(OneByOne(samples, rows), BS, drop_last=True)
    learner(*table(2000), 4, width)
    ratios, ours, bare = [], [], []
    for turn in range(turns):
        seconds, lists = learner(samples, training_rows, epochs, width)
        images = sum(len(rows)//BS*BS for rows in lists)
        ours.append(images/seconds)
        bare.append(images/loop(whole, lists, width))
        ratios.append(ours[-1]/bare[-1])
    usual = images/loop(single, lists, width)
    start = time.perf_counter()
    for rows in lists:
        for _ in whole(rows): pass
    data = images/(time.perf_counter() - start)
    print(f'ResNet-10 of width {width}, {SIZE} × {SIZE} pixels, batch {BS}, {images} images a turn, {torch.get_num_threads()} threads, torch {torch.__version__}')
    print(f'bare loop, whole batches     {np.median(bare):8.0f} images/s\ncurriculum Learner           {np.median(ours):8.0f} images/s   of the bare loop, by turn: {", ".join(f"{r:.3f}" for r in ratios)}')
    print(f'loop, one image at a time    {usual:8.0f} images/s   the Learner is {np.median(ours)/usual:.2f}× as fast\nreading and augmenting alone {data:8.0f} images/s')
    together, alone, what = sharing(quick)
    print(f'grid of {len(alone)} arms, one seed: {together:.1f} s together, {sum(alone.values()):.1f} s as the sum of {" + ".join(f"{v:.1f}" for v in alone.values())} s alone: sharing pays {sum(alone.values())/together:.2f}× ({what})')
    print(f'training: ratio {np.median(ratios):.3f}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='the same lines within a minute')
    main(parser.parse_args().quick)
