"""Dry runs of the paper's presets on sets of true form and size: `python benchmarks/dry_runs.py --folder FOLDER [--only NAME …]`

The sets are written below FOLDER with the published numbers of images and classes: lists, JSON or tables as they are published, and
files that are hard links to one picture (CIFAR-100's are noise). ImageNet-LT takes 185,846 files, iNaturalist 461,939 and
iWildCam 203,029, so a minute or two each to write. Then `discl run --data NAME:FOLDER --dry-run` is typed twice in a fresh process,
the second time with what the first has remembered. Last line: the seconds of the second ones together."""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent/'tests'), str(HERE.parent/'tests/hostile')]
import true_shapes  # noqa: E402

NAMES = ('cifar-100-lt', 'imagenet-lt', 'inaturalist-2018', 'iwildcam', 'iwildcam-l14')


def typed(name, place, cache):
    "-> what a dry run prints, and its seconds"
    data = name.removesuffix('-l14')
    command = [sys.executable, '-c', 'from discl.cli import main; main()', 'run', '--data', f'{data}:{place}', '--dry-run']
    if data != name: command += ['--preset', name]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | dict(DISCL_CACHE=str(cache)))
    if done.returncode: sys.exit(done.stdout + done.stderr)
    return done.stdout, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--folder', required=True)
    parser.add_argument('--only', nargs='+', default=NAMES, choices=NAMES)
    asked = parser.parse_args()
    root, total = Path(asked.folder), 0.
    for name in asked.only:
        data = name.removesuffix('-l14')
        place = root/data/{'cifar-100-lt': 'cifar-100-binary', 'imagenet-lt': 'ImageNet', 'inaturalist-2018': 'inat',
                           'iwildcam': 'iwildcam_v2.0'}[data]
        if not place.exists():
            start = time.perf_counter()
            {'cifar-100-lt': true_shapes.cifar_100, **true_shapes.MAKERS}[data](root/data)
            print(f'{name}: written in {time.perf_counter() - start:.0f} s')
        text, first = typed(name, place, root/'cache')
        _, again = typed(name, place, root/'cache')
        total += again
        print(f'== {name}: {first:.1f} s, then {again:.1f} s\n{text}')
    print(f'dry_runs: {total:.1f} s')


if __name__ == '__main__': main()
