"Spectra whose shards, scores, decisions or folders are not what they were, and what is asked of them"
import errno
import hashlib
import json
import os
import warnings
from pathlib import Path
from unittest.mock import patch as instead

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from discl.core.files import read_csv
from discl.core.images import encode_image
from discl.spectrum.selection import kept, kept_by
from discl.spectrum.store import Store, row_hash
from harness import Case, photo

JOBS = 'abcdef'


def sample(number, **more):
    "A row as generation writes it"
    row = dict(job=JOBS[number], source='s', label=number % 2, name=('cat', 'dog')[number % 2], lam=.5, seed=10,
               prompt='a pet', strength=.5, guidance_scale=2., image=encode_image(photo(number, 16)))
    return row | more


def spectrum(folder):
    "A store of six rows in one shard, scored by one CLIP"
    store = Store(Path(folder)/'spectrum')
    store.append(pd.DataFrame([sample(number) for number in range(6)]))
    scores = np.linspace(.1, .6, 6)
    store.add_scores(pd.DataFrame(dict(job=list(JOBS), clip='tiny', text_score=scores, image_score=.5)))
    return dict(store=store, place=store.folder)


class Tiny:
    "A CLIP by its name only"
    id = 'tiny'


def rewritten(change, kind='images', seal=False):
    "Makes a store one shard of which a program has rewritten; `seal`: with hashes that fit"
    def make(folder):
        made = spectrum(folder)
        place, = (made['place']/kind).glob('*.parquet')
        table = pq.read_table(place)
        metadata, rows = table.schema.metadata, change(table)
        if seal:
            hashes = [row_hash(row) for row in rows.drop_columns(['image']).to_pylist()]
            rows = column('row_sha256', hashes)(rows)
        pq.write_table(rows.replace_schema_metadata(metadata), place)
        return dict(made, store=Store(made['place']))
    return make


def column(name, values):
    "Changes one column: a list, or a function of a value of its first row"
    def change(table):
        said = table[name].to_pylist()
        new = [values(said[0]), *said[1:]] if callable(values) else values
        return table.set_column(table.column_names.index(name), name, pa.array(new))
    return change


def quiet(work):
    "The answer, and what was warned of"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        return work(), ' '.join(str(one.message) for one in said)


def read_then_verify(made):
    "Jobs that are read, what was warned of, what verify says, and what is missing after it"
    jobs, said = quiet(lambda: made['store'].samples(images=True).job.tolist())
    found = quiet(made['store'].verify)[0]
    left = np.array(list(JOBS))[made['store'].missing(list(JOBS))].tolist()
    return dict(jobs=jobs, said=said, found=found, left=left)


def loses(*jobs):
    "Asserts that exactly these jobs are left out, told, found by verify, and to be made again"
    def check(made, answer):
        got, rest = answer.value, [job for job in JOBS if job not in jobs]
        assert got['jobs'] == rest, got
        assert got['left'] == list(jobs), got
        assert ('left out' in got['said']) == bool(jobs), got['said']
        assert len(got['found']['moved']) == bool(jobs), got['found']
        assert got['found']['images'] == len(rest), got['found']
    return check


def answers(value):
    "Asserts what a call gives"
    def check(made, answer): assert answer.value == value, answer.value
    return check


def damage(name, change, *jobs):
    "A case: a shard is rewritten so, and these jobs must not be read"
    return Case(name, rewritten(change), call=read_then_verify, fails=False, check=loses(*jobs))


def other_picture(table):
    "The first picture is another one, and its hash fits"
    data = encode_image(photo(99, 16))
    images = table['image'].to_pylist()
    table = column('image', [dict(images[0], bytes=data), *images[1:]])(table)
    return column('sha256', lambda _: hashlib.sha256(data).hexdigest())(table)


def dictionaries(table): return column('name', table['name'].combine_chunks().dictionary_encode())(table)
def no_label(table): return table.drop_columns(['label'])
def twice(table): return pa.concat_tables([table, table])
def backwards(table): return table.take(list(range(len(table)))[::-1])
def plain_images(table): return column('image', [image['bytes'] for image in table['image'].to_pylist()])(table)
def one_more_column(table): return table.append_column('extra', pa.array(['x']*len(table)))
def no_rows(table): return table.slice(0, 0)


