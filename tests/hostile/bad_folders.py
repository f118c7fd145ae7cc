"Folders of images that are not what they seem"
import os
import shutil

import numpy as np
from PIL import Image, PngImagePlugin

from discl.data import image_folder, open_data
from harness import Case, class_folders, photo

COUNTS = dict(cat=8, dog=8)


def plain(folder): return dict(data=class_folders(folder/'data', COUNTS))


def spoiled(spoil, counts=COUNTS):
    "Class folders, of which something is then done"
    def make(folder):
        data = class_folders(folder/'data', counts)
        spoil(data)
        return dict(data=data)
    return make


def split_names(*names):
    "Class folders in splits with these names, no picture twice"
    def make(folder):
        for number, name in enumerate(names):
            class_folders(folder/'data'/name, {f'{kind}': 6 for kind in ('cat', 'dog')})
            for k, path in enumerate(sorted((folder/'data'/name).rglob('*.png'))): photo(1000*number + k + 7).save(path)
        return dict(data=folder/'data')
    return make


def opened(**options): return lambda made: open_data(str(made['data']), **options)


def has(classes=('cat', 'dog'), n=16, splits=None):
    "Checks classes, number of images, and splits"
    def check(made, answer):
        assert answer.value.classes == list(classes), answer.value.classes
        assert len(answer.value) == n, len(answer.value)
        assert answer.value.items.id.is_unique
        if splits: assert set(answer.value.items.split) == set(splits)
    return check


def put(data, path, seed=99):
    (data/path).parent.mkdir(parents=True, exist_ok=True)
    photo(seed).save(data/path)


def write(data, path, text=''):
    (data/path).parent.mkdir(parents=True, exist_ok=True)
    (data/path).write_text(text, encoding='utf-8')


def run_inside(data):
    write(data, 'runs/first/run.json', '{}')
    put(data, 'runs/first/trial-0/spectrum/1.png')
    write(data, 'spectrum/store.json', '{}')
    put(data, 'spectrum/shards/1.png')


def junk_everywhere(data):
    for number, place in enumerate(('.', 'cat', 'cat/deep')):
        for name in ('.ipynb_checkpoints', '@eaDir', '__MACOSX', '.git', '.Trash-1000', '$RECYCLE.BIN', '#recycle',
                     'System Volume Information', 'lost+found', '.thumbnails', '.@__thumb', '__pycache__', '.AppleDouble'):
            put(data, f'{place}/{name}/copy.png', 500 + number)
        for name in ('.DS_Store', 'Thumbs.db', 'desktop.ini', '._000.png'): write(data, f'{place}/{name}')


def many_formats(data):
    for ending in ('tif', 'gif', 'jfif', 'ppm', 'TIFF', 'avif', 'jp2', 'tga'):
        photo(sum(ending.encode())).save(data/f'cat/x.{ending}', {'jfif': 'JPEG', 'TIFF': 'TIFF'}.get(ending))
    for name in ('a.txt', 'b.svg', 'c.heic', 'd.mp4', 'e.zip', 'f.npy', 'g'): write(data, f'cat/{name}', 'x')


def hidden_copy(data):
    "The pixels of a training image in the test folder, in other bytes"
    note = PngImagePlugin.PngInfo()
    note.add_text('Comment', 'saved again')
    Image.open(data/'train/cat/000.png').save(data/'test/cat/again.png', pnginfo=note)


def with_splits(spoil, names=('train', 'val', 'test')):
    def make(folder):
        made = split_names(*names)(folder)
        spoil(made['data'])
        return made
    return make


def turned_copies(data):
    rng = np.random.default_rng(3)
    big = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).resize((96, 96), Image.BICUBIC)
    big.save(data/'train/cat/one.png')
    big.rotate(90).resize((64, 64)).save(data/'val/cat/two.png')
    big.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(data/'test/cat/three.jpg', quality=90)


def in_two_classes(data):
    for k in range(3): shutil.copy(data/f'cat/00{k}.png', data/f'dog/x{k}.png')
    shutil.copy(data/'cat/005.png', data/'cat/y.png')
    write(data, 'cat/bad.png', 'no image')


