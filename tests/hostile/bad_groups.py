"Images that belong together, planted in every form that is divided here; and groups that cannot be"
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Case, photo

sys.path.insert(0, str(Path(__file__).parents[1]))
from wilds_fixture import write_wilds  # noqa: E402

from discl.data import ImageSet, open_data, with_groups  # noqa: E402
from discl.runs.recipe import DataRecipe  # noqa: E402
from discl.runs.steps import open_images  # noqa: E402

FILMS, FRAMES = 30, 4  # those with an even number are foxes; in every fifth film, one frame is of the other class


def frames():
    "-> table of all frames: film, label, and a picture"
    rows = []
    for film in range(FILMS):
        for frame in range(FRAMES):
            other = film % 5 == 0 and frame == 3
            rows.append(dict(film=f'film {film}', label='fox' if film % 2 == other else 'owl', picture=photo(film*FRAMES + frame)))
    return rows


def csv(change=None, header='path,label,Film'):
    "-> maker of a CSV file; `change` turns a row, such as dict(path, label, film), into another"
    def make(folder):
        lines = [header]
        for number, row in enumerate(frames()):
            row.pop('picture').save(folder/f'{number}.png')
            row = dict(path=f'{number}.png', split=('train', 'val', 'test')[number % 3]) | row
            if change: row = change(row)
            lines.append(','.join(row[name] for name in header.casefold().split(',')))
        (folder/'films.csv').write_text('\n'.join(lines), encoding='utf-8')
        return dict(data=folder/'films.csv')
    return make


def parquet(folder):
    rows = frames()
    for number, row in enumerate(rows):
        row.pop('picture').save(folder/'one.png')
        row['image'] = (folder/'one.png').read_bytes()
    pq.write_table(pa.Table.from_pylist(rows), folder/'films.parquet')
    return dict(data=folder/'films.parquet')


def saved_again(ending):
    "-> maker of class folders, or a zip of them, in which pictures come four times: as they are, smaller, turned, and mirrored"
    def make(folder):
        for name in ('fox', 'owl'): (folder/'data'/name).mkdir(parents=True)
        for number in range(24):
            picture = photo(number, 64)
            versions = [picture, picture.resize((48, 48)), picture.rotate(90), picture.transpose(0)]
            for k, version in enumerate(versions): version.save(folder/'data'/('fox', 'owl')[number % 2]/f'{number}-{k}.png')
        if ending != 'zip': return dict(data=folder/'data')
        with zipfile.ZipFile(folder/'data.zip', 'w') as packed:
            for path in sorted((folder/'data').rglob('*.png')): packed.write(path, path.relative_to(folder))
        return dict(data=folder/'data.zip')
    return make


def opened(groups, on_leak=None): return lambda made: open_data(made['data'], groups=groups, on_leak=on_leak)


def whole(count, *splits):
    "-> check that there are so many groups, that each is in one split, and that splits are filled"
    def check(made, answer):
        images = answer.value
        split_of = pd.Series(images.items.split.to_numpy()).groupby(images.groups).agg(set).drop('', errors='ignore')
        assert len(split_of) == count and all(len(found) == 1 for found in split_of), split_of.to_dict()
        assert set(images.items.split) == set(splits or ('train', 'val', 'test'))
    return check


def tail_of(groups): return lambda made: open_images(DataRecipe(str(made['data']), groups=groups, imbalance=4), 0)


def of_tail(made, answer):
    counts = sorted(answer.value['train'].counts())
    assert counts[1] >= 3*counts[0] and len(answer.value['val']) and len(answer.value['test'])
    whole(len(set(answer.value.groups)))(made, answer)


def torn(row): return row | dict(split='test' if row['path'] in ('5.png', '9.png') else 'train')
def nobody(row): return row | dict(film='')
def some_alone(row): return row | dict(film='' if int(row['path'][:-4]) % 3 == 0 else row['film'])


def bursts(folder): return dict(data=write_wilds(folder))


def given(column, groups):
    "A set that is open already, asked for its groups"
    def call(made):
        items = pd.DataFrame(dict(id=list('abcd'), label=[0, 0, 1, 1], split='train', film=column))
        return with_groups(ImageSet(items, ['fox', 'owl'], 'mine'), groups)
    return call


def nothing(folder): return {}


CASES = [
    Case('films of a CSV stay whole', csv(), call=opened('film'), fails=False, check=whole(FILMS)),
    Case('films of a CSV, some frames alone', csv(some_alone), call=opened('Film'), fails=False, check=whole(FILMS)),
    Case('films of a table stay whole', parquet, call=opened('film'), fails=False, check=whole(FILMS)),
    Case('pictures of a folder that were saved again', saved_again('folder'), call=opened('auto', 'keep'), fails=False, check=whole(24)),
    Case('pictures of a zip that were saved again', saved_again('zip'), call=opened('auto', 'keep'), fails=False, check=whole(24)),
    Case('a long tail of whole films', csv(), call=tail_of('film'), fails=False, check=of_tail, says=('independent groups',)),
    Case('films in two splits', csv(torn, 'path,label,film,split'), call=opened('film', 'raise'),
         says=('2 of 30 groups have images in two splits, such as film 1, film 2. Put each group',)),
    Case('films in two splits, dropped', csv(torn, 'path,label,film,split'), call=opened('film', 'drop'), fails=False,
         says=('images are left out, of the split that gives way',), check=whole(FILMS)),
    Case('films in two splits, told by a command', csv(torn, 'path,label,film,split'), fails=False,
         command='data check {data} --groups film --out {folder}/sheet.png',
         says=(r'groups: 30 with 4 images each', r'groups in two splits: 2 \(train and test 2\)')),
    Case('bursts of a WILDS folder', bursts, call=opened(''), fails=False, check=lambda made, answer: answer.value.groups[0] != ''),
    Case('no groups of a WILDS folder', bursts, call=opened('none'), fails=False, check=lambda made, answer: not answer.value.has_groups),
    Case('a column of groups that is not there', csv(), call=opened('flim'), says=(r"no column 'flim' \(did you mean film\?\)",)),
    Case('a column of groups that a table lacks', parquet, call=opened('flim'), says=('no column flim',)),
    Case('a column of groups that is empty', csv(nobody), call=opened('film'), says=('no image has a group; name another',)),
    Case('two columns of groups', csv(header='path,label,film,film'), call=opened('film'), says=("2 columns 'film'",)),
    Case('a column of groups of a folder', saved_again('folder'), call=opened('film'), says=('folders have no columns',)),
    Case('a column of groups of a zip', saved_again('zip'), call=opened('film'), says=('folders have no columns',)),
    Case('groups that are no word', csv(), call=opened(3), says=('groups = 3: the name of a column',)),
    Case('a column of groups of the embedded set', nothing, call=lambda made: open_data('fashion-lt', groups='film'),
         says=("has no column 'film'",)),
    Case('a typo in the groups of an open set', nothing, call=given('x', 'flim'), says=('did you mean film',)),
    Case('an open set whose groups nobody has', nothing, call=given(np.nan, 'film'), says=('mine: no image has a group',)),
    Case('a typed ratio of a set that has its own', nothing, command='hard --data fashion-lt --imbalance 5 --out {folder}/run',
         says=('write fashion-lt:5',)),
    Case('a ratio that the set has no room for', csv(), command='hard --data {data} --groups film --imbalance 500 --out {folder}/run',
         says=('imbalance 500: the largest class has',)),
]
