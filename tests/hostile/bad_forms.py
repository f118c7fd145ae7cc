"Tables of columns, zips, shards and saved sets that are not what they should be"
import gzip
import io
import json
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
from harness import Case, photo

from discl.data.tables import hugging_face, image_shards, image_table, image_zip

NAMES = ['cat', 'dog']


def data(seed):
    "A picture's file"
    file = io.BytesIO()
    photo(seed + 500).save(file, 'PNG')
    return file.getvalue()


PICTURES = [data(seed) for seed in range(13)]


def columns(change=None, names=NAMES, told=None):
    "-> maker of a Parquet file of twelve pictures, of whose columns `change` may spoil some"
    def make(folder):
        cells = dict(image=[dict(bytes=one, path=None) for one in PICTURES[:12]], label=[0, 1]*6)
        if change: change(cells)
        table = pa.table(cells)
        features = dict(label=dict(_type='ClassLabel', names=names))
        text = told or json.dumps(dict(info=dict(features=features)))
        pq.write_table(table.replace_schema_metadata(dict(huggingface=text)), folder/'train.parquet')
        return dict(data=folder/'train.parquet')
    return make


def cell(column, row, value):
    "-> change of one cell"
    def change(cells): cells[column][row] = value
    return change


def column(name, values):
    "-> change: a whole column"
    def change(cells): cells[name] = values
    return change


def without(name): return lambda cells: cells.pop(name)


def edited(make, old, new, name=None):
    "-> maker of the same with other bytes in a file"
    def spoil(folder):
        made = make(folder)
        path = folder/name if name else made['data']
        path.write_bytes(path.read_bytes().replace(old, new))
        return made
    return spoil


def cut(make, share=.5):
    "-> maker of the same, of which the end is missing"
    def spoil(folder):
        made = make(folder)
        whole = made['data'].read_bytes()
        made['data'].write_bytes(whole[:int(len(whole)*share)])
        return made
    return spoil


def squeezed(make):
    "-> maker of the same, compressed as a whole"
    def spoil(folder):
        made = make(folder)
        made['data'].write_bytes(gzip.compress(made['data'].read_bytes()))
        return made
    return spoil


TREE = [f'{split}/{kind}/{k}.png' for split in ('train', 'val', 'test') for kind in NAMES for k in range(2)]


def zipped(*names):
    "-> maker of a zip with these names"
    def make(folder):
        with zipfile.ZipFile(folder/'set.zip', 'w') as file:
            for k, name in enumerate(names): file.writestr(name, PICTURES[k % 13] if name.endswith('.png') else b'x')
        return dict(data=folder/'set.zip')
    return make


def beside(make):
    "-> maker of a zip beside a folder; the folder of both is given"
    def both(folder):
        make(folder)
        (folder/'set').mkdir()
        return dict(data=folder)
    return both


def shard(*files, name='train-0.tar'):
    "-> maker of a shard of ten samples, and some files more"
    def make(folder):
        with tarfile.open(folder/name, 'w', encoding='utf-8') as out:
            good = [file for k in range(10) for file in ((f'{k}.png', PICTURES[k]), (f'{k}.cls', b'%d' % (k % 2)))]
            for inner, content in [*good, *files]:
                info = tarfile.TarInfo(inner)
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
        return dict(data=folder/name)
    return make


def saved(folder):
    "A set as save_to_disk writes it: train and test"
    for split, rows in (('train', range(8)), ('test', range(8, 12))):
        (folder/'set'/split).mkdir(parents=True)
        table = pa.table(dict(image=[dict(bytes=PICTURES[k], path=None) for k in rows], label=[NAMES[k % 2] for k in rows]))
        with pa.OSFile(str(folder/'set'/split/'data-00000-of-00001.arrow'), 'wb') as out, pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
        (folder/'set'/split/'state.json').write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}', encoding='utf-8')
        (folder/'set'/split/'dataset_info.json').write_text('{}', encoding='utf-8')
    (folder/'set/dataset_dict.json').write_text('{"splits": ["train", "test"]}', encoding='utf-8')
    return dict(data=folder/'set')