DAMAGED = [
    damage('a label that was changed', column('label', lambda old: old + 1), 'a'),
    damage('a class name that was changed', column('name', lambda old: 'dog'), 'a'),
    damage('a level that was changed', column('lam', lambda old: .1), 'a'),
    damage('a prompt that was changed', column('prompt', lambda old: 'a bird'), 'a'),
    damage('a seed that was changed', column('seed', lambda old: 11), 'a'),
    damage('a job that was renamed', column('job', lambda old: 'z'), 'a'),
    damage('a label that is null', column('label', lambda old: None), 'a'),
    damage('a picture that was replaced together with its hash', other_picture, 'a'),
    damage('a shard without its labels', no_label, *JOBS),
    damage('levels as words', column('lam', ['half']*6), *JOBS),
    damage('images as plain bytes', plain_images, *JOBS),
    damage('a column that nobody wrote', one_more_column, *JOBS),
    Case('a shard without rows', rewritten(no_rows), fails=False, check=answers(6),
         call=lambda made: made['store'].missing(list(JOBS)).sum()),
    damage('names in a dictionary: the same values', dictionaries),
    damage('rows in another order', backwards),
]


def cut(folder):
    "The shard ends in the middle, and another one is no Parquet file"
    made = spectrum(folder)
    place, = (made['place']/'images').glob('*.parquet')
    place.write_bytes(place.read_bytes()[:-100])
    return dict(made, store=Store(made['place']))


def strange_files(folder):
    "Beside the shard: a pipe, a folder, a broken link and a hidden file, all with a shard's ending"
    made = spectrum(folder)
    images = made['place']/'images'
    os.mkfifo(images/'pipe.parquet')
    (images/'folder.parquet').mkdir()
    (images/'link.parquet').symlink_to(images/'gone')
    (images/'.hidden.parquet').write_bytes(b'hidden')
    return made


def asked_for(made):
    "What `check` finds when it knows what the jobs stand for"
    with made['store'].lock(): return made['store'].check(pd.DataFrame([sample(number) for number in range(6)]))


def finds_first(made, answer): assert answer.value['broken'] == ['a'], answer.value


def bits(made):
    "Forty single bits: each is told, or changes nothing that is read"
    place, = (made['place']/'images').glob('*.parquet')
    whole, before = place.read_bytes(), made['store'].samples(images=True).to_dict('records')
    rng, wrong = np.random.default_rng(3), []
    for where, bit in zip(rng.integers(0, len(whole), 40), rng.integers(0, 8, 40)):
        changed = bytearray(whole)
        changed[where] ^= 1 << int(bit)
        place.write_bytes(changed)
        frame, said = quiet(lambda: Store(made['place']).samples(images=True))
        if not said and frame.to_dict('records') != before: wrong.append((where, bit))
    return wrong


def nothing_wrong(made, answer): assert answer.value == [], answer.value


def two_contents(folder):
    "One job with two contents, in shards of either order of names, and all of it in other portions"
    frames = {}
    for order in ('01', '10'):
        store = Store(Path(folder)/order)
        for number in (0, 0, 2, 4):
            row = sample(number, prompt=f'text {len(store.list_shards("images"))}')
            store.append(pd.DataFrame([row]))
        for name, shard in zip(order + '23', sorted(store.list_shards('images'))):
            (store.folder/'images'/shard).rename(store.folder/f'images/{name}.parquet')
        frames[order] = store.samples()
    return frames


def one_list(made, answer): pd.testing.assert_frame_equal(made['01'], made['10'])


def score_of(value):
    "Makes a store with this text score in its shard, with a hash that fits"
    def make(folder):
        made = spectrum(folder)
        place, = (made['place']/'scores').glob('*.parquet')
        rows = column('text_score', lambda old: value)(pq.read_table(place))
        hashes = [row_hash(row) for row in rows.to_pylist()]
        pq.write_table(column('row_sha256', hashes)(rows), place)
        return dict(made, store=Store(made['place']))
    return make


def add_nan(made):
    "Store a score that is no number"
    scores = pd.DataFrame(dict(job=['a'], clip='x', text_score=[np.nan], image_score=[.1]))
    made['store'].add_scores(scores)


def keep(made): return quiet(lambda: kept(made['store'], Tiny(), .3))[0]


