"""How long opening takes, and how much memory: `python benchmarks/opening.py [--folder F] [--only folder,lists] [--times 2]`

Makes sets of true size with pictures of 8 × 8 pixels, or with empty files where a reader does not look into them, and opens
each in fresh processes: once with an empty cache, then again. Time and memory are of the opening alone, above what importing
discl takes; `peak` is the whole process at its largest. Where other programs work on the same cores, the seconds of CPU say
more. The disk's cache is warm, for the files were just written."""
import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from operator import itemgetter
from pathlib import Path

FILES, SPECIES, TRAIN, EACH = 200_000, 8_142, 437_513, 3  # pictures; classes, images and test images of iNaturalist 2018
CLASSES = 100


def pictures(n=FILES):
    "Bytes of PNG files, no two alike"
    import numpy as np
    from PIL import Image
    rng = np.random.default_rng(0)
    for _ in range(n):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(buffer, 'PNG', compress_level=1)
        yield buffer.getvalue()


def place_of(k):  # of the k-th picture of a folder
    split = 'train' if k % 10 < 8 else 'val' if k % 10 == 8 else 'test'
    return split, f'class{k//10 % CLASSES:03}', f'{k:06}.png'


def make_folder(folder):
    made = set()
    for k, data in enumerate(pictures()):
        place = folder.joinpath(*place_of(k))
        if place.parent not in made: place.parent.mkdir(parents=True)
        made.add(place.parent)
        place.write_bytes(data)


def rows_of_table():
    import pandas as pd
    rows = [place_of(k) for k in range(FILES)]
    return pd.DataFrame([('/'.join(row), row[1], row[0]) for row in rows], columns=['path', 'label', 'split'])


def make_tables(folder):
    rows = rows_of_table()
    rows.to_csv(folder/'table.csv', index=False)
    rows.to_csv(folder/'table.tsv', index=False, sep='\t')
    rows.to_parquet(folder/'table.parquet', index=False)


def make_shards(folder):
    folder.mkdir()
    shard = None
    for k, data in enumerate(pictures()):
        if k % 10_000 == 0:
            if shard is not None: shard.close()
            of = 'train' if k < .8*FILES else 'val' if k < .9*FILES else 'test'
            shard = tarfile.TarFile(folder/f'{of}-{k//10_000:06}.tar', 'w')
        label = f'{k % CLASSES}'.encode()
        for ending, content in (('png', data), ('cls', label)):
            member = tarfile.TarInfo(f'{k:06}.{ending}')
            member.size = len(content)
            shard.addfile(member, io.BytesIO(content))
    shard.close()


def species_counts():
    "Training images of each class: a long tail of the true size"
    import numpy as np
    counts = 2 + np.floor(990*np.exp(-np.arange(SPECIES)/420)).astype(int)
    left = TRAIN - counts.sum()
    counts += left//SPECIES
    counts[:left % SPECIES] += 1
    return counts


def empty_files(folder, names):
    made = set()
    for name in names:
        head = name.rpartition('/')[0]
        if head not in made: (folder/head).mkdir(parents=True)
        made.add(head)
        os.mknod(folder/name)


def species_names():
    "(train, test): (name, label) of each picture, in a random order"
    import hashlib
    import numpy as np
    counts = species_counts()
    parts = []
    for split, labels in (('train', np.repeat(np.arange(SPECIES), counts)), ('val', np.repeat(np.arange(SPECIES), EACH))):
        labels = np.random.default_rng(0).permutation(labels).tolist()
        names = [hashlib.sha256(f'{split}{k}'.encode()).hexdigest()[:32] for k in range(len(labels))]
        tops = [("Plantae", "Aves", "Insecta")[y % 3] for y in labels]
        parts.append([(f'train_val2018/{top}/{y}/{name}.jpg', y) for top, name, y in zip(tops, names, labels)])
    return parts


def make_species(folder):
    "Empty files, lists in lists/ and JSON files of the true fields in json/"
    parts = species_names()
    empty_files(folder, [name for part in parts for name, _ in part])
    categories = [dict(id=k, name=f'Genus species{k}', supercategory='Plantae', kingdom='Plantae', phylum='P', order='O',
                       family='F', genus='Genus', **{'class': 'C'}) for k in range(SPECIES)]
    (folder/'categories.json').write_text(json.dumps(categories), encoding='utf-8')
    (folder/'lists').mkdir()
    (folder/'json').mkdir()
    first = 0
    for of, part in zip(('train', 'val'), parts):
        (folder/f'lists/iNaturalist18_{of}.txt').write_text(''.join(f'{name} {y}\n' for name, y in part), encoding='utf-8')
        images = [dict(id=first + k, file_name=name, license=3, width=800, height=600, rights_holder=f'A Person {k % 9999}')
                  for k, (name, _) in enumerate(part)]
        labels = [dict(id=first + k, image_id=first + k, category_id=y) for k, (_, y) in enumerate(part)]
        said = dict(info=dict(year=2018), images=images, licenses=[], annotations=labels, categories=categories)
        (folder/f'json/{of}2018.json').write_text(json.dumps(said), encoding='utf-8')
        first += len(part)