def no_files(data):
    os.symlink(data/'nowhere.png', data/'cat/link.png')
    os.mkfifo(data/'cat/pipe.png')
    (data/'cat/folder.png').mkdir()
    with open(os.fsencode(data/'cat') + b'/\xff.png', 'wb') as file: file.write((data/'cat/000.png').read_bytes())


def circles(data):
    os.symlink(data, data/'cat/circle')
    os.symlink(data/'dog', data/'dog/itself')


def renamed(made):
    "Ids and splits under other names of files"
    first = image_folder(made['data'])
    for k, path in enumerate(sorted(made['data'].rglob('*.png'), reverse=True)): path.rename(path.with_name(f'n{k:03}.png'))
    second = image_folder(made['data'])
    return [dict(zip(images.items.id, images.items.split)) for images in (first, second)]


def equal_lists(made, answer):
    first, second = answer.value
    assert list(first.items()) == list(second.items())


def loose(data):
    put(data, 'lost.png')
    put(data, 'found.png')


def classes_named(*names):
    return spoiled(lambda data: None, {name: 6 for name in names})


def burst(data):
    "Shots of one series"
    shot = np.asarray(photo(55, 64)).astype(int)
    for k in range(4):
        near = shot + np.random.default_rng(k).integers(-2, 3, shot.shape)
        Image.fromarray(near.clip(0, 255).astype(np.uint8)).save(data/f'cat/burst{k}.png')


def one_split(made, answer):
    items = answer.value.items
    assert items.split[items.path.str.contains('burst')].nunique() == 1, items


def within(*places):
    "The same two classes in folders"
    def make(folder):
        for place in places: class_folders(folder/'data'/place, dict(cat=6, dog=6))
        return dict(data=folder/'data')
    return make


