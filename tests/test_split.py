"No image, and no near-duplicate of one, is in two of corpus, train, validation and test."
import hashlib

import numpy as np
import pyarrow.parquet as pq

from discl.embedded.corpus import FOLDER, NEAR, as_rgb, fashion_mnist, near_pairs, phashes, read_split
from discl.core.images import decode_image

images, _ = fashion_mnist()
split = read_split()
used = split[split.part != 'reserve']


def crossing(part, pairs):
    "Pairs whose two images are in different parts"
    return pairs[part[pairs[:, 0]] != part[pairs[:, 1]]]


def test_parts_have_their_sizes():
    assert split.part.value_counts().to_dict() == dict(corpus=48_000, train=5_000, val=2_000, reserve=5_000, test=10_000)
    assert (split.part[60_000:] == 'test').all()
    for part, each in (('train', 500), ('val', 200), ('test', 1000)):
        assert (split[split.part == part].label.value_counts() == each).all()


def test_no_image_in_two_parts():
    digest = np.array([hashlib.sha256(images[i].tobytes()).hexdigest() for i in used['index']])
    assert used.part.groupby(digest).nunique().max() == 1


def test_no_near_duplicate_in_two_parts():
    hashes, part = phashes(images[used['index']]), used.part.to_numpy()
    assert len(crossing(part, near_pairs(hashes, hashes))) == 0


def test_a_planted_near_duplicate_is_found():
    i, j = np.flatnonzero(split.part == 'corpus')[0], np.flatnonzero(split.part == 'test')[0]
    brighter = np.clip(images[i].astype(int) + 8*(images[i] > 0), 0, 255).astype(np.uint8)
    hashes = phashes(np.stack([images[i], images[j], brighter]))
    assert crossing(np.array(['corpus', 'test', 'test']), near_pairs(hashes, hashes, NEAR)).tolist() == [[0, 2], [2, 0]]


def test_the_package_ships_the_recorded_task():
    shipped = pq.read_table(FOLDER/'fashion.parquet').to_pandas()
    assert set(shipped.split) == {'train', 'val', 'test'}
    assert dict(zip(shipped.id, shipped.split)) == {f'fashion-{i}': p for i, p in zip(split['index'], split.part) if p in ('train', 'val', 'test')}
    for row in shipped.sample(200, random_state=1).itertuples():
        assert (np.asarray(decode_image(row.image['bytes'])) == as_rgb(images[[int(row.id.split('-')[1])]])[0]).all()
