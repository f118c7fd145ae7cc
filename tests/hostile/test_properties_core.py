"Whatever people and programs write: names, labels, tables, JSON and bytes of any kind end in a value or in a sentence."
import contextlib
import io
import math
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from harness import photo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discl.core.basics import DisclError, checked_number
from discl.core.files import (REQUIRED, check_fields, inside, parse_json, read_csv, read_json, safe_name, safe_names,
                              write_csv, write_json)
from discl.core.images import open_image
from discl.data.readers import image_csv

ROOM = tempfile.TemporaryDirectory()
FOLDER = Path(ROOM.name)
few = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
any_text = st.text(st.characters(exclude_categories=()), max_size=150) # lone surrogates too
text = st.text(max_size=40)
odd = st.sampled_from(['..', '.', '', 'CON', 'nul.txt', 'a/b', 'a\\b', '=1', "'", '-', 'nan', 'NA', '1.0', 'a\r', '\r\n', '"', '\ufeff', 'É', 'E\u0301'])
number = st.integers(-2**63, 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
value = st.recursive(st.none() | st.booleans() | number | any_text,
                     lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=12)
anything = st.recursive(value | st.binary(max_size=4) | st.floats() | st.sets(st.integers(), max_size=2),
                        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | text, inner, max_size=3), max_leaves=8)


@few
@given(st.lists(any_text | odd, max_size=8))
def test_any_names_are_apart_and_inside(names):
    made = safe_names(names)
    assert set(made) == set(names)
    assert len({name.casefold() for name in made.values()}) == len(made)
    for name in made.values():
        assert inside(FOLDER, name).parent == FOLDER and len(name.encode()) <= 100 and name.isprintable()
        assert safe_name(name) == name # it needs no other


@few
@given(st.lists(text | odd, min_size=1, max_size=6), text | odd)
def test_any_texts_come_back_from_a_table(cells, column):
    write_csv(pd.DataFrame({column: cells, 'n': range(len(cells))} if column != 'n' else {'n': cells}), FOLDER/'texts.csv')
    found = read_csv(FOLDER/'texts.csv', dtype=str)
    assert list(found[column]) == cells


@few
@given(value)
def test_any_json_comes_back(data):
    write_json(FOLDER/'a.json', data)
    assert read_json(FOLDER/'a.json') == data


@few
@given(anything)
def test_anything_is_written_as_json_or_refused(data):
    try: write_json(FOLDER/'b.json', data)
    except DisclError: return
    read_json(FOLDER/'b.json')


@few
@given(st.dictionaries(st.sampled_from(['steps', 'size', 'other', '']), value, max_size=4) | value)
def test_any_fields_are_checked_or_refused(data):
    known = dict(steps=(int, REQUIRED), size=((list, type(None)), None), scale=(float, 1.))
    try: found = check_fields(data, known, 'a.json')
    except DisclError: return
    assert type(found['steps']) is int and set(found) == set(known)


@few
@given(st.binary(max_size=200) | st.sampled_from([b'GIF89a', b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff\xe0', b'II*\0', b'P5 1 1 65535 ']).flatmap(
    lambda head: st.binary(max_size=200).map(lambda rest: head + rest)))
def test_any_bytes_are_a_picture_or_a_sentence(data):
    with contextlib.suppress(DisclError): assert open_image(data).mode == 'RGB'
    with contextlib.suppress(DisclError): parse_json(data.decode('latin-1'), 'here')
    (FOLDER/'any').write_bytes(data)
    for read in (read_json, read_csv):
        with contextlib.suppress(DisclError): read(FOLDER/'any')


@pytest.fixture(scope='module')
def pictures():
    for number in range(8): photo(number).save(FOLDER/f'{number}.png')
    return FOLDER


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(text | odd, min_size=8, max_size=8), st.lists(text | st.sampled_from(['train', 'Val', 'test', 'dev']), min_size=8, max_size=8))
def test_any_labels_make_a_set_or_a_sentence(pictures, labels, splits):
    frame = pd.DataFrame(dict(path=[f'{number}.png' for number in range(8)], label=labels, split=splits))
    frame.to_csv(pictures/'labels.csv', index=False)
    try:
        with contextlib.redirect_stdout(io.StringIO()): found = image_csv(pictures/'labels.csv')
    except DisclError: return
    assert all(name.strip() == name and name for name in found.classes)
    assert len({name.casefold() for name in found.classes}) == len(found.classes)


@few
@given(anything)
def test_any_number_is_taken_or_refused(given_value):
    for whole in (True, False):
        try: found = checked_number('n', given_value, 0, 100, whole)
        except DisclError: continue
        assert math.isfinite(found) and 0 <= found <= 100