def tsv(*rows):
    "-> maker of a TSV of twelve pictures, and some rows more"
    def make(folder):
        for k in range(12): (folder/f'{k}.png').write_bytes(PICTURES[k])
        good = [f'{k}.png\t{NAMES[k % 2]}' for k in range(12)]
        (folder/'t.tsv').write_text('\n'.join(['file\tclass', *good, *rows]), encoding='utf-8')
        return dict(data=folder/'t.tsv')
    return make


def inside(make, name): return lambda folder: dict(data=make(folder)['data']/name)
def above(make): return lambda folder: dict(data=make(folder)['data'].parent)


def one_shard_lost(folder):
    made = columns()(folder)
    made['data'].rename(folder/'train-00000-of-00003.parquet')
    return dict(data=folder)


def of(n):
    "-> check: so many images, and each can be looked at"
    def check(made, answer):
        assert len(answer.value) == n, len(answer.value)
        assert answer.value.image(n - 1).mode == 'RGB'
    return check


def bad(name, reader, make, *says, **options):
    return Case(name, make, call=lambda made: reader(made['data'], **options), says=says)


def good(name, reader, make, n, *says, **options):
    return Case(name, make, call=lambda made: reader(made['data'], **options), fails=False, says=says, check=of(n))


CASES = [
    good('Parquet with pictures', image_table, columns(), 12),
    bad('Parquet cut off', image_table, cut(columns()), 'no Parquet or Arrow file that can be read'),
    bad('Parquet that is a text', image_table, edited(columns(), b'PAR1', b'text'), 'no Parquet or Arrow file'),
    bad('metadata that is no JSON', image_table, columns(told='{"info": '), 'metadata huggingface: no JSON'),
    good('metadata of another kind', image_table, columns(told='{"info": []}'), 12),
    bad('a label beyond the names', image_table, columns(cell('label', 3, 2)), 'row 4 has label 2, but there are names for 0 to 1 only'),
    bad('labels of a test without labels', image_table, columns(column('label', [-1]*12)), 'label -1, which is no label'),
    bad('labels that are half numbers', image_table, columns(column('label', [.5]*12)), 'whole numbers'),
    bad('a label that is missing', image_table, columns(cell('label', 0, None)), 'row 1 has no label'),
    bad('no column of labels', image_table, columns(without('label')), 'no column is known as the label'),
    bad('no column of pictures', image_table, columns(without('image')), 'no column is known as the image'),
    bad('a class of two names', image_table, columns(names=['cat', 'cat ']), "two classes are named 'cat'"),
    bad('names that are numbers', image_table, columns(names=[0, 1]), 'names of classes are texts'),
    bad('a cell that is no picture', image_table, columns(cell('image', 5, dict(bytes=b'GIF', path=None))), 'row 6: not an image'),
    good('a cell that is no picture, skipped', image_table, columns(cell('image', 5, dict(bytes=b'', path=None))), 11,
         'left out 1 of 12', on_bad='skip'),
    bad('a picture in two classes', image_table, columns(cell('image', 1, dict(bytes=PICTURES[0], path=None))), 'two classes or more'),
    good('a picture twice', image_table, columns(cell('image', 2, dict(bytes=PICTURES[0], path=None))), 11, '1 images are copies'),
    bad('an id twice', image_table, columns(column('key', [*range(11), 0])), "1 ids are there twice, such as '0'", id='key'),
    bad('a split with a class of its own', image_table, columns(column('split', ['train', 'test']*6)), 'no readable train image of class dog'),
    bad('a split that is none', image_table, columns(column('split', ['holdout']*12)), "unknown split 'holdout'"),
    bad('splits in a column subset of Parquet', image_table, columns(column('subset', ['train', 'test']*6)),
        'the column subset says which split'),
    good('a TSV of paths', image_table, tsv(), 12),
    bad('a TSV whose files are gone', image_table, tsv('gone.png\tcat', 'lost/x.png\tdog'), '2 of 14 images cannot be read',
        'gone.png: no such file'),
    bad('a TSV with an address', image_table, tsv('https://example.org/a.png\tcat'), 'row 14 is an address'),
    bad('a folder for a table', image_table, above(tsv()), 'a folder; give the table itself'),
    bad('an option that is none', image_table, columns(), 'vall is no option of a reader', vall=.2),
    good('a zip of folders', image_zip, zipped(*TREE, '__MACOSX/train/cat/._0.png', 'train/Thumbs.db'), 12),
    bad('a zip cut off', image_zip, cut(zipped(*TREE)), 'no zip that can be read'),
    bad('a zip with spoilt bytes', image_zip, edited(zipped(*TREE), PICTURES[0][40:60], b'\0'*20), 'cannot be unpacked'),
    bad('a zip with a name twice', image_zip, zipped(*TREE, TREE[0]), '1 names are there twice'),
    bad('a zip of loose pictures', image_zip, zipped('a.png', 'b.png'), 'lie in no class folder'),
    bad('a zip of splits without training', image_zip, zipped(*TREE[4:]), 'but no train'),
    bad('a zip of pictures and masks', image_zip, zipped('images/cat/0.png', 'masks/0.png'), 'named like parts of a data set'),
    bad('a zip without pictures', image_zip, zipped('a/readme.txt'), 'no images in it'),
    bad('both a zip and a folder', image_zip, beside(zipped(*TREE)), 'holds both set.zip and the folder set'),
    bad('a zip with a class in test only', image_zip, zipped(*TREE, 'test/eel/9.png'), 'no readable train image of class eel'),
    good('a shard', image_shards, shard(), 10),
    bad('a shard cut off', image_shards, cut(shard(), .3), 'train-0.tar: '),
    bad('a shard with a key twice', image_shards, shard(('0.png', PICTURES[11])), '0.png is there twice'),
    bad('a sample without a label', image_shards, shard(('x.png', PICTURES[11])), '1 of 11 samples have no label, such as .*x.png'),
    bad('a sample without a picture', image_shards, shard(('x.cls', b'1')), 'x: has no bytes'),
    bad('a sample whose JSON is none', image_shards, shard(('x.png', PICTURES[11]), ('x.json', b'{"label"')), 'x.json: no JSON'),
    bad('a sample of two pictures', image_shards, shard(('x.png', PICTURES[11]), ('x.jpg', b''), ('x.cls', b'1')), "say image='png'"),
    bad('a label beyond the names of a shard', image_shards, shard(), 'has label 1, but there are names for 0 to 0', names=['cat']),
    bad('a compressed shard', image_shards, squeezed(shard()), 'unpack it with gunzip'),
    good('a saved set', hugging_face, saved, 12),
    bad('one split of a saved set', hugging_face, inside(saved, 'train'), 'only one split of a set; give .*set'),
    bad('the folder above a saved set', hugging_face, above(saved), 'lies one level deeper; give .*set'),
    bad('a saved set whose JSON is none', hugging_face, edited(saved, b'{', b'', 'set/train/state.json'), 'state.json: no JSON'),
    bad('a saved set that leads outside', hugging_face, edited(saved, b'data-', b'../../../data-', 'set/train/state.json'), 'lies outside'),
    bad('a shard of three', hugging_face, one_shard_lost, '2 of 3 shards are missing'),
    bad('an empty folder', hugging_face, lambda folder: dict(data=folder), 'holds nothing of datasets'),
    bad('a path that is nowhere', hugging_face, lambda folder: dict(data=folder/'no/where'), 'no such folder or file'),
]