SCORES = [
    Case('a score that is no number', score_of(float('nan')), call=keep, says=('1 of 6 samples have no', 'e.g. a')),
    Case('a score that was changed', rewritten(column('text_score', lambda old: .9), 'scores'), call=keep,
         says=('1 of 6 samples have no score',)),
    Case('a score of another type', rewritten(column('text_score', ['high']*6), 'scores'), call=keep,
         says=('6 of 6 samples have no score',)),
    Case('a NaN score is not stored', spectrum, says=('a: CLIP scored it nan',), call=add_nan),
    Case('a CLIP that has not scored it', spectrum, says=('no score of this CLIP', 'the store has scores of tiny'),
         call=lambda made: kept(made['store'], type('Other', (), dict(id='other'))(), .3)),
    *[Case(f'a threshold of {odd!r}', spectrum, call=lambda made, odd=odd: kept(made['store'], Tiny(), odd),
           says=('a finite number',)) for odd in ('.3', float('nan'), float('inf'), None, True)],
    Case('a threshold that nothing reaches', spectrum, call=lambda made: kept(made['store'], Tiny(), 2.),
         fails=False, says=('no synthetic sample of any class', 'text scores')),
    Case('a threshold that nothing reaches, and shall be', spectrum, says=('no synthetic sample of any class', 'text scores'),
         call=lambda made: kept(made['store'], Tiny(), 2., on_empty='raise')),
    Case('a threshold that one class does not reach', spectrum, call=lambda made: kept(made['store'], Tiny(), .55),
         fails=False, says=('no synthetic sample of 1 classes', 'cat 0.5')),
    Case('jobs given as one string', spectrum, call=lambda made: kept(made['store'], Tiny(), 0., 'abc'),
         says=('give a list of job names',)),
    Case('a whole table given as jobs', spectrum, call=lambda made: made['store'].missing(made['store'].samples()),
         says=('give a list of job names',)),
    Case('scores of jobs that are gone', rewritten(lambda table: table.slice(1)), fails=False,
         call=lambda made: kept(made['store'], Tiny(), 0.).job.tolist(),
         check=answers(list('bcdef'))),
]


