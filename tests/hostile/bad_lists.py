"Data sets given as lists of files, whose lists, folders or JSON files are not what they should be"
import json
import os

from harness import Case, photo

from discl.data.lists import imagenet_lt, inaturalist_2018, places_lt

WNIDS = ('n01440764', 'n01443537')
PLACES = ('airfield', 'shopping_mall-indoor')


def save(path, seed=0):
    "A small picture"
    path.parent.mkdir(parents=True, exist_ok=True)
    photo(seed, 8).save(path)


def write(path, lines): path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')


def listed(place, name, lists, change):
    "A set whose pictures are there: write its lists, then spoil what `change` spoils"
    for split, lines in lists.items(): write(place/f'{name}_{split}.txt', lines)
    if change: change(place)
    return dict(data=place)


def imagenet(change=None):
    "-> maker of ImageNet-LT with two classes of four training pictures, of which `change` spoils something"
    def make(folder):
        place, lists = folder/'ImageNet', {'train': [], 'val': [], 'test': []}
        for label, wnid in enumerate(WNIDS):
            for k in range(4):
                save(place/f'train/{wnid}/{wnid}_{k}.JPEG', k)
                lists['val' if k == 3 else 'train'].append(f'train/{wnid}/{wnid}_{k}.JPEG {label}')
            save(place/f'val/{wnid}/ILSVRC2012_val_0000000{label}.JPEG')
            lists['test'].append(f'val/{wnid}/ILSVRC2012_val_0000000{label}.JPEG {label}')
        return listed(place, 'ImageNet_LT', lists, change)
    return make


def places(change=None):
    "-> maker of Places-LT as a mirror lists it, with two classes"
    def make(folder):
        place, lists = folder/'places', {'train': [], 'val': [], 'test': []}
        for label, name in enumerate(PLACES):
            for k, split in enumerate(('train', 'train', 'val')):
                save(place/f'train/{name}/0000000{k}.jpg', k)
                lists[split].append(f'train/{name}/0000000{k}.jpg {label}')
            save(place/f'val/{name}/Places365_val_0000000{label}.jpg')
            lists['test'].append(f'val/{name}/Places365_val_0000000{label}.jpg {label}')
        return listed(place, 'Places_LT', lists, change)
    return make


def inaturalist(change=None):
    "-> maker of iNaturalist 2018 as the competition has it, with two species"
    def make(folder):
        place = folder/'inat'
        for split, first, count in (('train', 0, 4), ('val', 50, 3)):
            images, notes = [], []
            for k in range(2*count):
                name = f'train_val2018/Plantae/{k % 2}/{first + k:032x}.jpg'
                save(place/name, k)
                images.append(dict(id=first + k, width=8, height=8, file_name=name))
                notes.append(dict(id=first + k, image_id=first + k, category_id=k % 2))
            write(place/f'{split}2018.json', [json.dumps(dict(images=images, annotations=notes, categories=[]))])
        write(place/'categories.json', [json.dumps([dict(id=1, name='Aster alpinus'), dict(id=0, name='Bellis perennis')])])
        if change: change(place)
        return dict(data=place)
    return make


def edited(file, old, new):
    "-> change of a text in a file"
    def change(place):
        text = (place/file).read_text(encoding='utf-8')
        assert old in text, f'{old} is not in {file}'
        (place/file).write_text(text.replace(old, new, 1), encoding='utf-8')
    return change


def added(file, line):
    "-> change: a line at the end of a list"
    def change(place):
        with open(place/file, 'a', encoding='utf-8') as out: out.write(f'{line}\n')
    return change


def gone(*names):
    "-> change: files that are not there"
    def change(place):
        for name in names: (place/name).unlink()
    return change


def data_of(file, part, **fields):
    "-> change: fields of the first object of a list in a JSON file"
    def change(place):
        data = json.loads((place/file).read_text(encoding='utf-8'))
        data[part][0].update(fields)
        (place/file).write_text(json.dumps(data), encoding='utf-8')
    return change


def flat_val(place):
    for path in sorted((place/'val').rglob('*.JPEG')): path.rename(place/'val'/path.name)


def original_form(place):
    (place/'train').rename(place/'train-before')
    for name in PLACES:
        goal = place/'data_256'/name[0]/name.replace('-', '/')
        goal.parent.mkdir(parents=True, exist_ok=True)
        (place/'train-before'/name).rename(goal)
    (place/'val_256').mkdir()
    for path in sorted((place/'val').rglob('*.jpg')): path.rename(place/'val_256'/path.name)


def windows(place):
    for split in ('train', 'val', 'test'):
        path = place/f'ImageNet_LT_{split}.txt'
        path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes().replace(b'/', b'\\').replace(b'\n', b'\r\n'))


def packed_beside(place):
    (place/'train.tar').write_bytes(b'')
    (place/'train'/WNIDS[0]/f'{WNIDS[0]}_0.JPEG').unlink()


def only_packed(place):
    for top in ('train', 'val'): (place/top).rename(place.parent/f'{top}-elsewhere')
    (place/'ILSVRC2012_img_train.tar').write_bytes(b'')


