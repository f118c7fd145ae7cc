"Work that is done stays done: killed processes, a full disk, a read-only folder, two writers, Ctrl-C."
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from discl.core.basics import DisclError
from discl.core.files import read_json
from discl.data.fashion import fashion_lt
from discl.spectrum.jobs import list_jobs
from discl.spectrum.generation import generate
from discl.data.hard import few_shot
from discl.models.generators import Settings
from discl.data.prompts import fashion_prompts
from discl.core.images import decode_image
from discl.spectrum.store import Store

QUICK = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')
context = multiprocessing.get_context('forkserver')
context.set_forkserver_preload(['diffusers', 'transformers', 'discl.spectrum.generation', 'test_survives'])


def work(sources=6, seeds=5):
    tail = few_shot(fashion_lt())
    tail = tail[tail.items.id[:sources]]
    return list_jobs(tail, fashion_prompts(), [0, .1, .3, .5], range(seeds), settings=QUICK), tail


def paint(folder, told=None, **options):
    import torch
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
    jobs, tail = work()
    options = dict(batch=4, shard=4) | options # small, so that painting takes longer than loading
    try: made = generate(jobs, tail, Store(folder), settings=QUICK, bar=False, say=lambda s: told and told.put(s), **options)
    except DisclError as e: made = str(e)
    except KeyboardInterrupt: made = 'stopped'
    if told: told.put(made)


def start(*args, **options):
    process = context.Process(target=paint, args=args, kwargs=options)
    process.start()
    return process


def begun(process, store):
    "Wait until the process holds the store, so that what follows is not its imports"
    while process.exitcode is None and read_json(store.folder/'.owner.json', {}).get('process') != process.pid: time.sleep(.01)


def pixels(store):
    return {r.job: np.asarray(decode_image(r.image)).astype(int) for r in store.samples(images=True).itertuples()}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    "Images of an undisturbed run, and the seconds that it held the store"
    folder = tmp_path_factory.mktemp('undisturbed')
    process = start(folder)
    begun(process, Store(folder))
    from_here = time.perf_counter()
    process.join()
    assert process.exitcode == 0
    return pixels(Store(folder)), time.perf_counter() - from_here


@pytest.fixture(scope='module')
def undisturbed(run): return run[0]


def whole(store, undisturbed):
    "Exactly the asked jobs, each once, every image whole, and the images of an undisturbed run"
    rows = store.jobs().to_pylist()
    assert sorted(rows) == sorted(work()[0].job), f'{len(rows)} rows, {len(set(rows))} jobs'
    said = store.verify()
    assert said == dict(images=len(rows), broken=[], moved=[])
    found = pixels(store)
    assert max(np.abs(found[j] - undisturbed[j]).max() for j in found) <= 2
    assert not list(store.folder.glob('*/.*.part'))


def test_killed_thirty_times(tmp_path, run):
    undisturbed, seconds = run
    rng, kills, midway, round = np.random.default_rng(0), 0, 0, 0
    while kills < 30:
        store, ended = Store(tmp_path/str(round)), False
        while not ended and kills < 30:
            process = start(store.folder, wait=10.)
            begun(process, store)
            process.join(rng.uniform(0, .7*seconds))
            process.kill()
            process.join()
            ended = process.exitcode == 0 # it was sooner
            if ended: continue
            assert process.exitcode == -signal.SIGKILL
            kills += 1
            midway += 0 < len(Store(store.folder)) < len(undisturbed)
        paint(store.folder)
        whole(store, undisturbed)
        round += 1
    print(f'{kills} kills, {midway} of them with part of the work done, over {round} stores')
    assert midway >= 5, f'only {midway} of the {kills} kills came in the middle'


def test_second_writer_is_told_or_waits(tmp_path, undisturbed):
    told, store = context.Queue(), Store(tmp_path/'s')
    with store.lock():
        second = start(store.folder, told)
        assert f'process {os.getpid()} on' in told.get(timeout=60)
        second.join()
        patient = start(store.folder, told, wait=60.)
        assert 'waiting up to 60 s' in told.get(timeout=60)
    assert told.get(timeout=120) == len(undisturbed)
    patient.join()
    whole(store, undisturbed)


def hold(folder, told):
    with Store(folder).lock():
        told.put('held')
        time.sleep(600)


def test_a_dead_owner_holds_nothing(tmp_path):
    told = context.Queue()
    owner = context.Process(target=hold, args=(tmp_path, told))
    owner.start()
    assert told.get(timeout=60) == 'held'
    with pytest.raises(DisclError, match=f'process {owner.pid} on'): Store(tmp_path).lock().__enter__()
    owner.kill()
    owner.join()
    with Store(tmp_path).lock(): pass


def test_ctrl_c_keeps_what_is_done(tmp_path, undisturbed):
    told, store = context.Queue(), Store(tmp_path/'s')
    process = start(store.folder, told, batch=1, shard=1) # slow, and the first shard soon
    while not list(store.folder.glob('images/*.parquet')) and process.exitcode is None: time.sleep(.01)
    os.kill(process.pid, signal.SIGINT)
    said = [told.get(timeout=60)]
    while said[-1] != 'stopped' and not isinstance(said[-1], int): said.append(told.get(timeout=60))
    process.join()
    assert 'images of this call are in' in said[0] and said[-1] == 'stopped', said
    assert 0 < len(store) < len(undisturbed)
    paint(store.folder)
    whole(store, undisturbed)


@pytest.fixture
def small_disk(tmp_path):
    "A disk of its own, of 150 kB; where mounting is not allowed, a limit on the size of a file"
    place = tmp_path/'disk'
    place.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=150k', 'tmpfs', place], capture_output=True).returncode == 0
    def resize(option):
        if mounted: subprocess.run(['mount', '-o', f'remount,{option}', place], check=True)
        return mounted
    yield place, mounted, resize
    if mounted: subprocess.run(['umount', place], check=True)


def test_a_full_disk(small_disk, undisturbed):
    place, mounted, resize = small_disk
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
    jobs, tail = work()
    try:
        with pytest.raises(DisclError, match='disk is full|size limit'): generate(jobs, tail, Store(place/'s'), settings=QUICK, batch=16, shard=8 if mounted else 100, bar=False)
    finally:
        if not mounted: resource.setrlimit(resource.RLIMIT_FSIZE, old)
    kept = len(Store(place/'s'))
    assert kept < len(undisturbed) and (kept > 0 or not mounted)
    resize('size=50m')
    paint(place/'s')
    whole(Store(place/'s'), undisturbed)


def test_a_read_only_folder(small_disk):
    place, mounted, resize = small_disk
    if mounted: resize('ro')
    else: place.chmod(0o500)
    jobs, tail = work()
    try:
        with pytest.raises(DisclError, match='read-only|no permission'): generate(jobs, tail, Store(place/'s'), settings=QUICK, bar=False)
    finally:
        if mounted: resize('rw')
        else: place.chmod(0o700)


if __name__ == '__main__':
    sys.exit(pytest.main([__file__, '-q', '-s']))
