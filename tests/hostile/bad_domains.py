"Sets with domains that are none, and WILDS folders that are not quite what they should be"
import sys
from pathlib import Path

import pandas as pd
from harness import Case, photo

sys.path.insert(0, str(Path(__file__).parents[1]))
from wilds_fixture import write_wilds  # noqa: E402

from discl.data import iwildcam, open_data  # noqa: E402

PLACES = [('train', 'oak'), ('train', 'elm'), ('id_val', 'oak'), ('id_test', 'elm'), ('val', 'ash'), ('test', 'fir')]


def table(change=None, columns='path,label,split,domain'):
    "-> maker of a CSV file of twelve pictures: each class once in each of PLACES, whose pairs `change` may change"
    def make(folder):
        lines = [columns]
        for number, place in enumerate(PLACES*2):
            label, (split, domain) = 'fox' if number < len(PLACES) else 'owl', place
            photo(number).save(folder/f'{number}.png')
            split, domain = change(label, split, domain) if change else (split, domain)
            row = dict(path=f'{number}.png', label=label, split=split, domain=domain)
            if split: lines.append(','.join(row[name] for name in columns.split(',')))
        (folder/'t.csv').write_text('\n'.join(lines), encoding='utf-8')
        return dict(data=folder/'t.csv')
    return make


def moved(old, new):
    "-> change: images of one split go to another; None: away"
    return lambda label, split, domain: (new if split == old else split, domain)


def at(split_asked, domain_asked):
    "-> change: all images of a split are of one domain"
    return lambda label, split, domain: (split, domain_asked if split == split_asked else domain)


def one_camera(label, split, domain): return split, 'oak'
def no_owl(label, split, domain): return ('' if label == 'owl' and split == 'test' else split), domain
def half_known(label, split, domain): return split, 'oak' if split == 'test' and label == 'fox' else domain
def spelled(label, split, domain): return {'id_val': 'in-distribution dev', 'id_test': 'Test (ID)', 'test': 'OOD test'}.get(split, split), domain


def wilds(change=None):
    "-> maker of a folder in WILDS' form, of which `change` spoils something"
    def make(folder):
        place = write_wilds(folder)
        if change: change(place)
        return dict(data=place)
    return make


def edited(file, old, new):
    "-> change of a text in a table"
    return lambda place: (place/file).write_text((place/file).read_text(encoding='utf-8').replace(old, new), encoding='utf-8')


def shortened(name, lines):
    "-> change: the first lines of a table"
    def cut(place):
        kept = (place/name).read_text(encoding='utf-8').split('\n')[:lines]
        (place/name).write_text('\n'.join(kept) + '\n', encoding='utf-8')
    return cut


def without_pictures(place):
    for path in sorted((place/'train').iterdir())[:5]: path.unlink()


def other_camera(place):
    rows = pd.read_csv(place/'metadata.csv', index_col=0)
    rows.assign(location_remapped=0).to_csv(place/'metadata.csv')


def no_folder(place): (place/'train').rename(place/'images')
def no_categories(place): (place/'categories.csv').unlink()
def spreadsheet(place): (place/'metadata.csv').write_bytes((place/'metadata.csv').read_text(encoding='utf-8').encode('utf-16'))


def opened(made): return open_data(made['data'])
def domains(made): return open_data(made['data']).domains
def skipping(made): return open_data(made['data'], on_bad='skip')
def published(made): return open_data(f'iwildcam:{made["data"]}')
def inside(made): return iwildcam(made['data']/'train', strict=False)
def anyhow(made): return iwildcam(made['data'], strict=False)


def parts(found, answer): assert [len(answer.value.choosing), *map(len, answer.value.judged.values())] == [2, 2, 2]


def of(n):
    "-> check of the number of images"
    def check(found, answer): assert len(answer.value) == n
    return check


