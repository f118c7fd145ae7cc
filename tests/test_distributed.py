"""Two processes train one network: each row is seen once, and both choose the same stages, epochs and weights.

`python tests/test_distributed.py FOLDER` starts the two, and writes what they came to."""
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.optimizer import Adam
from fastai.torch_core import num_distrib, rank_distrib
from PIL import Image
from torch import nn
from torch.multiprocessing import start_processes

from discl.core.devices import forced_device, forced_dtype, seeded
from discl.curriculum.lists import TrainingRows
from discl.curriculum.strategies import strategy_of
from discl.data.pixels import DecodedPixels
from discl.data.sets import ImageSet
from discl.models.clip import Clip
from discl.models.clip_classifier import ClipClassifier
from discl.train.callback import Curriculum, ProgressProbe
from discl.train.clip_tuning import flyp
from discl.train.fitting import KeepBest, chooser, fit
from discl.train.losses import cross_entropy
from discl.train.samples import ListLoader, Samples

BS, EPOCHS = 8, 6 # of each of two processes, or twice as many of one
ONE_THREAD = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
VALIDATION = 2*2*BS + 1 # the last batch has one image: one process reads it for nothing


class Spy(Samples):
    "Writes down which rows are read"
    def batch(self, rows):
        self.seen.extend(map(int, rows))
        return super().batch(rows)


class Unsure(ProgressProbe):
    "The second process measures something else, as it might in the last digit"
    def measure(self, model):
        found = super().measure(model)
        return {lam: 0*value + lam for lam, value in found.items()} if rank_distrib() else found


def some(n, seed):
    "Noise, in which the class is a shade"
    labels = np.arange(n) % 2
    noise = np.random.default_rng(seed).integers(0, 200, (n, 8, 8, 3))
    return (noise + 30*labels[:, None, None, None]).astype(np.uint8), labels


def network():
    "Without batch norm, whose statistics would be of each process's part"
    with seeded(0): return nn.Sequential(nn.Flatten(), nn.Linear(192, 16), nn.ReLU(), nn.Linear(16, 2))


def curriculum():
    rows = TrainingRows(np.arange(60), np.arange(60, 80), {0.: np.arange(80, 110), .5: np.arange(110, 140)})
    guide = np.stack([np.arange(140, 150), np.arange(150, 160)], 1)
    probe = Unsure(Samples(*some(160, 0)), guide, [0., .5], 16)
    return Curriculum(strategy_of('adaptive', [0., .5], EPOCHS, 4), rows, .9, .5, probe=probe)


def outcome(learn, cb, best, seen):
    "What a training leaves, as tensors"
    network, found = learn.model.state_dict(), {}
    for name in network: found[f'weight {name}'] = network[name]
    for epoch, (stage, rows) in enumerate(cb.history): found[f'list {epoch}'] = torch.tensor(rows)
    found['levels'] = torch.tensor([stage.levels == (.5,) for stage, _ in cb.history])
    found['measured'] = torch.tensor(cb.measured().to_numpy(float))
    found['seen'] = torch.tensor(seen)
    found['curve'] = torch.tensor(best.curve)
    found['best'] = torch.tensor(best.at)
    found['said'] = torch.tensor(np.array(list(learn.recorder.values), float))
    return found


def by_learner(bs):
    "A Learner and loaders of the user's own, under fastai's context manager"
    spied, judged = Spy(*some(160, 0)), Samples(*some(VALIDATION, 1))
    cb, best = curriculum(), KeepBest(measure='macro_f1')
    spied.seen = []
    loaders = DataLoaders(ListLoader(spied, bs=bs, drop_last=True), ListLoader(judged, bs=bs))
    learn = Learner(loaders, network(), cross_entropy, opt_func=Adam, metrics=[accuracy, chooser('macro_f1')])
    with learn.no_bar(), learn.no_logging():
        if num_distrib() < 2: learn.fit(EPOCHS, .003, cbs=[cb, best])
        else:
            with learn.distrib_ctx(cpu=True, sync_bn=False): learn.fit(EPOCHS, .003, cbs=[cb, best])
    return outcome(learn, cb, best, spied.seen)


def files(folder):
    "Pictures that threads decode ahead"
    pixels, labels = some(52, 2)
    paths = [str(Path(folder)/f'{k}.png') for k in range(len(pixels))]
    if not rank_distrib() and not Path(paths[-1]).exists():
        for path, image in zip(paths, pixels): Image.fromarray(image).save(path)
    items = pd.DataFrame(dict(id=[f'{k:02}' for k in range(52)], label=labels, split='train', path=paths))
    return ImageSet(items, ['dark', 'light'])


class Lists(Callback):
    "Keeps the list of each epoch"
    def before_fit(self): self.found = []
    def after_epoch(self): self.found.append(self.learn.dls.train.rows)


