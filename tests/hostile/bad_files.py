"Disks that refuse, texts that are none, and names that lead elsewhere"
import errno
import os

import numpy as np
import pandas as pd
from harness import Case
from safetensors import SafetensorError

from discl.core.basics import content_id
from discl.core.files import (check_fields, inside, read_csv, read_json, read_text, safe_names, whole_file, write_csv,
                              write_json, write_text)

NAMES = ['..', '.', '', 'a/b', 'a_b', 'Cat', 'cat', 'con', 'NUL.txt', 'x.', 'x ', '猫'*100, 'n'*300, 'a\0b', 'é', 'e\u0301']
TEXTS = ['=1', '+1', '-1', '@x', '\ta', '\ra', "'a", 'a\rb', 'a\nb', 'a"b', '', 'nan', 'NA', 'cat']


def nothing(folder): return {}


def file_of(data):
    "-> maker of one file with these bytes"
    def make(folder):
        (folder/'a.json').write_bytes(data)
        return dict(path=folder/'a.json')
    return make


def read(found): return read_json(found['path'], kind=dict)


def refused(error):
    "-> call that writes while the disk says no"
    def call(found):
        with whole_file(found['folder']/'a.txt') as part:
            part.write_bytes(b'half')
            raise error
    return call


def nothing_beside(found, answer): assert not list(found['folder'].iterdir())


def in_a_file(found):
    with whole_file(found['path']/'b.txt') as part: part.write_bytes(b'')


def tables(found):
    write_csv(pd.DataFrame({'text': TEXTS, '=n': range(len(TEXTS))}), found['folder']/'a.csv')
    return read_csv(found['folder']/'a.csv')


def same_texts(found, answer): assert list(answer.value.text) == TEXTS and '=n' in answer.value


def all_apart(found, answer): assert len({str(path).casefold() for path in answer.value}) == len(NAMES)


def pipe(folder):
    os.mkfifo(folder/'a.json')
    return dict(path=folder/'a.json')


REFUSALS = {errno.ENOSPC: 'disk is full', errno.EDQUOT: 'quota', errno.EFBIG: 'size limit', errno.EROFS: 'read-only',
            errno.EACCES: 'no permission', errno.ENAMETOOLONG: 'too long', errno.EIO: 'reports an error'}
CONTENTS = {'nothing': b'', 'a list': b'[]', 'a text': b'"a"', 'bytes': b'\x93\0\xff', 'UTF-16': '{}'.encode('utf-16'),
            'equal keys': b'{"a": 1, "a": 2}', 'NaN': b'{"a": NaN}', 'brackets': b'['*200_000, 'half': b'{"a": ',
            'a number beyond all': b'{"a": 1e999}', 'a number of 70 bits': b'{"a": 1180591620717411303424}'}
NO_JSON = {'a set': {1}, 'bytes': b'a', 'an object': object(), 'an array': np.zeros(2), 'a key of two': {(1, 2): 3}, 'equal keys': {1: 2, '1': 3},
           'a NumPy NaN': np.float32('nan'), 'a number of 70 bits': 2**70}
CASES = [
    *[Case(f'a disk that says {errno.errorcode[number]}', nothing, call=refused(OSError(number, os.strerror(number))),
           says=(words,), check=nothing_beside) for number, words in REFUSALS.items()],
    Case('a full disk of safetensors', nothing, call=refused(SafetensorError('I/O error: No space left on device (os error 28)')),
         says=('disk is full',), check=nothing_beside),
    Case('a folder that is a file', file_of(b'{}'), call=in_a_file, says=('a.json',)),
    *[Case(f'JSON that is {name}', file_of(data), call=read, says=('a.json',)) for name, data in CONTENTS.items()],
    Case('JSON in a pipe', pipe, call=read, says=('a pipe',)),
    Case('a byte order mark', file_of('\ufeff{"λ": 1}'.encode()), call=read, fails=False),
    Case('latin-1', file_of('café'.encode('latin-1')), call=lambda found: read_text(found['path']), says=('UTF-8',)),
    Case('NaN that is written', nothing, call=lambda found: write_json(found['folder']/'a.json', [float('nan')]), says=('a.json',),
         check=nothing_beside),
    *[Case(f'JSON written of {name}', nothing, call=lambda found, data=data: write_json(found['folder']/'a.json', dict(a=data)),
           says=('a.json: not written',), check=nothing_beside) for name, data in NO_JSON.items()],
    Case('old JSON with NaN', file_of(b'{"a": NaN}'), call=lambda found: read_json(found['path'], nan=True), fails=False),
    Case('a text into a pipe', pipe, call=lambda found: write_text(found['path'], 'a'), says=('a pipe; name a file',)),
    Case('a text into a device', nothing, call=lambda found: write_text('/dev/null', 'a'), says=('a device; name a file',)),
    Case('the folder itself', nothing, call=lambda found: inside(found['folder'], '.'), says=('is that folder',)),
    Case('a path with a zero byte', nothing, call=lambda found: inside(found['folder'], 'a\0b'), says=('no path',)),
    Case('true for a number', nothing, call=lambda found: check_fields(dict(n=True), dict(n=(int, 1)), 'a.json'), says=('n',)),
    Case('cells that are formulas', nothing, call=tables, fails=False,
         check=same_texts),
    Case('a column without a name', file_of(b',=x\n1,2\n'), call=lambda found: list(read_csv(found['path'])), fails=False,
         check=lambda found, answer: answer.value.index('')),
    Case('names of folders', nothing, call=lambda found: [inside(found['folder'], name) for name in safe_names(NAMES).values()],
         fails=False, check=all_apart),
    Case('a path that leads outside', nothing, call=lambda found: inside(found['folder'], '..', 'x'), says=('outside',)),
    Case('NaN in a name', nothing, call=lambda found: content_id(float('nan')), says=('part of a name',)),
]
