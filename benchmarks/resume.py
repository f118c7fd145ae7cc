"""What opening a store of many jobs costs: `python benchmarks/resume.py [--quick]`

A store with synthetic rows (the images are a few bytes each); `Store.missing` must find what is left. Against it, the least
that has to be done: reading the column of job names of every shard with pyarrow. Same files, one process. Peak memory is that
of this process with nothing but the job list and the store's answer in it."""
import argparse
import hashlib
import resource
import sys
import tempfile
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from discl.spectrum.store import Store


def fill(store, names, shard):
    "Shards with the columns that matter here"
    for i in range(0, len(names), shard):
        part = names[i:i + shard]
        store.append(pd.DataFrame(dict(job=part, source=part, label=0, name='x', lam=.5, seed=0, prompt='', image=[b'-']*len(part))))


def megabytes(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(2**10 if sys.platform != 'darwin' else 2**20)


def scan(store): return sum(pq.read_table(p, columns=['job'], use_threads=False).num_rows for p in sorted((store.folder/'images').glob('*.parquet')))


def timed(work):
    "Result and the middle of three times"
    times = []
    for _ in range(3):
        start = time.perf_counter()
        out = work()
        times.append(time.perf_counter() - start)
    return out, sorted(times)[1]


def main(quick):
    rows = []
    for n in ((10_000, 50_000) if quick else (100_000, 300_000, 1_000_000)):
        names = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]
        with tempfile.TemporaryDirectory() as d:
            store = Store(d)
            fill(store, names[:n - n//10], 512) # a tenth is missing
            jobs = pa.array(names)
            missing, ours = timed(lambda: store.missing(jobs))
            assert missing.sum() == n//10 and not missing[:n - n//10].any()
            found, bare = timed(lambda: scan(store))
            assert found == n - n//10
        rows.append((n, ours, bare))
        print(f'{n:>9,} jobs: {ours:6.2f} s, {ours/n*1e6:5.2f} µs a job; reading the column alone {bare:6.2f} s; ratio {ours/bare:.2f}; peak so far {megabytes():.0f} MB', flush=True)
    (first, least, _), (last, most, bare) = rows[0], rows[-1]
    print(f'time per job grows by {most/last/(least/first):.2f} from {first:,} to {last:,} jobs')
    print(f'resume: ratio {most/bare:.2f}, {megabytes():.0f} MB')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='50,000 jobs at most')
    main(**vars(parser.parse_args()))