CASES = [
    Case('five splits and their domains', table(), call=opened, fails=False, check=parts),
    Case('five splits in words', table(spelled), call=opened, fails=False, check=parts),
    Case('no id_val', table(moved('id_val', '')), call=opened, says=('has id_test but no id_val',)),
    Case('no test of other domains', table(moved('test', '')), call=opened, says=('no readable test image',)),
    Case('nothing to choose by', table(lambda label, split, domain: ('' if split in ('id_val', 'id_test', 'val') else split, domain)),
         call=opened, says=('no id_val or val image to choose by',)),
    Case('no split at all', table(columns='path,label,domain'), call=opened, says=('not divided at random',)),
    Case('no column domain where it is asked', table(columns='path,label,split'), call=domains, says=('has no column domain',)),
    Case('five splits without domains', table(columns='path,label,split'), call=opened, fails=False, check=parts),
    Case('an image without a domain', table(at('id_test', '')), call=opened, says=('row 5 has no domain',)),
    Case('one camera only', table(one_camera), call=opened, says=('all images are of one domain',)),
    Case('a test at cameras of training', table(at('test', 'elm')), call=opened, says=('every domain of test is one of training',)),
    Case('a test at some cameras of training', table(half_known), call=opened, fails=False,
         says=('test should hold domains that training has not seen, but 1 of 2 images are of oak',)),
    Case('an ID test at other cameras', table(at('id_test', 'yew')), call=opened, fails=False,
         says=('id_test should hold domains of training only',)),
    Case('a class that the test lacks', table(no_owl), call=opened, fails=False, says=(r'no test image of 1 of 2 classes \(owl\)',)),
    Case('a folder of WILDS in small', wilds(), call=opened, fails=False, check=of(120), says=('but not all of it',)),
    Case('a folder of WILDS in small, as published', wilds(), call=published, says=('64 train images, not 129,809', '4 classes, not 182')),
    Case('the pictures of a folder of WILDS', wilds(), call=inside, says=('Give the folder above it',)),
    Case('WILDS with other columns', wilds(edited('metadata.csv', 'location_remapped', 'site')), call=anyhow,
         says=('has no column location_remapped',)),
    Case('WILDS in UTF-16', wilds(spreadsheet), call=anyhow, says=('UTF-8',)),
    Case('WILDS without rows', wilds(shortened('metadata.csv', 1)), call=anyhow, says=('a header and no rows',)),
    Case('WILDS cut off', wilds(shortened('metadata.csv', 65)), call=anyhow, says=('no readable test image',)),
    Case('WILDS with another split', wilds(edited('metadata.csv', ',id_val,', ',cis,')), call=anyhow, says=("has split 'cis'",)),
    Case('WILDS with a class too many', wilds(edited('categories.csv', '3,4,cuniculus paca\n', '')), call=anyhow, says=("has y '3'",)),
    Case('WILDS with a class that is not used', wilds(edited('metadata.csv', ',3,4,2013', ',99999,4,2013')), call=anyhow,
         says=("has y '99999', which is no class",)),
    Case('WILDS without a class', wilds(edited('categories.csv', '2,3,dasyprocta punctata\n', '')), call=anyhow,
         says=('y = 2 should have one row, has 0',)),
    Case('WILDS without categories', wilds(no_categories), call=opened, says=('categories.csv',)),
    Case('WILDS without pictures', wilds(no_folder), call=opened, says=('train: cannot be listed',)),
    Case('WILDS that lost pictures', wilds(without_pictures), call=opened, says=('5 of 120 pictures of metadata.csv are not in',)),
    Case('WILDS that lost pictures, skipped', wilds(without_pictures), call=skipping, fails=False, check=of(115), says=('left out',)),
    Case('WILDS with one camera', wilds(other_camera), call=anyhow, says=('all images are of one domain',)),
    Case('WILDS with a picture twice', wilds(edited('metadata.csv', '0002.jpg', '0001.jpg')), call=anyhow, says=('in another row too',)),
    Case('WILDS that is nowhere', lambda folder: {}, call=lambda made: open_data('iwildcam:nowhere'), says=('no such folder',)),
    Case('WILDS without a folder', lambda folder: {}, call=lambda made: open_data('iwildcam'), says=('write iwildcam:FOLDER',)),
    Case('an empty WILDS', lambda folder: {}, call=lambda made: open_data('iwildcam:'), says=('write iwildcam:FOLDER',)),
]
