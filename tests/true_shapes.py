"""The sets of the paper in their true form and shape: lists with the published numbers of images and classes, beside pictures that are
all one file. `scale` = 1 is the true size; a smaller one keeps every group of classes, and fewer classes and images in each."""
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from discl.data.tails import long_tail_counts
from wilds_fixture import COLUMNS

RECORD = 2 + 3*32**2  # bytes of a picture of CIFAR-100
GROUPS = {  # set -> (classes, images, least and most of a class) of its many, medium and few classes
    'imagenet-lt': ((385, 88_693, 101, 1_280), (479, 25_510, 20, 100), (136, 1_643, 5, 19)),
    'inaturalist-2018': ((842, 228_700, 101, 1_000), (4_076, 163_857, 20, 100), (3_224, 44_956, 2, 19))}
HELD = {'imagenet-lt': dict(val=20, test=50), 'inaturalist-2018': dict(test=3)}  # images of each class
WILD = dict(train=129_809, val=14_961, test=42_791, id_val=7_314, id_test=8_154)
CAMERAS = dict(train=(0, 243), id_val=(0, 243), id_test=(0, 243), val=(243, 275), test=(275, 323))  # 323 in all


def between(classes, images, least, most):
    "Falling counts of so many classes, with so many images in all -> int (classes,)"
    counts = np.geomspace(most, least, classes)
    for _ in range(200): counts = np.clip(counts*images/counts.sum(), least, most)
    found = np.floor(counts).astype(int)
    left = images - found.sum()
    room = np.flatnonzero(found < most)[-left:] if left else []
    found[room] += 1
    assert found.sum() == images and found.min() >= least and found.max() <= most, (classes, images)
    return np.sort(found)[::-1]


def counts_of(name, scale=1.):
    "Training images of each class -> int (classes,)"
    parts = []
    for classes, images, least, most in GROUPS[name]:
        few = max(2, round(classes*scale))
        parts.append(between(few, round(images/classes*few), least, most))
    return np.concatenate(parts)


def one_picture(place, size=(64, 48)):
    "A photograph's stand-in, which all other files are links to"
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)).save(place, 'JPEG')
    return place


class Links:
    "Pictures of a set, all the same file; a file system takes only so many links to one, so now and then it is written anew"
    def __init__(self, root): self.root, self.source, self.made = root, one_picture(root/'one.jpg'), 0

    def __call__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.made and not self.made % 30_000: self.source = one_picture(self.root/f'one-{self.made}.jpg')
        os.link(self.source, path)
        self.made += 1


def wnids(classes):
    "Names of ILSVRC's folders; those of the thousand classes need a file that is not here"
    return [f'n{1_440_764 + 11*k:08}' for k in range(classes)]


def imagenet_lt(root, scale=1.):
    "-> folder of ImageNet with the lists of ImageNet-LT"
    counts, place, link = counts_of('imagenet-lt', scale), root/'ImageNet', Links(root)
    lists = {split: [] for split in ('train', 'val', 'test')}
    for label, (wnid, count) in enumerate(zip(wnids(len(counts)), counts)):
        for k in range(count + HELD['imagenet-lt']['val']):
            name = f'train/{wnid}/{wnid}_{k}.JPEG'
            link(place/name)
            lists['train' if k < count else 'val'].append(f'{name} {label}')
        for k in range(HELD['imagenet-lt']['test']):
            name = f'val/{wnid}/ILSVRC2012_val_{label*50 + k:08}.JPEG'
            link(place/name)
            lists['test'].append(f'{name} {label}')
    for split, lines in lists.items(): (place/f'ImageNet_LT_{split}.txt').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    synonyms = [f'{wnid} bird number {k}, animal' for k, wnid in enumerate(wnids(len(counts)))]
    (place/'LOC_synset_mapping.txt').write_text('\n'.join(synonyms) + '\n', encoding='utf-8')
    return place


def inaturalist_2018(root, scale=1.):
    "-> folder with train_val2018, train2018.json, val2018.json and categories.json"
    counts, place, link, first = counts_of('inaturalist-2018', scale), root/'inat', Links(root), 0
    for split, of_class in (('train', counts), ('val', np.full(len(counts), HELD['inaturalist-2018']['test']))):
        images, notes = [], []
        for label, count in enumerate(of_class):
            for _ in range(count):
                name = f'train_val2018/Plantae/{label}/{first:032x}.jpg'
                link(place/name)
                images.append(dict(id=first, width=64, height=48, file_name=name))
                notes.append(dict(id=first, image_id=first, category_id=label))
                first += 1
        (place/f'{split}2018.json').write_text(json.dumps(dict(images=images, annotations=notes, categories=[])), encoding='utf-8')
    names = [dict(id=k, name=f'Genus species{k}', supercategory='Plantae') for k in range(len(counts))]
    (place/'categories.json').write_text(json.dumps(names), encoding='utf-8')
    return place


def cifar_100(root, each=500, test=100):
    "-> cifar-100-binary, whose pictures are noise; `each`: training pictures of a class"
    place, rng = root/'cifar-100-binary', np.random.default_rng(0)
    place.mkdir(parents=True)
    for split, count in (('train', each), ('test', test)):
        records = rng.integers(0, 256, (100*count, RECORD), np.uint8)
        records[:, 1] = rng.permutation(np.repeat(np.arange(100), count))
        records[:, 0] = records[:, 1]//5
        (place/f'{split}.bin').write_bytes(records.tobytes())
    (place/'fine_label_names.txt').write_text('\n'.join(f'thing_{k}' for k in range(100)) + '\n', encoding='utf-8')
    return place


def iwildcam(root, scale=1.):
    "-> iwildcam_v2.0 of WILDS with 182 classes and, at true size, 323 cameras"
    place, link, rows = root/'iwildcam_v2.0', Links(root), []
    classes = max(4, round(182*scale))
    for split, n in WILD.items():
        n = max(2*classes, round(n*scale))
        y = np.sort(np.random.default_rng(1).zipf(1.6, n) % classes) if n > 10*classes else np.arange(n) % classes
        y[:classes] = np.arange(classes)
        low, high = CAMERAS[split]
        first = -(-len(rows)//3)  # sequence, so that none is in two splits
        for k in range(n):
            number, sequence, where = len(rows), first + k//3, low + k % (high - low)
            name = f'{number:08x}-0000-0000-0000-000000000000'
            rows.append([split, where, where + 7, sequence, f'{sequence:08x}', y[k], y[k], f'2013-05-04 {k % 24:02}:30:12.000',
                         f'{name}.jpg', name])
            link(place/'train'/f'{name}.jpg')
    pd.DataFrame(rows, columns=COLUMNS).to_csv(place/'metadata.csv')
    names = ['empty', *(f'genus species{k}' for k in range(1, classes))]
    pd.DataFrame(dict(y=range(classes), category_id=range(classes), name=names)).to_csv(place/'categories.csv', index=False)
    return Path(place)


def shape_of_cifar(imbalance=100):
    "Training images of each class"
    return long_tail_counts(imbalance, 100)


MAKERS = {'imagenet-lt': imagenet_lt, 'inaturalist-2018': inaturalist_2018, 'iwildcam': iwildcam}
