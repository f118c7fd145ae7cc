"""How much memory passes over images take that are only looked at: `python benchmarks/passes.py [--images 500,1000,2000]`

Writes so many JPEG files of 320 × 240 pixels and lets a classifier (ResNet-10 at 64 pixels) and CLIP (the scores that a threshold is
calibrated on) look at each, every number of images in a process of its own. The pictures of 2,000 are 460 MB when decoded. What
is printed is the peak of the pass above what was in use before it, when one batch had been looked at; the last line says how
much is added for each thousand images more. (Sets of up to 1 GB of pixels are held on purpose, and read once; what is measured
is how larger ones are read: decoded when their turn comes, and not kept.)"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT, CLASSES = 320, 240, 20


def in_use(name='VmRSS'):  # megabytes, of this process
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])/1024


def above(work):  # peak while it works, in megabytes above what is in use before
    Path('/proc/self/clear_refs').write_text('5', encoding='utf-8')
    before = in_use()
    work()
    return round(in_use('VmHWM') - before, 1)


def measure(folder, n):
    "In a process of its own: the peaks of both passes"
    import pandas as pd
    from discl.data.pixels import DecodedPixels
    from discl.data.sets import ImageSet
    from discl.models.clip import Clip
    from discl.models.networks import resnet10
    from discl.spectrum.scoring import true_class_scores
    from discl.train.prediction import of_true_class, predict
    from discl.train.samples import Samples
    table = dict(id=[f'{k:05}' for k in range(n)], label=np.arange(n) % CLASSES, split='val',
                 path=[str(folder/f'{k:05}.jpg') for k in range(n)], width=WIDTH, height=HEIGHT)
    images = ImageSet(pd.DataFrame(table), [f'class {k}' for k in range(CLASSES)])
    samples, net, clip = Samples(DecodedPixels(images, 64, keep=False), images.labels), resnet10(CLASSES, small=True, width=8), Clip()
    predict(net, samples, range(256))
    true_class_scores(clip, images[images.items.id[:64]])
    return dict(images=n, predict=above(lambda: predict(net, samples)), own=above(lambda: predict(net, samples, keep=of_true_class)),
                clip=above(lambda: true_class_scores(clip, images)))


def main(counts):
    rng, rows = np.random.default_rng(0), []
    with tempfile.TemporaryDirectory() as place:
        for k in range(max(counts)):
            rough = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
            rough.resize((WIDTH, HEIGHT), Image.BICUBIC).save(Path(place)/f'{k:05}.jpg')
        for n in counts:
            done = subprocess.run([sys.executable, __file__, '--one', place, str(n)], capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print('{images:6} images: predictions {predict:6.1f} MB, of the true class {own:6.1f} MB, CLIP {clip:6.1f} MB'.format(**rows[-1]))
    first, last = rows[0], rows[-1]
    thousands = (last['images'] - first['images'])/1000
    slopes = [f'{name} {(last[key] - first[key])/thousands:.1f}' for name, key in (('predictions', 'predict'), ('CLIP', 'clip'))]
    print(f'passes: {" MB, ".join(slopes)} MB for each thousand images more, of {WIDTH*HEIGHT*3/1e3:.0f} MB decoded')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', default='500,1000,2000', help='numbers of images, with commas')
    parser.add_argument('--one', nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one: print(json.dumps(measure(Path(asked.one[0]), int(asked.one[1]))))
    else: main([int(n) for n in asked.images.split(',')])