def written(name, data):
    "Makes a store with this small file, as somebody edited it"
    def make(folder):
        made = spectrum(folder)
        text = data if isinstance(data, (str, bytes)) else json.dumps(data)
        (made['place']/name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return made
    return make


def owner_folder(folder):
    "A store in which a folder stands where its writer's name is noted"
    made = spectrum(folder)
    (made['place']/'.owner.json').mkdir()
    return made


DECISION = dict(job='a', keep=True, reason='seen')
ODD_DECISIONS = dict(words='no', number=3, table={}, cut='[{"job": "a"', binary=b'\xff\xfe\0',
                     answer=[dict(DECISION, keep='no')], reasonless=[dict(job='a', keep=True)],
                     twice=[DECISION, dict(DECISION, keep=False)])
ODD_STORES = dict(words='"no"', list=[2], type=dict(format='2'), cut='{"form', binary=b'\xff\0')
SMALL_FILES = [
    *[Case(f'decisions.json: {name}', written('decisions.json', data), call=lambda made: made['store'].decisions(),
           says=('decisions.json',)) for name, data in ODD_DECISIONS.items()],
    *[Case(f'store.json: {name}', written('store.json', data), call=lambda made: Store(made['place']),
           says=('store.json',)) for name, data in ODD_STORES.items()],
    *[Case(f'decide: keep = {keep!r}', spectrum, call=lambda made, keep=keep: made['store'].decide('a', keep, 'why'),
           says=('True, False, or None',)) for keep in ('no', 1, float('nan'))],
    *[Case(f'trace: {job!r}', spectrum, call=lambda made, job=job: made['store'].trace(job),
           says=('jobs begin with|give the name of a job',)) for job in ('', ' ', '.*', '[', '%', None, 3, 'z'*5000)],
    Case('decide: a reason that is no text', spectrum, fails=False, check=answers(1), call=lambda made: (
        made['store'].decide('a', True, '\ud800'), len(made['store'].decisions()))[1]),
    Case('an owner file that is a folder', owner_folder, says=('owner.json',),
         call=lambda made: made['store'].verify()),
    Case('trace: a name in capitals', spectrum, call=lambda made: made['store'].trace('A')['job'], fails=False),
]


def held(owner):
    "Makes a store that is locked, with this said of the owner"
    def make(folder):
        made = spectrum(folder)
        lock = made['store'].lock()
        lock.__enter__()
        (made['place']/'.owner.json').write_text(owner, encoding='utf-8')
        return dict(made, lock=lock)
    return make


def only_folder(folder): return dict(folder=folder)
def nothing_made(made, answer): assert os.listdir(made['folder']) == []


def try_to_write(made):
    "A second writer, and the first one lets go"
    try: Store(made['place']).verify()
    finally: made['lock'].__exit__(None, None, None)


OWNERS = dict(words='no', list='[1]', future='{"process": 1, "host": "far", "since": 9e12}', empty='',
              types='{"process": [], "host": 7, "since": "long ago"}')
PLACES = [
    *[Case(f'an owner file that is damaged: {name}', held(owner), call=try_to_write,
           says=('has been writing here', 'wait')) for name, owner in OWNERS.items()],
    Case('verify where no store is', only_folder, call=lambda made: Store(made['folder']).verify(),
         says=('no spectrum is here',), check=nothing_made),
    *[Case(f'store {action} where no store is', only_folder, command=f'store {action} {{folder}} {more}',
           says=('no spectrum is here',)) for action, more in dict(ls='', trace='--job a', export='--out out').items()],
]

ODD_NAMES = ['..', '.', 'a/b', 'a_b', 'A_b', 'x'*300, '鳥'*100, 'CON', 'x.', 'nul\0', '=1+1', ' ', '.hidden', '../../up',
             'nan', '']


def oddly_named(folder):
    "A store with a class of each odd name"
    store = Store(Path(folder)/'spectrum')
    rows = [sample(0, job=f'j{number:02}', name=name) for number, name in enumerate(ODD_NAMES)]
    store.append(pd.DataFrame(rows))
    return dict(store=store, place=store.folder, out=Path(folder)/'out')


def inside_and_apart(made, answer):
    "Each class has a folder of its own in the export, and its name is in the table"
    images = list(made['out'].glob('*/*.png'))
    assert len({path.parent.name.casefold() for path in images}) == len(images) == len(ODD_NAMES), images
    assert sorted(read_csv(made['out']/'metadata.csv').name) == sorted(ODD_NAMES)
    assert sorted(os.listdir(made['place'].parent)) == ['out', 'spectrum']


def full_disk(made):
    "An export for which the disk is too small"
    with instead('discl.core.files.os.replace', side_effect=OSError(errno.ENOSPC, '')):
        made['store'].export(made['out'])


def nothing_left(made, answer): assert os.listdir(made['place'].parent) == ['spectrum']


EXPORTS = [
    Case('export of classes with odd names', oddly_named, fails=False, check=inside_and_apart,
         call=lambda made: made['store'].export(made['out'])),
    Case('export to a full disk', oddly_named, call=full_disk, says=('disk is full',), check=nothing_left),
    Case('export onto a file', lambda folder: dict(oddly_named(folder), out=(Path(folder)/'spectrum/store.json')),
         call=lambda made: made['store'].export(made['out']), says=('nothing is overwritten',)),
    Case('kept of classes with odd names', lambda folder: {}, fails=False, call=lambda made: len(kept_by(
        pd.DataFrame(dict(name=ODD_NAMES, lam=.1, kept=True)))), check=answers(len(ODD_NAMES))),
]

CASES = [
    *DAMAGED, *SCORES, *SMALL_FILES, *PLACES, *EXPORTS,
    Case('what is no file among the shards', strange_files, call=read_then_verify, fails=False, check=loses()),
    Case('a shard that is cut', cut, call=read_then_verify, fails=False, check=loses(*JOBS)),
    Case('a level that was changed with every hash', rewritten(column('lam', lambda old: .1), seal=True),
         call=asked_for, fails=False, check=finds_first),
    Case('a class that was changed with every hash', rewritten(column('name', lambda old: 'dog'), seal=True),
         call=asked_for, fails=False, check=finds_first),
    Case('forty bits that have fallen over', spectrum, call=bits, fails=False, check=nothing_wrong),
    Case('a job with two contents, and files of other names', two_contents, call=lambda made: None, fails=False,
         check=one_list),
    Case('rows that are there twice', rewritten(twice), fails=False, check=answers(list(JOBS)),
         call=lambda made: made['store'].samples().job.tolist()),
]