def pipe(place):
    (place/'ImageNet_LT_val.txt').unlink()
    os.mkfifo(place/'ImageNet_LT_val.txt')


def spoiled_bytes(place): (place/'ImageNet_LT_train.txt').write_bytes(b'train/\xff\xfe 0\n')
def cut(place): (place/'train2018.json').write_text((place/'train2018.json').read_text(encoding='utf-8')[:200], encoding='utf-8')
def a_list(place): (place/'val2018.json').write_text('[]', encoding='utf-8')
def deep(place): (place/'categories.json').write_text('['*100_000, encoding='utf-8')
def broken_picture(place): (place/f'train/{WNIDS[0]}/{WNIDS[0]}_0.JPEG').write_bytes(b'no picture')
def no_classes(place): (place/'categories.json').write_text('[]', encoding='utf-8')


def opened(made): return imagenet_lt(made['data'], strict=False)
def published(made): return imagenet_lt(made['data'])
def skipping(made): return imagenet_lt(made['data'], strict=False, on_bad='skip')
def too_low(made): return imagenet_lt(made['data']/'train', strict=False)
def far_too_low(made): return imagenet_lt(made['data']/'train'/WNIDS[0], strict=False)
def too_high(made): return imagenet_lt(made['folder'], strict=False)
def a_file(made): return imagenet_lt(made['data']/'ImageNet_LT_train.txt', strict=False)
def nowhere(made): return imagenet_lt(made['folder']/'nowhere\0', strict=False)
def other_lists(made): return imagenet_lt(made['data'], made['folder'], strict=False)
def one_picture(made): return imagenet_lt(made['data'], strict=False).image(2)
def scenes(made): return places_lt(made['data'], strict=False)
def species(made): return inaturalist_2018(made['data'], strict=False)
def all_species(made): return inaturalist_2018(made['data'])
def no_validation(made): return inaturalist_2018(made['data'], strict=False, val=0)


def parts(*counts):
    "-> check: images in train, val and test"
    def check(made, answer): assert tuple(len(answer.value[split]) for split in ('train', 'val', 'test')) == counts
    return check


TRAIN, VAL, TEST = (f'ImageNet_LT_{split}.txt' for split in ('train', 'val', 'test'))
FIRST = f'train/{WNIDS[0]}/{WNIDS[0]}_0.JPEG'

