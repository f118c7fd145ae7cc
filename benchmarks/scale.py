"""What several workers gain: `python benchmarks/scale.py [--workers 2] [--sources 60] [--ray]`

The same jobs are painted by one worker and by several, each with one thread, through the same queue (`paint_locally`), and
by one plain process that uses every core (`generate`). Efficiency is images a second of several workers over as many times
that of one, from the first range's start to the last one's end. The start is what passes before the first range begins:
processes, imports, the model. With --ray the same through a Ray cluster of this machine."""
import argparse
import os
import tempfile
import time
from dataclasses import dataclass, field

import torch
from tqdm.auto import tqdm

from discl.data.fashion import fashion_lt
from discl.data.hard import few_shot
from discl.data.prompts import fashion_prompts
from discl.models.generators import Settings
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.ranges import RangeWorker, Work, ranges_of
from discl.spectrum.store import Store
from discl.spectrum.workers import RayCrew, Tally, paint_locally

SETTINGS = Settings(steps=20, guidance_scale=2., size=(32, 32), dtype='float32')


@dataclass
class Times(Tally):
    "When ranges began and ended"
    spans: list = field(default_factory=list)

    def take(self, done, worker):
        now = time.monotonic()
        self.spans.append((now - done.seconds, now, done.made))
        super().take(done, worker)

    def rate(self): return sum(made for *_, made in self.spans)/(max(end for _, end, _ in self.spans) - min(start for start, *_ in self.spans))
    def start(self): return min(start for start, *_ in self.spans) - self.begun


def paint(jobs, tail, workers, seconds, on_ray):
    "Times of so many workers on a new store"
    with tempfile.TemporaryDirectory() as folder:
        work = Work(folder, tail, settings=SETTINGS, batch=16, compiled=False)
        times = Times(tqdm(disable=True))
        ranges = ranges_of(jobs, seconds, workers, minutes=.2)
        if on_ray:
            crew = RayCrew(work, workers)
            crew.paint(ranges, times)
            crew.close()
        else: paint_locally(work, ranges, workers, times)
        assert sorted(Store(folder).jobs().to_pylist()) == sorted(jobs.job)
    return times


def main(workers, sources, on_ray):
    os.environ['OMP_NUM_THREADS'] = '1' # of each worker
    torch.set_num_threads(1)
    tail = few_shot(fashion_lt())
    tail = tail[tail.items.id[:sources]]
    jobs = list_jobs(tail, fashion_prompts(), [0, .1, .3, .5], range(8), settings=SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        seconds = RangeWorker(Work(folder, tail, settings=SETTINGS, batch=16, compiled=False)).pace(jobs)
    if on_ray:
        import ray
        ray.init(num_cpus=workers + 1, include_dashboard=False, log_to_driver=False, logging_level='error',
                 runtime_env=dict(env_vars=dict(OMP_NUM_THREADS='1')))
    one, several = [paint(jobs, tail, n, seconds, on_ray) for n in (1, workers)]
    for name, times in ((1, one), (workers, several)):
        print(f'{name} workers: {times.rate():.1f} images/s from the first range on, which began after {times.start():.1f} s')
    torch.set_num_threads(workers)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate(jobs, tail, Store(folder), settings=SETTINGS, bar=False, batch=16, compiled=False)
        print(f'one process with {workers} threads: {len(jobs)/(time.perf_counter() - start):.1f} images/s')
    how = ' (Ray)' if on_ray else ''
    print(f'scale: efficiency {several.rate()/(workers*one.rate()):.2f} at {workers} workers, start {several.start():.1f} s{how}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--sources', type=int, default=60)
    parser.add_argument('--ray', action='store_true')
    asked = parser.parse_args()
    main(asked.workers, asked.sources, asked.ray)
