"Files of prompts, templates and prompts given as they should not be"
import json
import os
import warnings
from pathlib import Path

from discl.data.prompts import prompts_from_file, prompts_from_template
from discl.spectrum.jobs import check_prompts
from harness import Case

GOOD = dict(cat=['a cat'], dog=['a dog'])


def written(content):
    "A file of prompts with this content: bytes, or JSON data"
    def make(folder):
        path = Path(folder)/'prompts.json'
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return dict(path=path)
    return make


def read(made):
    "The prompts, and what was told"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        return prompts_from_file(made['path'], ['cat', 'dog']), ' '.join(str(one.message) for one in said)


def a_folder(folder):
    (Path(folder)/'prompts.json').mkdir()
    return dict(path=Path(folder)/'prompts.json')


def a_pipe(folder):
    path = Path(folder)/'prompts.json'
    if hasattr(os, 'mkfifo'): os.mkfifo(path)
    else: path.mkdir()
    return dict(path=path)


def a_broken_link(folder):
    path = Path(folder)/'prompts.json'
    path.symlink_to(Path(folder)/'gone.json')
    return dict(path=path)


def tells(words, prompts=GOOD):
    "The prompts are taken, and these words are told ('': nothing)"
    def check(made, answer):
        found, said = answer.value
        assert found == prompts and (words in said if words else not said), answer.value
    return check


BAD = dict(
    empty=b'', cut=b'{"cat": ["a', binary=b'\x89PNG\r\n\x1a\n\0\0', list=['a cat'], text='a cat', number=3, null=None,
    cp1252='{"cat": ["café"], "dog": ["a dog"]}'.encode('cp1252'), utf16=json.dumps(GOOD).encode('utf-16'),
    keys=b'{"cat": ["a"], "cat": ["b"], "dog": ["c"]}', spellings={'cat': ['a'], 'cat ': ['b'], 'dog': ['c']},
    string=dict(cat='a cat', dog=['a dog']), numbers=dict(cat=[1], dog=['a dog']), nan=b'{"cat": [NaN], "dog": ["a"]}',
    nested=dict(cat=[['a cat']], dog=['a dog']), missing=dict(cat=['a cat']), blank=dict(cat=[' '], dog=['a dog']),
    carriage=dict(cat=['a\rcat'], dog=['a dog']), control=dict(cat=['a\0cat'], dog=['a dog']),
    half=b'{"cat": ["a \\ud800"], "dog": ["a dog"]}', line=dict(cat=['a\u2028cat'], dog=['a dog']),
)

FILES = [Case(f'prompts file: {name}', written(content), call=read, says=(r'prompts\.json',))
         for name, content in BAD.items()]
FILES += [
    Case('prompts file: a folder', a_folder, call=read, says=(r'prompts\.json',)),
    Case('prompts file: a pipe', a_pipe, call=read, says=(r'prompts\.json',)),
    Case('prompts file: a broken link', a_broken_link, call=read, says=(r'prompts\.json',)),
    Case('prompts file: it is not there', lambda folder: dict(path=Path(folder)/'prompts.json'), call=read,
         says=('no such file',)),
    Case('prompts file: with a byte order mark', written(b'\xef\xbb\xbf' + json.dumps(GOOD).encode()), call=read,
         fails=False, check=tells('')),
    Case('prompts file: other classes too', written(dict(GOOD, Cat=['A cat'])), call=read, fails=False,
         check=tells('Cat is no class of this set')),
    Case('prompts file: a description twice', written(dict(GOOD, cat=['a', 'a'])), call=read, fails=False,
         check=tells('cat has a description twice', dict(GOOD, cat=['a', 'a']))),
    Case('prompts file: braces in a description', written(dict(GOOD, cat=['a {} {0} {x!r} cat'])), call=read,
         fails=False, check=tells('', dict(GOOD, cat=['a {} {0} {x!r} cat']))),
]

TEMPLATES = [Case(f'template {template!r}', lambda folder: {}, says=('a template needs',),
                  call=lambda made, template=template: prompts_from_template(['cat'], template))
             for template in ('a photo', '{} and {}', '{name}', '{0.__class__}', '{', '{}}', '', None, 3)]
PROMPTS = [Case(f'prompts {prompts!r}', lambda folder: {}, says=(words,),
                call=lambda made, prompts=prompts: check_prompts(prompts))
           for prompts, words in [('a cat', 'a dict'), (['a cat'], 'a dict'), (dict(cat='a cat'), 'one string'),
                                  (dict(cat=['']), 'one line'), (dict(cat=[None]), 'one line')]]

CASES = [*FILES, *TEMPLATES, *PROMPTS]
