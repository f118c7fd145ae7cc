"""Several workers, some of them killed: every job is there once, and is what one process paints.

One round of each by default; DISCL_ROUNDS=10 asks for more."""
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from discl.core.basics import DisclError
from discl.core.images import decode_image
from discl.core.places import Unreached
from discl.data.fashion import fashion_lt
from discl.data.hard import few_shot
from discl.data.prompts import fashion_prompts
from discl.models.generators import Settings
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.painter import Painter
from discl.spectrum.ranges import RangeWorker, Work, range_name, ranges_of
from discl.spectrum.store import Store
from discl.spectrum.workers import RayCrew, generate_together, ray_shares

from test_places import bucket, cut_off, server  # noqa: F401 (fixtures)

ROUNDS = int(os.environ.get('DISCL_ROUNDS', 1))
QUICK = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')


def asked(sources=16, seeds=3):
    tail = few_shot(fashion_lt())
    tail = tail[tail.items.id[:sources]]
    return list_jobs(tail, fashion_prompts(), [0, .1, .3, .5], range(seeds), settings=QUICK), tail


def work_at(place, **more):
    options = dict(settings=QUICK, batch=4, compiled=False, slice_seconds=.05) | more # small: there is a middle to be killed in
    return Work(str(place), asked()[1], **options)


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    "Images of one process that nobody disturbed"
    store = Store(tmp_path_factory.mktemp('alone'))
    jobs, tail = asked()
    generate(jobs, tail, store, settings=QUICK, bar=False, batch=16, compiled=False)
    return pixels(store)


def pixels(store): return {row.job: np.asarray(decode_image(row.image)).astype(int) for row in store.samples(images=True).itertuples()}


def check_whole(store, alone):
    "Asked jobs each once, every image whole and that of one process"
    rows = store.jobs().to_pylist()
    assert sorted(rows) == sorted(alone), f'{len(rows)} rows of {len(set(rows))} jobs, {len(alone)} were asked'
    assert store.verify() == dict(images=len(rows), broken=[], moved=[])
    found = pixels(store)
    assert max(np.abs(found[job] - alone[job]).max() for job in alone) <= 2


def kill_one(place, workers, rng, told):
    "A thread: when the first shard is there, kill one of the workers at a random moment"
    while not Store(place).list_shards('images'): time.sleep(.02)
    time.sleep(rng.uniform(0, 1))
    there = workers()
    if not there: return
    victim = rng.choice(there)
    told.append((victim.pid, len(Store(place))))
    victim.kill()


def local_workers():
    return [child for child in psutil.Process().children(recursive=True) if 'run_local_worker' in ' '.join(child.cmdline())]


def test_local_workers_are_killed(tmp_path, alone):
    kills, midway = [], 0
    for number in range(ROUNDS):
        place, rng = tmp_path/str(number), random.Random(number)
        killer = threading.Thread(target=kill_one, args=(place, local_workers, rng, kills))
        killer.start()
        generate_together(asked()[0], work_at(place), 3, minutes=.01, bar=False)
        killer.join()
        midway += bool(kills) and 0 < kills[-1][1] < len(alone)
        check_whole(Store(place), alone)
    print(f'{len(kills)} of 3 processes killed in {ROUNDS} rounds, {midway} in the middle, after '
          f'{[done for _, done in kills]} of {len(alone)} images')
    assert kills


@pytest.fixture(scope='module')
def ray():
    "A cluster of this machine with four CPUs in name; the processes of tests/ find these modules"
    module = pytest.importorskip('ray')
    module.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level='error', address='local',
                runtime_env=dict(env_vars=dict(OMP_NUM_THREADS='1')))
    yield module
    module.shutdown()


def ray_actors():
    "Actors of the cluster that this process has started"
    found = []
    for process in psutil.process_iter(['cmdline', 'name']):
        if (process.info['cmdline'] or [''])[0].startswith('ray::RangeActor'): found.append(process)
    return found


def test_ray_actors_are_killed(tmp_path, alone, ray):
    kills = []
    for number in range(ROUNDS):
        place, rng = tmp_path/str(number), random.Random(number)
        killer = threading.Thread(target=kill_one, args=(place, ray_actors, rng, kills))
        killer.start()
        generate_together(asked()[0], work_at(place), 'ray:2', minutes=.01, bar=False)
        killer.join()
        check_whole(Store(place), alone)
    print(f'{len(kills)} Ray actors killed in {ROUNDS} rounds, after {[done for _, done in kills]} of {len(alone)} images')
    assert kills


def test_ray_paints_into_s3(alone, ray, bucket):
    address = f's3://{bucket}/spectrum'
    env = {name: os.environ[name] for name in os.environ if name.startswith(('AWS_', 'DISCL_'))}
    original = RayCrew._actor

    def with_env(self):
        from discl.spectrum.workers import RangeActor
        kind = ray.remote(max_restarts=-1, max_task_retries=3, runtime_env=dict(env_vars=env), **self.share)(RangeActor)
        return kind.remote(self.known)

    RayCrew._actor = with_env # a cluster is started with its credentials; this one was started before the server
    try: generate_together(asked()[0], work_at(address), 'ray:2', minutes=.01, bar=False)
    finally: RayCrew._actor = original
    check_whole(Store(address), alone)


DRIVER = '''
import sys
import ray
from test_scale import asked, work_at
from discl.spectrum.workers import generate_together
ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level='error', address='local')
print(generate_together(asked()[0], work_at(sys.argv[1]), 'ray:2', minutes=.01, bar=False))
'''