CASES = [
    Case('ImageNet-LT in small', imagenet(), call=opened, fails=False, check=parts(6, 2, 2), says=('but not all of it',)),
    Case('ImageNet-LT in small, as published', imagenet(), call=published, says=('6 train images, not 115,846', '2 classes, not 1,000')),
    Case('ImageNet with a flat val', imagenet(flat_val), call=opened, fails=False, check=parts(6, 2, 2)),
    Case('lists of Windows', imagenet(windows), call=opened, fails=False, check=parts(6, 2, 2)),
    Case('a list that names missing files', imagenet(gone(FIRST, FIRST.replace('_0', '_1'))), call=opened,
         says=('2 of 10 pictures that the lists name are not in', '_0.JPEG, .*_1.JPEG')),
    Case('missing files, skipped', imagenet(gone(FIRST)), call=skipping, fails=False, check=parts(5, 2, 2), says=('left out',)),
    Case('a class whose files are all missing', imagenet(gone(*[FIRST.replace('_0', f'_{k}') for k in range(3)])), call=skipping,
         says=('no training image of 1 classes',)),
    Case('an archive beside a folder that lacks files', imagenet(packed_beside), call=opened, says=('was train.tar unpacked whole',)),
    Case('an archive only', imagenet(only_packed), call=opened, says=('ILSVRC2012_img_train.tar is not unpacked',)),
    Case('a folder one level too low', imagenet(), call=too_low, says=('give the folder above it',)),
    Case('a folder two levels too low', imagenet(), call=far_too_low, says=('give the folder above it',)),
    Case('a folder one level too high', imagenet(), call=too_high, says=('are deeper; give .*ImageNet',)),
    Case('a list as folder', imagenet(), call=a_file, says=('a file; unpack it and give the folder',)),
    Case('no such folder', imagenet(), call=nowhere, says=('no such folder',)),
    Case('lists that are elsewhere', imagenet(), call=other_lists, says=('has no ImageNet_LT_train.txt',)),
    Case('a list is missing', imagenet(gone(TEST)), call=opened, says=('but no ImageNet_LT_test.txt',)),
    Case('a list that is a pipe', imagenet(pipe), call=opened, says=('but no ImageNet_LT_val.txt',)),
    Case('a list that is no text', imagenet(spoiled_bytes), call=opened, says=('no UTF-8',)),
    Case('an empty list', imagenet(lambda place: write(place/VAL, [])), call=opened, says=('an empty list',)),
    Case('a line without a label', imagenet(added(TRAIN, 'train/x.JPEG')), call=opened, says=('line 7 is no path',)),
    Case('a label in words', imagenet(added(TRAIN, 'train/n1/x.JPEG tench')), call=opened, says=("line 7: the label is 'tench'",)),
    Case('a negative label', imagenet(added(TRAIN, 'train/n1/x.JPEG -1')), call=opened, says=("line 7: the label is '-1'",)),
    Case('a huge label', imagenet(added(TRAIN, f'train/n1/x.JPEG {10**30}')), call=opened, says=('line 7: the label is',)),
    Case('a label far away', imagenet(added(TRAIN, 'train/n1/x.JPEG 999999')), call=opened, says=('no image has the label 2',)),
    Case('a path out of the folder', imagenet(added(TRAIN, '../../etc/passwd 0')), call=opened, says=('is no path inside',)),
    Case('an absolute path', imagenet(added(TRAIN, '/etc/passwd 0')), call=opened, says=('is no path inside',)),
    Case('an address', imagenet(added(TRAIN, 'http://images/x.JPEG 0')), call=opened, says=('is no path inside',)),
    Case('a path with braces', imagenet(added(TRAIN, '{name}/{0}/x.JPEG 0')), call=opened, says=('begins with none of',)),
    Case('a path with an escape sequence', imagenet(added(TRAIN, 'x\x1b[31m/x.JPEG 0')), call=opened, says=(r'\\x1b',)),
    Case('a test class that training lacks', imagenet(added(TEST, f'val/{WNIDS[0]}/x.JPEG 2')), call=opened,
         says=('ImageNet_LT_test.txt: line 3: the class 2 has no training image',)),
    Case('a class with two labels', imagenet(edited(TRAIN, f'{FIRST} 0', f'{FIRST} 1')), call=opened, says=('that of its folder is another',)),
    Case('a picture in two splits', imagenet(added(VAL, f'{FIRST} 0')), call=opened, says=('is listed already', 'line 1')),
    Case('a picture twice', imagenet(added(TRAIN, f'{FIRST} 0')), call=opened, says=('line 7: .* is listed already',)),
    Case('names that are none', imagenet(lambda place: write(place/'words.txt', ['tench'])), call=opened, says=('is no wnid with names',)),
    Case('names of other wnids', imagenet(lambda place: write(place/'words.txt', ['n00000001 fox'])), call=opened, fails=False,
         says=('2 classes are called by their wnid',)),
    Case('a picture that is none', imagenet(broken_picture), call=one_picture, says=('n01440764_0.JPEG: not a whole image',)),
    Case('Places-LT as a mirror has it', places(), call=scenes, fails=False, check=parts(4, 2, 2)),
    Case('Places-LT whose pictures lie as published', places(original_form), call=scenes, fails=False, check=parts(4, 2, 2)),
    Case('Places-LT with another first folder', places(added('Places_LT_val.txt', 'images/airfield/1.jpg 0')), call=scenes,
         says=('begins with none of data_256',)),
    Case('iNaturalist in small', inaturalist(), call=species, fails=False, check=parts(6, 2, 6), says=('but not all of it',)),
    Case('iNaturalist in small, as published', inaturalist(), call=all_species, says=('8 train images, not 437,513', '8,142')),
    Case('iNaturalist without validation', inaturalist(), call=no_validation, says=('val=0: a whole number',)),
    Case('JSON cut off', inaturalist(cut), call=species, says=('train2018.json: no JSON',)),
    Case('JSON of another kind', inaturalist(a_list), call=species, says=('val2018.json: holds a list',)),
    Case('JSON too deep', inaturalist(deep), call=species, says=('categories.json: no JSON',)),
    Case('JSON without val2018', inaturalist(gone('val2018.json')), call=species, says=('nor val2018.json',)),
    Case('JSON with an id twice', inaturalist(data_of('train2018.json', 'images', id=1)), call=species, says=('two images have the id 1',)),
    Case('JSON with an image that nobody named', inaturalist(data_of('train2018.json', 'annotations', image_id=99)), call=species,
         says=('1 images have no annotation',)),
    Case('JSON with an id in words', inaturalist(data_of('val2018.json', 'images', id='50')), call=species, says=("is '50'; a whole",)),
    Case('JSON with a path that is a number', inaturalist(data_of('val2018.json', 'images', file_name=7)), call=species,
         says=('image 50: 7 lies in no folder',)),
    Case('JSON with a path out of the folder', inaturalist(data_of('val2018.json', 'images', file_name='../x/y.jpg')), call=species,
         says=('is no path inside',)),
    Case('a label beyond the names', inaturalist(data_of('val2018.json', 'annotations', category_id=2)), call=species,
         says=('image 50: the label 2 is beyond the names: categories.json has 0 to 1',)),
    Case('iNaturalist without names', inaturalist(gone('categories.json')), call=species, says=('only it has names',)),
    Case('iNaturalist with no category', inaturalist(no_classes), call=species, says=("the list 'categories' is empty",)),
    Case('a category with another number', inaturalist(edited('categories.json', '"id": 1', '"id": 7')), call=species,
         says=('the id 1 should have one category',)),
    Case('a category without a name', inaturalist(edited('categories.json', 'Aster alpinus', ' ')), call=species, says=('has no name',)),
    Case('a category that is no text', inaturalist(edited('categories.json', '"Aster alpinus"', '{}')), call=species, says=('has no name',)),
]