def by_fit(bs, images):
    "`fit`, which knows by itself that it is one of several; pictures from files, and patience"
    decoded, judged, lists = Spy(DecodedPixels(images, 8), images.labels), Samples(*some(VALIDATION, 1)), Lists()
    decoded.seen = []
    assert decoded.apart
    about = dict(bs=bs, lr=.003, patience=2, warmup_steps=2, cbs=[lists])
    learn = fit(network(), decoded, judged, 5, cross_entropy, **about)
    found = {f'weight {name}': tensor for name, tensor in learn.model.state_dict().items()}
    found |= {f'list {epoch}': torch.tensor(rows) for epoch, rows in enumerate(lists.found)}
    found |= dict(curve=torch.tensor(learn.best.curve), best=torch.tensor(learn.best.at))
    return found | dict(seen=torch.tensor(decoded.seen))


def by_clip(bs, contrastive):
    "A CLIP, some of whose weights have no gradient"
    classifier = ClipClassifier(Clip(), ['coat', 'bag'])
    train, judged = Samples(*some(32, 0)), Samples(*some(10, 1))
    tune = flyp if contrastive else partial(fit, loss=cross_entropy)
    tune(classifier, train, judged, 2, lr=1e-3, bs=bs)
    return {f'weight {name}': tensor for name, tensor in classifier.state_dict().items()}


def trained(bs, folder):
    "Every training -> what it left"
    with forced_device('cpu'), forced_dtype('float32'):
        images = files(folder)
        of_clip = dict(clip=by_clip(bs, False), flyp=by_clip(bs, True))
        return dict(learner=by_learner(bs), fit=by_fit(bs, images)) | of_clip


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return str(taken.getsockname()[1])


def one_of_two(rank, folder, port):
    "What `torchrun` would start"
    place = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=port, WORLD_SIZE='2', RANK=str(rank), LOCAL_RANK=str(rank))
    os.environ.update(place)
    torch.save(trained(BS, folder), Path(folder)/f'{rank}.pt')


@pytest.fixture(scope='module')
def outcomes(tmp_path_factory):
    "Of both processes, and of one with twice the batch"
    folder = tmp_path_factory.mktemp('pictures')
    with forced_device('cpu'), forced_dtype('float32'): files(folder)
    both = subprocess.Popen([sys.executable, __file__, folder], env=os.environ | ONE_THREAD, stderr=subprocess.PIPE)
    try:
        alone = trained(2*BS, folder)
        said = both.communicate(timeout=180)[1].decode()
    finally: both.kill()
    assert both.returncode == 0, said
    return [torch.load(folder/f'{rank}.pt', weights_only=True) for rank in '01'] + [alone]


def weights(found): return {name: value for name, value in found.items() if name.startswith('weight')}


def lists(found): return [value.numpy() for name, value in found.items() if name.startswith('list')]


@pytest.mark.parametrize('kind', ['learner', 'fit', 'clip', 'flyp'])
def test_both_end_with_the_same(outcomes, kind):
    first, second, _ = [found[kind] for found in outcomes]
    assert first.keys() == second.keys() and len(weights(first)) > 3
    for name in first.keys() - {'seen'}: assert torch.equal(first[name], second[name]), name


def test_each_row_of_a_curriculum_is_seen_once(outcomes):
    first, second, alone = [found['learner'] for found in outcomes]
    assert len(lists(alone)) == EPOCHS and first['levels'].any() and not first['levels'].all()
    start = 0
    for rows in lists(first):
        whole = rows[:len(rows)//(2*BS)*2*BS].reshape(-1, 2, BS) # of each step: the part of each process
        parts = [found['seen'][start:start + whole.size//2].numpy() for found in (first, second)]
        for rank in range(2): assert (parts[rank] == whole[:, rank].ravel()).all()
        start += whole.size//2
    assert start == len(first['seen']) == len(second['seen']) == len(alone['seen'])/2


def test_rows_made_ahead_are_seen_once(outcomes):
    first, second, alone = [found['fit'] for found in outcomes]
    wanted = np.concatenate([rows[:48] for rows in lists(first)]) # of 52, in batches of 16
    assert (np.sort(torch.cat([first['seen'], second['seen']])) == np.sort(wanted)).all()
    assert len(first['seen']) == len(second['seen'])


@pytest.mark.parametrize('kind', ['learner', 'fit', 'clip'])
def test_it_is_what_one_process_does_with_twice_the_batch(outcomes, kind):
    first, _, alone = [found[kind] for found in outcomes]
    assert first.keys() == alone.keys()
    names = first.keys() - {'seen'}
    apart = {name: float((first[name].double() - alone[name].double()).abs().max()) for name in names}
    print(f'{kind}: weights differ by {max(weights(apart).values()):.1e}, and nothing by more than {max(apart.values()):.1e}')
    assert max(apart.values()) < 1e-5


if __name__ == '__main__': # libraries are imported once, where a process can be forked
    how = 'fork' if sys.platform == 'linux' else 'spawn'
    start_processes(one_of_two, (sys.argv[1], free_port()), 2, start_method=how)