LEAK = with_splits(hidden_copy)
CASES = [
    Case('a run and a store inside the data', spoiled(run_inside), call=opened(), fails=False, check=has(),
         says=('2 folders that discl made', 'runs', 'spectrum')),
    Case('the folder of a run as data', spoiled(run_inside), call=lambda made: open_data(made['data']/'runs'),
         says=('discl made this folder',)),
    Case('junk at every depth', spoiled(junk_everywhere), call=opened(), fails=False, check=has(),
         says=('left out 51 hidden or system', r'@eaDir \(3\)')),
    Case('other formats and other files', spoiled(many_formats), call=opened(), fails=False, check=has(n=24),
         says=('left out 7 files that are no images', r'\.svg \(1\)', r'no ending \(1\)')),
    *(Case(f'splits named {" and ".join(names)}', split_names(*names), call=opened(), fails=False,
           check=has(n=12*len(names), splits=('train', 'val', 'test')))
      for names in (('Training', 'Test'), ('Train', 'TEST'), ('train_set', 'test_set'), ('trn', 'dev'), ('training_data', 'Testing'),
                    ('seg_train/seg_train', 'seg_test/seg_test'), ('images/train', 'images/valid'), ('train2017', 'val2017'),
                    ('train/images', 'test/images'), ('trainset', 'testset', 'Validation'))),
    Case('splits without training', split_names('val', 'Test'), call=opened(), says=('has Test, val but no train/',)),
    Case('two folders for a split', split_names('train', 'val', 'dev'), call=opened(), says=('several mean val',)),
    Case('splits inside classes', split_names('a/train', 'a/test', 'b/train', 'b/test'), call=opened(),
         says=('Put the classes into the splits',)),
    Case('a class named test', classes_named('cat', 'dog', 'test'), call=opened(),
         says=('test beside cat, dog but no train/', 'put class folders of such a name into a folder train/')),
    Case('a class named test inside train', lambda folder: dict(data=folder/'data', made=class_folders(
        folder/'data/train', dict(cat=6, dog=6, test=6))), call=opened(), fails=False, check=has(('cat', 'dog', 'test'), 18)),
    Case('the same pixels in other bytes in two splits', LEAK, call=opened(), says=('1 times the same image in two splits', 'again.png')),
    Case('the same pixels in two splits, dropped', LEAK, call=opened(on_leak='drop'), fails=False, check=has(n=36), says=('left out',)),
    Case('the same pixels in two splits, kept', LEAK, call=opened(on_leak='keep'), fails=False, check=has(n=37)),
    Case('one photo turned into three splits', with_splits(turned_copies), call=opened(), fails=False, check=has(n=39),
         says=('3 times nearly the same image in two splits',)),
    Case('one photo turned into three splits, refused', with_splits(turned_copies), call=opened(on_leak='raise'), says=('nearly the same',)),
    Case('one photo turned into three splits, dropped', with_splits(turned_copies), call=opened(on_leak='drop'), fails=False, check=has(n=37)),
    Case('pictures in two classes', spoiled(in_two_classes), call=opened(on_bad='skip'),
         says=('3 pictures are in two classes', '000.png = ', '001.png = ', '002.png = ')),
    Case('pictures in two classes, dropped', spoiled(in_two_classes), call=opened(on_bad='skip', on_conflict='drop'), fails=False,
         check=has(n=13), says=('1 images are copies',)),
    Case('pictures in two classes, kept', spoiled(in_two_classes), call=opened(on_bad='skip', on_conflict='keep'), fails=False,
         check=has(n=19)),
    Case('unknown words', plain, call=opened(on_bad='ignore'), says=("on_bad='ignore' is unknown; known are raise, skip",)),
    Case('classes that look alike', classes_named('cat ', 'Cat', 'ｃat', 'dog'), call=opened(), says=(), fails=False,
         check=has(('Cat', 'cat', 'dog', 'ｃat'), 24)),
    Case('classes that are one when trimmed', classes_named('cafe\u0301', 'caf\u00e9', 'dog ', 'dog'), call=opened(), fails=False,
         check=has(('caf\u00e9', 'dog'), 24), says=('were set right',)),
    Case('a broken link, a pipe and a name without letters', spoiled(no_files), call=opened(),
         says=('3 of 20 images cannot be read|3 of 19 images cannot be read', r'\\xff.png', 'link.png', 'pipe.png')),
    Case('a broken link, a pipe and a name without letters, skipped', spoiled(no_files), call=opened(on_bad='skip'), fails=False, check=has()),
    Case('links in a circle', spoiled(circles), call=opened(on_conflict='drop'), says=('no readable train image',)),
    Case('a class that links to another', spoiled(lambda data: os.symlink(data/'dog', data/'fox')), call=opened(),
         says=('8 pictures are in two classes',)),
    Case('images in no class', spoiled(loose), call=opened(), fails=False, check=has(), says=('2 images in no class folder',)),
    Case('only images, no classes', lambda folder: dict(data=folder, made=put(folder, 'a.png')), call=opened(),
         says=('no images', '1 images in no class folder')),
    Case('a name too long', plain, call=lambda made: open_data('x'*9999), says=('no such folder',)),
    Case('files renamed', plain, call=renamed, fails=False, check=equal_lists),
    Case('a series of shots', spoiled(burst), call=opened(), fails=False, check=one_split),
    Case('folders without images', spoiled(lambda data: write(data, 'labels/a.txt')), call=opened(), fails=False, check=has(),
         says=('folders without images: labels',)),
    Case('a class in a format that is not read', spoiled(lambda data: write(data, 'fox/a.heic')), call=opened(),
         says=('convert them',)),
    Case('a level too high', within('archive/pets'), call=opened(), fails=False, check=has(n=12), says=('taken from',)),
    *(Case(f'folders named {" and ".join(names)}', within(*names), call=opened(), says=(said,)) for said, names in (
        ('named like splits', ('tr', 'te')), ('named like splits', ('trainA', 'testA')),
        ('named like splits', ('abc_train', 'abc_test')), ('parts of a data set', ('images', 'masks')),
        ('parts of a data set', ('fold0', 'fold1')))),
    Case('folders of folders', within('animals', 'plants'), call=opened(on_conflict='keep'), fails=False,
         says=('hold only folders',)),
    Case('a share that is no number', plain, call=lambda made: image_folder(made['data'], val='.1'), says=('a share is',)),
    Case('a seed below 0', plain, call=lambda made: image_folder(made['data'], seed=-1), says=('a whole number',)),
]
