"CIFAR-100 in forms that are not quite what they should be"
import io
import json
import os
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Case, photo

from discl.data.cifar import cifar_100_lt

NAMES = ['apple', 'aquarium_fish', 'baby', 'crab']
COUNTS = dict(train=8, test=2)  # split -> pictures of each class
IMG = pa.struct(dict(bytes=pa.binary(), path=pa.string()))
NAMED = 'fine_label_names.txt'


def labels(split): return np.tile(np.arange(len(NAMES)), COUNTS[split])
def picture(split, row): return photo(row + 1000*(split == 'test'))


def records(split):
    "A file of the binary form: coarse label, fine label and planar colours of each picture"
    planes = [np.asarray(picture(split, row)).transpose(2, 0, 1).tobytes() for row in range(len(labels(split)))]
    return b''.join(bytes([label//2, label]) + plane for label, plane in zip(labels(split), planes))


def binary(change=None, inner='cifar-100-binary', given=''):
    "-> maker of the unpacked form, of which `change` spoils something; `given`: what of it is opened"
    def make(folder):
        place = folder/inner
        place.mkdir(parents=True, exist_ok=True)
        for split in COUNTS: (place/f'{split}.bin').write_bytes(records(split))
        (place/NAMED).write_text('\n'.join(NAMES) + '\n', encoding='utf-8')
        if change: change(place)
        return dict(data=place/given)
    return make


def with_file(name, data):
    "-> change: another file in place of one; a function changes what it holds, None takes it away"
    def change(place):
        if data is None: (place/name).unlink()
        else: (place/name).write_bytes(data((place/name).read_bytes()) if callable(data) else data)
    return change


def archive(change=None, name='cifar-100-binary.tar.gz', mode='w:gz', end=None, extra=()):
    "-> maker of the packed form; `extra`: further members (name, bytes); `end`: where the file is cut"
    def make(folder):
        place = binary(change, inner='unpacked')(folder)['data']
        with tarfile.open(folder/name, mode) as packed:
            for path in sorted(place.iterdir()): packed.add(path, f'cifar-100-binary/{path.name}')
            for other, data in extra:
                member = tarfile.TarInfo(other)
                member.size = len(data)
                packed.addfile(member, io.BytesIO(data))
        if end: (folder/name).write_bytes((folder/name).read_bytes()[:end])
        return dict(data=folder/name)
    return make


def hub(names=NAMES, change=None, given='', without=(), says=None, **columns):
    "-> maker of the hub's files; `says`: bytes of the metadata; `columns`: (values of n rows) that replace or add"
    def make(folder):
        place, metadata = folder/'cifar100', json.dumps(dict(info=dict(features=dict(fine_label=dict(names=names)))))
        place.mkdir()
        for split in COUNTS:
            fine = labels(split)
            buffers = [io.BytesIO() for _ in fine]
            for row, buffer in enumerate(buffers): picture(split, row).save(buffer, 'PNG')
            table = dict(img=pa.array([dict(bytes=buffer.getvalue(), path=None) for buffer in buffers], IMG), fine_label=fine, coarse_label=fine//2)
            table |= {name: values(len(fine)) for name, values in columns.items()}
            table = pa.table({name: column for name, column in table.items() if name not in without})
            table = table.replace_schema_metadata(dict(huggingface=metadata if says is None else says))
            pq.write_table(table, place/f'{split}-00000-of-00001.parquet', row_group_size=5)
        if change: change(place)
        return dict(data=place/given)
    return make


def python(folder):
    "The form for Python, whose pickle would leave a file behind if it were opened"
    place = folder/'cifar-100-python'
    place.mkdir()
    spell = b"cposix\nsystem\n(S'touch " + str(folder/'opened').encode() + b"'\ntR."
    for name in ('train', 'test', 'meta'): (place/name).write_bytes(spell)
    return dict(data=place)


def packed_python(folder):
    place = python(folder)['data']
    with tarfile.open(folder/'cifar-100-python.tar.gz', 'w:gz') as packed: packed.add(place, place.name)
    return dict(data=folder/'cifar-100-python.tar.gz')


def both(folder):
    archive()(folder)
    return dict(data=binary()(folder)['data'].parent)


def python_beside(folder):
    packed_python(folder)
    return dict(data=binary()(folder)['data'].parent)


def pipe(name):
    "-> change: a pipe, which would keep a reader waiting, in place of a file"
    def change(place):
        (place/name).unlink()
        os.mkfifo(place/name)
    return change


def folder_for(name):
    "-> change: a folder in place of a file"
    def change(place):
        (place/name).unlink()
        (place/name).mkdir()
    return change


def links(folder):
    "An archive whose files are links out of it"
    with tarfile.open(folder/'links.tar.gz', 'w:gz') as packed:
        for name in ('train.bin', 'test.bin', NAMED):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, '/etc/passwd'
            packed.addfile(member)
    return dict(data=folder/'links.tar.gz')


def ten(folder):
    for k in range(1, 6): (folder/f'data_batch_{k}.bin').write_bytes(bytes(3_073))
    return dict(data=folder)


def shuffled(data):
    "The same records in another order"
    rows = np.frombuffer(data, np.uint8).reshape(-1, 3_074)
    return np.random.default_rng(0).permutation(rows).tobytes()


def swapped(data):
    "The fine label before the coarse one, and 20 or more"
    rows = np.frombuffer(data, np.uint8).reshape(-1, 3_074).copy()
    rows[:, 0] = 20
    return rows.tobytes()


def is_(path): return lambda folder: dict(data=path)
def no_cells(n): return pa.array([dict(bytes=None, path=None)]*n, IMG)
def other_cells(n): return pa.array([dict(bytes=b'<html>', path='a.png')]*n, IMG)
def paths_alone(n): return [f'{k}.png' for k in range(n)]
def no_labels(n): return pa.array([None]*n, pa.int64())
def texts(n): return ['apple']*n
def below(n): return [-1]*n


def anyhow(made): return cifar_100_lt(made['data'], 4, strict=False)
def published(made): return cifar_100_lt(made['data'], 4)
def tail(imbalance): return lambda made: cifar_100_lt(made['data'], imbalance, strict=False)


def sizes(*wanted):
    "-> check of the images in train, val and test"
    def check(made, answer):
        images = answer.value
        assert [len(images[split]) for split in ('train', 'val', 'test')] == list(wanted)
        assert images.items.id.is_unique
        assert images.classes == ['apple', 'aquarium fish', 'baby', 'crab']
        assert images.array(0).shape == (32, 32, 3)
    return check


def unopened(made, answer): assert not (made['folder']/'opened').exists()


CASES = [
    Case('CIFAR-100 in small', binary(), call=anyhow, fails=False, check=sizes(18, 14, 8), says=('but not all of it',)),
    Case('CIFAR-100 in small, packed', archive(), call=anyhow, fails=False, check=sizes(18, 14, 8)),
    Case('CIFAR-100 in small, packed without gzip', archive(name='a.tar', mode='w'), call=anyhow, fails=False, check=sizes(18, 14, 8)),
    Case("CIFAR-100 in small, the hub's", hub(names=NAMES[:3] + ['cra']), call=anyhow, fails=False, check=sizes(18, 14, 8)),
    Case('CIFAR-100 in small, as published', binary(), call=published,
         says=('4 classes, not 100', '32 train images, not 50,000', '8 test images, not 10,000', 'strict=False')),
    Case('CIFAR-100 in another order', binary(with_file('train.bin', shuffled)), call=anyhow, fails=False, check=sizes(18, 14, 8),
         says=('not in the published order',)),
    Case('CIFAR-100 without a tail', binary(), call=tail(1), fails=False, check=sizes(32, 0, 8), says=('none is left to choose epochs by',)),
    Case('CIFAR-100 with half a tail', binary(), call=tail(.5), says=('imbalance = 0.5: it is a finite number, at least 1',)),
    Case('CIFAR-100 with a tail of no number', binary(), call=tail(float('nan')), says=('imbalance = nan',)),
    Case('CIFAR-100 with a tail of text', binary(), call=tail('100'), says=("imbalance = '100'",)),
    Case('CIFAR-100 with a tail of nobody', binary(), call=tail(100), says=('the largest class has 8 images, so the ratio is at most 8',)),
    Case('CIFAR-100 that is nowhere', is_('nowhere'), call=anyhow, says=('nowhere: no such file; give cifar-100-binary.tar.gz',)),
    Case('CIFAR-100 by a name that is none', is_('a\0b'), call=anyhow, says=('no name of a file',)),
    Case('CIFAR-100 by a name that is too long', is_('x'*5_000), call=anyhow, says=('too long',)),
    Case('CIFAR-100 by nothing', is_(None), call=anyhow, says=('this is no path',)),
    Case('CIFAR-100 in an empty folder', lambda folder: dict(data=folder), call=anyhow, says=('nor is anything one level below it',)),
    Case('CIFAR-100 packed and unpacked', both, call=anyhow, says=('holds cifar-100-binary and cifar-100-binary.tar.gz', 'one of them')),
    Case('CIFAR-100 in two forms', binary(with_file('train.parquet', b'')), call=anyhow, says=('holds both the binary form',)),
    Case('CIFAR-100 from above', binary(given='..'), call=anyhow, fails=False, check=sizes(18, 14, 8),
         says=('one level too high; the set is taken from cifar-100-binary',)),
    Case('CIFAR-100 from two levels above', binary(inner='data/cifar-100-binary', given='../..'), call=anyhow,
         says=('nor is anything one level below it',)),
    Case('CIFAR-100 by one of its files', binary(given='train.bin'), call=anyhow, says=('one level too low; give the folder above it',)),
    Case("CIFAR-100 by one of the hub's files", hub(given='train-00000-of-00001.parquet'), call=anyhow, says=('one level too low',)),
    Case('CIFAR-100 from a folder in it', binary(lambda place: (place/'more').mkdir(), given='more'), call=anyhow, says=('one level too low',)),
    Case('CIFAR-10 instead', ten, call=anyhow, says=('this is CIFAR-10',)),
    Case('CIFAR-100 for Python', python, call=anyhow, says=('stored as pickle', 'cifar-100-binary.tar.gz'), check=unopened),
    Case('CIFAR-100 for Python, from above', lambda folder: dict(data=python(folder)['data'].parent), call=anyhow, says=('pickle',),
         check=unopened),
    Case('CIFAR-100 for Python, packed', packed_python, call=anyhow, says=('stored as pickle', 'cifar-100-binary.tar.gz'), check=unopened),
    Case('CIFAR-100 beside that for Python', python_beside, call=anyhow, fails=False, check=sizes(18, 14, 8)),
    Case('CIFAR-100 cut off', binary(with_file('train.bin', lambda data: data[:-1])), call=anyhow,
         says=('98,367 bytes are no whole records of 3,074', '153,700,000 bytes')),
    Case('CIFAR-100 cut off after a record', binary(with_file('test.bin', lambda data: data[:-3_074])), call=published,
         says=('7 test images, not 10,000',)),
    Case('CIFAR-100 without a record', binary(with_file('test.bin', b'')), call=anyhow, says=('test.bin: 0 bytes', '30,740,000 bytes')),
    Case('CIFAR-100 of other records', binary(with_file('train.bin', bytes(4*3_073))), call=anyhow, says=('no whole records',)),
    Case('CIFAR-100 without its test', binary(with_file('test.bin', None)), call=anyhow, says=('test.bin: no such file',)),
    Case('CIFAR-100 with a pipe', binary(pipe('test.bin')), call=anyhow, says=('test.bin: a pipe',)),
    Case('CIFAR-100 with a folder for a file', binary(folder_for('train.bin')), call=anyhow, says=('train.bin: a folder',)),
    Case('CIFAR-100 with a label without a name', binary(with_file(NAMED, b'apple\nbaby\ncrab\n')), call=anyhow,
         says=('picture 4 has fine_label 3, but there are names for 0 to 2 only',)),
    Case('CIFAR-100 with a superclass too many', binary(with_file('train.bin', swapped)), call=anyhow, says=('picture 1 has coarse_label 20',)),
    Case('CIFAR-100 without names', binary(with_file(NAMED, None)), call=anyhow, says=('fine_label_names.txt: no such file',)),
    Case('CIFAR-100 with no name in its list', binary(with_file(NAMED, b'\n')), call=anyhow, says=('names no class',)),
    Case('CIFAR-100 with an empty name', binary(with_file(NAMED, b'apple\n\nbaby\ncrab\n')), call=anyhow, says=('class 1 has no name',)),
    Case('CIFAR-100 with a name twice', binary(with_file(NAMED, b'apple\nbaby\nbaby\ncrab\n')), call=anyhow, says=("'baby' is there twice",)),
    Case('CIFAR-100 with names in UTF-16', binary(with_file(NAMED, 'äpple'.encode('utf-16'))), call=anyhow, says=('UTF-8',)),
    Case('CIFAR-100 with a class that nobody has', binary(with_file(NAMED, '\n'.join([*NAMES, 'worm']).encode())), call=anyhow,
         says=('has no training image of worm',)),
    Case('CIFAR-100 with pictures twice', binary(with_file('test.bin', records('train')[:2*3_074])), call=anyhow, fails=False,
         says=('show what another one shows',), check=lambda made, answer: sizes(18, 14, 2)(made, answer)),
    Case('an archive of CIFAR-100 cut off', archive(end=60_000), call=anyhow, says=('no whole archive', 'fetch cifar-100-binary.tar.gz again')),
    Case('an archive of CIFAR-100 that is a page', archive(name='a.tar.gz', end=1, mode='w'), call=anyhow, says=('no whole archive',)),
    Case('an archive of CIFAR-100 that is xz', archive(mode='w:xz'), call=anyhow, says=('no whole archive',)),
    Case('an archive of CIFAR-100 with a file cut off', archive(with_file('train.bin', lambda data: data[:-1])), call=anyhow,
         says=('tar.gz/train.bin: 98,367 bytes',)),
    Case('an archive of CIFAR-100 without its names', archive(with_file(NAMED, None)), call=anyhow, says=('holds no fine_label_names.txt',)),
    Case('an archive of CIFAR-100 with names in another encoding', archive(with_file(NAMED, b'\xe4pple')), call=anyhow, says=('no UTF-8',)),
    Case('an archive of CIFAR-100 with a file twice', archive(extra=[('copy/test.bin', b'')]), call=anyhow, says=('holds two files test.bin',)),
    Case('an archive of CIFAR-100 with pickles', archive(extra=[('meta', b'\x80')]), call=anyhow, says=('pickle',)),
    Case('an archive of CIFAR-100 with paths out of it', archive(extra=[('../../outside', b'x')]), call=anyhow, fails=False, check=sizes(18, 14, 8)),
    Case('an archive of CIFAR-100 of links', links, call=anyhow, says=('holds no train.bin, test.bin, fine_label_names.txt',)),
    Case("the hub's CIFAR-100 without names", hub(says=b'{}'), call=anyhow, says=('the schema does not name the classes',)),
    Case("the hub's CIFAR-100 with broken names", hub(says=b'{"info": '), call=anyhow, says=('no JSON that can be read',)),
    Case("the hub's CIFAR-100 with numbers for names", hub(names=[1, 2, 3, 4]), call=anyhow, says=('does not name the classes',)),
    Case("the hub's CIFAR-100 with too few names", hub(names=NAMES[:2]), call=anyhow, says=('picture 3 has fine_label 2',)),
    Case("the hub's CIFAR-100 without labels", hub(without=['fine_label'], label=texts), call=anyhow,
         says=('has columns img, coarse_label, label; those of CIFAR-100 are',)),
    Case("the hub's CIFAR-100 with empty labels", hub(fine_label=no_labels), call=anyhow, says=('32 rows have no fine_label',)),
    Case("the hub's CIFAR-100 with labels in words", hub(fine_label=texts), call=anyhow, says=('those of CIFAR-100 are img',)),
    Case("the hub's CIFAR-100 with labels below 0", hub(fine_label=below), call=anyhow, says=('picture 1 has fine_label -1',)),
    Case("the hub's CIFAR-100 with paths alone", hub(img=paths_alone), call=anyhow, says=('those of CIFAR-100 are img',)),
    Case("the hub's CIFAR-100 without pictures", hub(img=no_cells), call=anyhow, says=(r'parquet: row \d+ holds no picture',)),
    Case("the hub's CIFAR-100 with pages for pictures", hub(img=other_cells), call=anyhow, says=(r'parquet: row \d+ holds no picture',)),
    Case("the hub's CIFAR-100 without test", hub(change=with_file('test-00000-of-00001.parquet', None)), call=anyhow,
         says=('has no test-….parquet',)),
    Case("the hub's CIFAR-100 cut off", hub(change=with_file('train-00000-of-00001.parquet', lambda data: data[:-50])), call=anyhow,
         says=('no Parquet file that can be read',)),
    Case("the hub's CIFAR-100 damaged inside", hub(change=with_file('test-00000-of-00001.parquet', lambda data: data[:4] + bytes(9_000) + data[9_004:])),
         call=anyhow, says=('test-00000-of-00001.parquet',)),
    Case("the hub's CIFAR-100 with a pipe", hub(change=pipe('test-00000-of-00001.parquet')), call=anyhow, says=('a pipe',)),
    Case("the hub's CIFAR-100 with a folder", hub(change=folder_for('test-00000-of-00001.parquet')), call=anyhow, says=('a folder',)),
]
