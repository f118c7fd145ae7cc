"""What a validation split claims that ignores groups: `python benchmarks/groups.py FOLDER --groups track [--seeds 5]`

FOLDER is in one of the forms that `hugging_face` reads, with a test of its own; its column `groups` says which pictures
belong together. First, how many of these pairs `auto` finds, which takes pictures that are nearly the same for a group. Then
a long tail is made four times: validation and tail by groups, validation by groups and the tail by images, both by images, and
both by what `auto` finds. A logistic regression on gradient histograms of 32 × 32 pictures learns each, and what
validation says of it is held against the test. The seed divides, permutes the classes and draws. Last line: by how many
points validation by images is too high."""
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


def pairs(names):
    "How many pairs of images have one name"
    sizes = pd.Series(names).value_counts()
    return int((sizes*(sizes - 1)//2).sum())


def found_pairs(true, auto):
    "What `auto` finds of the pairs of images that have a true group: '' stands alone in either"
    known = true != ''
    true, auto = true[known], auto[known]
    named = auto != ''
    found, both = pairs(auto[named]), pairs(np.char.add(np.char.add(true[named], ' '), auto[named]))
    return dict(pairs=pairs(true), found=found, both=both, recall=both/pairs(true), precision=both/max(1, found))


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


def main(folder, groups, imbalance, seeds):
    rows, features, row_of = [], None, None
    for seed in range(seeds):
        asked = dict(on_leak='drop', seed=seed, say=quiet)
        grouped, apart, auto = (hugging_face(folder, groups=how, **asked) for how in (groups, '', 'auto'))
        if features is None:
            features, row_of = histograms(grouped), pd.Series(range(len(grouped)), grouped.items.id)
            look_alike = pd.Series(auto.groups, auto.items.id).reindex(grouped.items.id).fillna('')
            found = found_pairs(grouped.groups, look_alike.to_numpy(str))
            print(', '.join(f'{name} {value:.4f}' if isinstance(value, float) else f'{name} {value:,}' for name, value in found.items()))
        group_of = grouped.items.set_index('id').group
        ways = {'val by groups, tail by groups': (grouped, 'group'), 'val by groups, tail by images': (grouped, ''),
                'val by images, tail by images': (apart, ''), 'val by auto, tail by auto': (auto, 'group')}
        for way, (images, by) in ways.items():
            tail = long_tail(images, imbalance, seed, by, quiet)
            row = measured(tail, group_of, lambda part: features[row_of[part.items.id].to_numpy()])
            rows.append(dict(way=way, seed=seed) | row)
    table = pd.DataFrame(rows)
    for kind in ('', '_classes', '_rare'): table[f'too_high{kind}'] = table[f'val{kind}'] - table[f'test{kind}']
    by_way = table.drop(columns='seed').groupby('way', sort=False)
    print('mean over seeds\n' + by_way.mean().round(1).T.to_string())
    print('standard deviation\n' + by_way.std().round(1).T.to_string())
    print(f'groups: {by_way.too_high.mean()["val by images, tail by images"]:.1f} points too high without them')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder')
    parser.add_argument('--groups', required=True)
    parser.add_argument('--imbalance', type=float, default=50)
    parser.add_argument('--seeds', type=int, default=5)
    main(**vars(parser.parse_args()))