def make_wilds(folder):
    "metadata.csv and categories.csv of iWildCam 2.0's shape, and empty files"
    import numpy as np
    import pandas as pd
    from discl.data.wilds import CLASSES_OF, IMAGES_OF, LOCATIONS_OF
    (folder/'train').mkdir(parents=True)
    rows, rng, at = [], np.random.default_rng(0), 0
    cameras = dict(train=(0, 243), id_val=(0, 243), id_test=(0, 243), val=(243, 275), test=(275, LOCATIONS_OF))
    for split, n in IMAGES_OF.items():
        camera = rng.integers(*cameras[split], n)
        camera[:cameras[split][1] - cameras[split][0]] = np.arange(*cameras[split])
        label = rng.integers(0, CLASSES_OF, n)
        ids = [f'{k:08x}-21bc-11ea-a13a-137349068a90' for k in range(at, at + n)]
        at += n
        rows.append(pd.DataFrame(dict(split=split, location_remapped=camera, location=camera, sequence_remapped=0, seq_id=ids,
                                      y=label, category_id=label, datetime='2013-06-05 05:44:19.000',
                                      filename=[f'{name}.jpg' for name in ids], image_id=ids)))
    rows = pd.concat(rows, ignore_index=True)
    rows.to_csv(folder/'metadata.csv')
    names = ['empty'] + [f'species{k}' for k in range(1, CLASSES_OF)]
    pd.DataFrame(dict(y=range(CLASSES_OF), category_id=range(CLASSES_OF), name=names)).to_csv(folder/'categories.csv', index=False)
    for name in rows.filename: os.mknod(folder/'train'/name)


SETS = {  # name -> (folder, what makes it, path that is opened, rows)
    'folder': ('folder', make_folder, '', FILES),
    'csv': ('folder', make_tables, 'table.csv', FILES),
    'tsv': ('folder', make_tables, 'table.tsv', FILES),
    'parquet': ('folder', make_tables, 'table.parquet', FILES),
    'shards': ('shards', make_shards, '*.tar', FILES),
    'lists': ('species', make_species, 'lists', TRAIN + EACH*SPECIES),
    'json': ('species', make_species, 'json', TRAIN + EACH*SPECIES),
    'wilds': ('wilds', make_wilds, '', 203_029)}


def memory(field):
    "MB of this process: VmRSS now, VmHWM at its largest"
    with open('/proc/self/status', encoding='ascii') as file: lines = file.read().splitlines()
    return next(int(line.split()[1])/1024 for line in lines if line.startswith(field))


def open_set(name, place):
    "One opening in this process; prints a line of JSON"
    from discl.data import image_shards, inaturalist_2018, open_data
    before, start, worked = memory('VmRSS'), time.perf_counter(), time.process_time()
    if name in ('lists', 'json'): images = inaturalist_2018(place.parent, place)
    elif name == 'shards': images = image_shards(place)
    else: images = open_data(place)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    peak = memory('VmHWM')
    print(json.dumps(dict(rows=len(images), seconds=seconds, worked=worked, above=peak - before, peak=peak)))


def opened(name, place, cache):
    "What a fresh process says"
    command = [sys.executable, __file__, '--open', name, '--folder', str(place)]
    done = subprocess.run(command, env=os.environ | {'DISCL_CACHE': str(cache)}, stdout=subprocess.PIPE, text=True)
    if done.returncode: raise SystemExit(f'{name}: {done.stdout}')
    return json.loads(done.stdout.splitlines()[-1])


def main(folder, names, times):
    figures = {}
    print(f'{"":8} {"":>8} {"first":>7} {"":>7} {"":>5} {"second":>7} {"":>7} {"":>5} {"whole":>7}')
    print(f'{"":8} {"rows":>8} {"s":>7} {"CPU s":>7} {"MB":>5} {"s":>7} {"CPU s":>7} {"MB":>5} {"peak MB":>7}')
    for name in names:
        inner, make, path, rows = SETS[name]
        if make is make_tables and not (folder/inner).exists(): make_folder(folder/inner)
        if not list(folder.glob(f'{inner}/{path or "*"}')): make(folder/inner)
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            first = opened(name, folder/inner/path, cache)
            second = min((opened(name, folder/inner/path, cache) for _ in range(times)), key=itemgetter('seconds'))
        assert first['rows'] == second['rows'] == rows, (name, first, second)
        figures[name] = second
        both = ' '.join(f'{one["seconds"]:7.1f} {one["worked"]:7.1f} {one["above"]:5.0f}' for one in (first, second))
        print(f'{name:8} {rows:8,} {both} {second["peak"]:7.0f}', flush=True)
    said = [f'{SETS[name][3]:,} rows ({name}) second {one["seconds"]:.1f} s, {one["above"]:.0f} MB' for name, one in figures.items()]
    print(f'opening: {"; ".join(said)}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, help='where the sets are made and kept; without it in a temporary folder')
    parser.add_argument('--only', default=','.join(SETS), help='which of them')
    parser.add_argument('--times', type=int, default=2, help='second openings, of which the best is told')
    parser.add_argument('--open', help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.open: open_set(given.open, given.folder)
    elif given.folder: main(given.folder, given.only.split(','), given.times)
    else:
        with tempfile.TemporaryDirectory() as made: main(Path(made), given.only.split(','), given.times)
