"""What a validation split claims that ignores groups: `python benchmarks/groups.py FOLDER --group track [--seeds 5]`

FOLDER is in one of the forms that `hugging_face` reads, with a test of its own; its column `group` says which pictures are
nearly the same. A long tail is made three times: validation and tail by groups, validation by groups and the tail by
images, and both by images. A logistic regression on gradient histograms of 32 × 32 pictures learns each, and what
validation says of it is held against the test. The seed divides, permutes the classes and draws."""
import argparse

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.linear_model import LogisticRegression

from discl.data import hugging_face, long_tail

SIDE, CELL, TURNS = 32, 4, 8  # pixels of a picture and of a cell, orientations


def quiet(line): pass


def histograms(images):
    "float32 (n, features): orientations of gradients in cells, each block of 2 × 2 cells at unit length"
    grey = [images.image(row).convert('L').resize((SIDE, SIDE), Image.BILINEAR) for row in range(len(images))]
    grey = np.stack(grey).astype(np.float32)/255
    down, right = (np.gradient(grey, axis=axis) for axis in (1, 2))
    length, turn = np.hypot(down, right), (np.arctan2(down, right) % np.pi/np.pi*TURNS).astype(int) % TURNS
    n = SIDE//CELL
    cells = [(length*(turn == k)).reshape(-1, n, CELL, n, CELL).sum((2, 4)) for k in range(TURNS)]
    cells = np.stack(cells, -1)
    blocks = np.concatenate([cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, :-1, 1:], cells[:, 1:, 1:]], -1)
    blocks /= np.sqrt((blocks**2).sum(-1, keepdims=True) + 1e-3)
    return blocks.reshape(len(grey), -1)


def accuracies(model, features, images, rare):
    "% right: of all images, as a mean over classes, as a mean over rare classes"
    right = model.predict(features) == images.labels
    of_class = pd.Series(right).groupby(images.labels).mean()
    return 100*right.mean(), 100*of_class.mean(), 100*of_class[of_class.index.isin(rare)].mean()


def measured(tail, group_of, features_of):
    "Facts of one tail, and what validation and test say"
    parts = {split: tail[split] for split in ('train', 'val', 'test')}
    inputs = {split: features_of(part) for split, part in parts.items()}
    middle, spread = inputs['train'].mean(0), inputs['train'].std(0) + 1e-3
    inputs = {split: (part - middle)/spread for split, part in inputs.items()}
    train = parts['train']
    model = LogisticRegression(C=1e-3, max_iter=60).fit(inputs['train'], train.labels)
    rare = np.argsort(train.counts())[:len(train.classes)//3]
    groups = group_of[train.items.id]
    of_class = groups.groupby(train.labels).nunique()
    row = dict(images=len(train), head=train.counts().max(), tail=train.counts().min(), groups=groups.nunique(),
               head_groups=of_class.max(), tail_groups=of_class.min(), seen=100*group_of[parts['val'].items.id].isin(set(groups)).mean())
    for split in ('val', 'test'):
        for kind, value in zip(('', '_classes', '_rare'), accuracies(model, inputs[split], parts[split], rare)): row[split + kind] = value
    return row


def main(folder, group, imbalance, seeds):
    rows, features, row_of = [], None, None
    for seed in range(seeds):
        asked = dict(on_leak='drop', seed=seed, say=quiet)
        grouped, apart = hugging_face(folder, group=group, **asked), hugging_face(folder, **asked)
        if features is None: features, row_of = histograms(grouped), pd.Series(range(len(grouped)), grouped.items.id)
        group_of = grouped.items.set_index('id').group
        ways = {'val by groups, tail by groups': (grouped, 'group'), 'val by groups, tail by images': (grouped, ''),
                'val by images, tail by images': (apart, '')}
        for way, (images, by) in ways.items():
            tail = long_tail(images, imbalance, seed, by, quiet)
            row = measured(tail, group_of, lambda part: features[row_of[part.items.id].to_numpy()])
            rows.append(dict(way=way, seed=seed) | row)
    table = pd.DataFrame(rows)
    for kind in ('', '_classes', '_rare'): table[f'too_high{kind}'] = table[f'val{kind}'] - table[f'test{kind}']
    by_way = table.drop(columns='seed').groupby('way', sort=False)
    print('mean over seeds\n' + by_way.mean().round(1).T.to_string())
    print('standard deviation\n' + by_way.std().round(1).T.to_string())


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder')
    parser.add_argument('--group', required=True)
    parser.add_argument('--imbalance', type=float, default=50)
    parser.add_argument('--seeds', type=int, default=5)
    main(**vars(parser.parse_args()))