def test_the_driver_is_killed_and_started_again(tmp_path, alone):
    pytest.importorskip('ray')
    place = tmp_path/'spectrum'
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parent), OMP_NUM_THREADS='1')
    driver = subprocess.Popen([sys.executable, '-c', DRIVER, str(place)], env=env)
    while driver.poll() is None and not Store(place).list_shards('images'): time.sleep(.05)
    driver.kill()
    driver.wait()
    done = len(Store(place))
    again = subprocess.run([sys.executable, '-c', DRIVER, str(place)], env=env, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr[-2000:]
    print(f'the driver was killed after {done} images; the second one made {again.stdout.strip()}')
    assert 0 < done < len(alone)
    assert int(again.stdout.split()[-1]) <= len(alone) - done
    check_whole(Store(place), alone)


def race(place, start, told):
    jobs, _ = asked(3, 2)
    worker = RangeWorker(work_at(place))
    worker.seconds = .01
    start.wait()
    told.put(worker.paint(jobs).made)


def test_eight_processes_race_for_one_range(tmp_path):
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['diffusers', 'transformers', 'discl.spectrum.workers', 'test_scale'])
    start, told, jobs = context.Event(), context.Queue(), asked(3, 2)[0]
    racers = [context.Process(target=race, args=(tmp_path/'s', start, told)) for _ in range(8)]
    for process in racers: process.start()
    start.set()
    made = [told.get(timeout=120) for _ in racers]
    for process in racers: process.join()
    rows = Store(tmp_path/'s').jobs().to_pylist()
    print(f'eight processes painted {sum(made)} images of one range of {len(jobs)}; {len(rows)} are stored')
    assert sorted(set(rows)) == sorted(jobs.job)
    assert len(Store(tmp_path/'s').samples()) == len(jobs)
    assert sum(made) > len(jobs), 'nobody raced'


def test_one_job_breaks_whoever_paints_it(tmp_path, monkeypatch):
    jobs, _ = asked(4, 2)
    cursed, whole = jobs.source.iloc[0], Painter.paint

    def break_down(self, jobs, sources):
        if cursed in set(jobs.source): raise RuntimeError('a kernel fault')
        yield from whole(self, jobs, sources)

    monkeypatch.setattr(Painter, 'paint', break_down)
    done = RangeWorker(work_at(tmp_path/'s')).paint_carefully(jobs)
    assert (done.made, done.failed) == (sum(jobs.source != cursed), sum(jobs.source == cursed))
    assert set(Store(tmp_path/'s').failed().source) == {cursed}


def test_a_worker_is_asked_to_leave(tmp_path):
    "SIGTERM to a process that paints: what is finished is written"
    place = tmp_path/'spectrum'
    code = ('import sys; from test_scale import asked, work_at\n'
            'from discl.spectrum.ranges import RangeWorker, stopping_on_term\n'
            'worker = RangeWorker(work_at(sys.argv[1], batch=1))\n'
            'with stopping_on_term(worker): print(worker.paint(asked()[0]).made)')
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parent))
    worker = subprocess.Popen([sys.executable, '-c', code, str(place)], env=env, stdout=subprocess.PIPE, text=True)
    while worker.poll() is None and not Store(place).list_shards('images'): time.sleep(.05)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert 0 < int(said) == len(Store(place)) < len(asked()[0])


def test_too_few_resources_are_a_sentence(tmp_path, ray):
    with pytest.raises(DisclError, match='9 workers do not fit: Ray has 4 CPUs'):
        generate_together(asked()[0], work_at(tmp_path/'s'), 'ray:9', bar=False)

    class Holder:
        "Someone else's work"
        def hold(self): return True

    holder = ray.remote(num_cpus=3)(Holder).remote()
    assert ray.get(holder.hold.remote())
    crew = RayCrew(work_at(tmp_path/'s'), 2, patience=3.)
    crew.close()
    crew.share = dict(num_cpus=2)
    crew.actors = [crew._actor()]
    with pytest.raises(DisclError, match='no worker could start within 3 s: Ray has 0 GPUs, 1 CPUs free'): crew.wait_for_one()
    ray.kill(holder)


def test_a_place_that_cannot_be_reached(bucket, monkeypatch):
    jobs, _ = asked(2, 1)
    with pytest.raises(Unreached, match='no such bucket'): RangeWorker(work_at('s3://not-there-at-all/spectrum')).paint(jobs)
    worker = RangeWorker(work_at(f's3://{bucket}/spectrum'))
    whole = worker.store.disk.system.put_file
    monkeypatch.setattr(worker.store.disk.system, 'put_file', cut_off)
    with pytest.raises(Unreached, match='is whole and waits in'): worker.paint(jobs)
    monkeypatch.setattr(worker.store.disk.system, 'put_file', whole)
    worker.store.clear_unfinished()
    before = len(worker.store)
    assert before > 0, 'nothing was finished when the network went'
    assert worker.paint(jobs).made == len(jobs) - before
    assert sorted(Store(f's3://{bucket}/spectrum').jobs().to_pylist()) == sorted(jobs.job)


def test_ranges_cover_and_do_not_overlap():
    jobs, _ = asked()
    for seconds, workers in ((.001, 1), (1., 3), (100., 8)):
        ranges = ranges_of(jobs, seconds, workers, minutes=.5)
        assert sorted(job for part in ranges for job in part.job) == sorted(jobs.job)
        assert sum(part.source.nunique() for part in ranges) == jobs.source.nunique()
        assert len({range_name(part) for part in ranges}) == len(ranges)
    assert ray_shares(None, dict(CPU=2)) == (1, dict(num_cpus=1))
    assert replace(work_at('a'), place='b').place == 'b'
