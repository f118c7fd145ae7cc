"""Photographs from files to batches at 224 px: `python benchmarks/loading.py [--quick] [--folder FOLDER]`

JPEG files of 500 × 375 pixels and some 100 kB are made (400 different ones, under as many names as are wanted), then read in the same
order by `ListLoader` over `Samples`, and by torchvision's ImageFolder with a torch DataLoader. Both decode, crop and resize at random
(RandomResizedCrop(224)), mirror, scale and normalise, in batches of 128, with as many workers as there are cores: ours are threads of one
process, torch's are processes that live through all rounds. The third side is our loader with such processes in the place of threads
(`num_workers`); it begins them anew each round, as fastai does. The sides take turns in this process; counted is the time from asking for
the first batch to having the last. Memory is that of the process with its children (PSS, which counts a shared page once), at the end of a round.

What the network takes on these cores is measured with random images in batches of 32, in the precision that discl trains in.

Memory against the number of images is measured in a process for each number: one epoch of `fit` over a Mixture of so many files, and its
validation over as many, with a network of two layers, so that it ends; peak memory beyond what this process had after two steps of
training on random images in batches of that size, before it opened a file. The last figure is the same for `ResNet-10`, over 2,000 files, for what waits while a real network trains."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

warnings.filterwarnings('ignore')
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402
from torchvision.datasets import ImageFolder  # noqa: E402
from torchvision.models import resnet50  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from discl.core.devices import autocast, device_and_dtype, seeded  # noqa: E402
from discl.data.pixels import open_pixels  # noqa: E402
from discl.data.sets import ImageSet  # noqa: E402
from discl.models.networks import resnet10  # noqa: E402
from discl.spectrum.store import Store  # noqa: E402
from discl.train.fitting import fit  # noqa: E402
from discl.train.losses import cross_entropy  # noqa: E402
from discl.train.mixture import build_mixture, fixed_samples  # noqa: E402
from discl.train.samples import MEAN, STD, ListLoader, Samples, augmentation  # noqa: E402

BS, SIZE, CLASSES, CORES = 128, 224, 10, os.cpu_count() or 1


def photograph(rng):
    "Detail at every scale, as in a photograph, and the noise of a camera"
    total = np.zeros((375, 500, 3), np.float32)
    for octave in range(1, 9):
        coarse = rng.normal(0, 1, (3*2**octave//4 + 1, 2**octave, 3)).astype(np.float32)
        layers = [np.asarray(Image.fromarray(coarse[..., c]).resize((500, 375), Image.BICUBIC)) for c in range(3)]
        total += np.stack(layers, -1)*48/octave**.7
    grey = total.mean(-1, keepdims=True)
    return np.clip(128 + 1.2*grey + .35*(total - grey) + rng.normal(0, 5, (375, 500, 1)), 0, 255).astype(np.uint8)


def make_files(folder, n):
    "n names of 400 files at most, in a folder for each class"
    rng = np.random.default_rng(0)
    different = min(n, 400)
    for k in range(n):
        path = folder/f'class {k % CLASSES}'/f'{k:06}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists(): continue
        if k < different: Image.fromarray(photograph(rng)).save(path, quality=92)
        else: os.link(folder/f'class {(k % different) % CLASSES}'/f'{k % different:06}.jpg', path)
    return np.mean([(folder/f'class {k % CLASSES}'/f'{k:06}.jpg').stat().st_size for k in range(different)])/1e3


def image_set(folder, n, split='train'):
    "The first n files as a table, which does not say how large they are"
    rows = np.arange(n)
    paths = [str(folder/f'class {k % CLASSES}'/f'{k:06}.jpg') for k in rows]
    return ImageSet(pd.DataFrame(dict(id=[f'{k:06}' for k in rows], label=rows % CLASSES, split=split, path=paths)), [*map(str, range(CLASSES))])


def proportional(pid):
    "MB of a process and its children, a shared page counted once"
    found, children = 0, Path(f'/proc/{pid}/task').glob('*/children')
    try: found = int(Path(f'/proc/{pid}/smaps_rollup').read_text(encoding='ascii').split('Pss:')[1].split()[0])/1e3
    except (OSError, IndexError): return 0.
    return found + sum(proportional(int(child)) for path in children for child in path.read_text(encoding='ascii').split())


def timed(batches, images):
    "Images a second, and MB when the last batch has come"
    start, seen = time.perf_counter(), 0
    for x, _ in batches:
        seen += len(x)
        memory = proportional(os.getpid()) if seen >= images else 0
        if seen >= images: break
    seconds = time.perf_counter() - start
    return seen/seconds, memory


def sides(folder, n):
    "name -> a function that gives a round's batches"
    images = image_set(folder, n)
    samples = Samples(open_pixels(images, SIZE, originals=True, kind='decoded'), images.labels, augmentation(SIZE))
    samples.pixels.keep = False
    order = np.random.default_rng(1).permutation(n)[:n//BS*BS]
    usual = v2.Compose([v2.RandomResizedCrop(SIZE, antialias=True), v2.RandomHorizontalFlip(), v2.ToImage(),
                        v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    theirs = torch.utils.data.DataLoader(ImageFolder(folder, usual), BS, sampler=order.tolist(), num_workers=CORES, persistent_workers=True)
    threads, processes = ListLoader(samples, order, bs=BS), ListLoader(samples, order, bs=BS, num_workers=CORES)
    return {'threads': threads, 'processes': processes, 'ImageFolder': theirs}, len(order)


def compare(folder, n, rounds):
    "Median images/s by side, the ratios of ours to theirs by round"
    loaders, images = sides(folder, n)
    for loader in loaders.values(): timed(loader, BS) # begins processes, reads files once
    found = {name: [] for name in loaders}
    for turn in range(rounds):
        for name in list(loaders)[::1 - 2*(turn % 2)]: found[name].append(timed(loaders[name], images))
    ratios = [ours[0]/theirs[0] for ours, theirs in zip(found['threads'], found['ImageFolder'])]
    for name, of_rounds in found.items():
        print(f'{name:12} {np.median([rate for rate, _ in of_rounds]):7.0f} images/s (by round {", ".join(f"{rate:.0f}" for rate, _ in of_rounds)}), '
              f'{np.median([memory for _, memory in of_rounds]):6.0f} MB', flush=True)
    return np.median([rate for rate, _ in found['threads']]), ratios


def trained(model, bs, steps):
    "Images a second that a network takes"
    device = device_and_dtype()[0]
    model = model.to(device, memory_format=torch.channels_last).train()
    x = torch.randn(bs, 3, SIZE, SIZE, device=device).to(memory_format=torch.channels_last)
    y, opt = torch.arange(bs, device=device) % CLASSES, torch.optim.AdamW(model.parameters(), 1e-3)
    rates = []
    with autocast(device):
        for _ in range(steps):
            start = time.perf_counter()
            nn.functional.cross_entropy(model(x).float(), y).backward()
            opt.step()
            opt.zero_grad()
            rates.append(bs/(time.perf_counter() - start))
    return max(rates)


def tiny(): return nn.Sequential(nn.Conv2d(3, 8, 16, 16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES))


def status(name): return int(Path('/proc/self/status').read_text(encoding='ascii').split(f'{name}:')[1].split()[0])/1e3


def one_pass(folder, n, network, bs):
    "MB at the peak of an epoch and its validation, beyond those after a step on random images"
    model = resnet10(CLASSES) if network == 'resnet10' else tiny()
    trained(model, bs, 2)
    before = status('VmRSS')
    images = image_set(folder, n)
    with tempfile.TemporaryDirectory() as empty:
        scored = pd.DataFrame(dict(job=[], source=[], lam=[], kept=[], name=[]))
        mixture = build_mixture(images, images[images.items.id[:10]], scored, Store(empty), SIZE, levels=[.5])
        validation = fixed_samples(image_set(folder, n, 'val'), SIZE)
    start = time.perf_counter()
    fit(model, mixture.samples(augmentation(SIZE)), validation, 1, cross_entropy, bs=bs)
    return dict(n=n, over=max(status('VmHWM') - before, 0), before=before, seconds=time.perf_counter() - start, kinds=[mixture.pixels.kind, validation.kind])


def memory(folder, n, network, bs=BS):
    "`one_pass` in a process of its own"
    command = [sys.executable, __file__, '--folder', str(folder), '--one', str(n), network, str(bs)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    print(f'{network:9} {n:6,} files: at most {found["over"]:5.0f} MB over the {found["before"]:.0f} MB of the process and its model '
          f'(training {found["kinds"][0]}, validation {found["kinds"][1]}; {2*n/found["seconds"]:.0f} images/s)', flush=True)
    return found['over']


def main(quick, folder):
    numbers = (1000, 2000) if quick else (5000, 20_000, 50_000)
    kilobytes = make_files(folder, max(numbers))
    torch.set_num_threads(CORES)
    print(f'{SIZE} px from JPEG of 500 × 375 and {kilobytes:.0f} kB, batches of {BS}, {CORES} cores, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}')
    rate, ratios = compare(folder, 640 if quick else 2560, 3 if quick else 7)
    for name, model in {'ResNet-10 of width 64': resnet10(CLASSES), 'ResNet-50': resnet50(num_classes=CLASSES)}.items():
        takes = trained(model, 32, 4 if quick else 8)
        print(f'{name:22} trains {takes:6.1f} images/s: the loader alone makes {rate/takes:.1f} × as many', flush=True)
    for n in numbers: memory(folder, n, 'tiny')
    memory(folder, 640 if quick else 2000, 'resnet10')
    print(f'ours to theirs by round: {", ".join(f"{ratio:.2f}" for ratio in ratios)}')
    print(f'loading: ratio {np.median(ratios):.2f}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='the same lines within a minute or two')
    parser.add_argument('--folder', type=Path, help='where files are made, and found again; left out: a temporary folder')
    parser.add_argument('--one', nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one: print(json.dumps(one_pass(given.folder, int(given.one[0]), given.one[1], int(given.one[2]))))
    elif given.folder: main(given.quick, given.folder)
    else:
        with tempfile.TemporaryDirectory() as folder: main(given.quick, Path(folder))
