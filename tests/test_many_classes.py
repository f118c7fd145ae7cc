"What is measured, drawn and told of 8,142 classes stays small: nothing quadratic, no picture a class."
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from discl.report.metrics import by_kind, read_confusion, worst_groups, worst_pairs
from discl.report.figures import MOST_CONFUSED, class_bars
from discl.report.page import html_page
from discl.runs.recipe import make_recipe
from discl.runs.run import _class_part, _empty_part, class_changes, without_nan
from discl.runs.steps import evaluate
from discl.spectrum.selection import kept_by
from discl.train.mixture import Mixture
from discl.curriculum.lists import TrainingRows
from discl.curriculum.progress import set_aside

CLASSES, EACH = 8142, 3
NAMES = [f'species {k:04}' for k in range(CLASSES)]


@pytest.fixture(scope='module')
def measured():
    rng = np.random.default_rng(0)
    truth = np.arange(CLASSES)
    probabilities = rng.random((CLASSES, CLASSES), np.float32)
    probabilities[truth, np.where(truth % 3, truth ^ 1, truth) % CLASSES] += 9  # two of three are taken for a neighbour
    probabilities /= probabilities.sum(1, keepdims=True)
    return evaluate(make_recipe(), probabilities, truth, np.full(CLASSES, EACH))


def arms_of(measured):
    about = dict(method='CE', curriculum='all-level', strategy='all-level', seed=0, classes=NAMES, counts=[EACH]*CLASSES)
    return pd.DataFrame([measured | about | dict(real_instead=[.5])])


def test_a_result_is_as_long_as_its_classes(measured):
    assert 30 < measured['overall'] < 40
    assert len(json.dumps(without_nan(measured))) < 1e6
    assert read_confusion(measured['confusion'], CLASSES).nnz == CLASSES


def test_the_worst_are_listed(measured):
    confused = read_confusion(measured['confusion'], CLASSES)
    pairs, groups = worst_pairs(confused, NAMES), worst_groups(confused, NAMES)
    assert (len(pairs), len(groups)) == (20, 10)
    assert pairs['taken for'][0] == NAMES[NAMES.index(pairs['class'][0]) ^ 1]
    assert groups['classes'].str.count(',').max() < 6


def test_the_report_has_tables_in_place_of_a_confusion_plot(measured):
    run = SimpleNamespace(classes_of=lambda arm: (NAMES, np.full(CLASSES, EACH)))
    frame = pd.DataFrame(dict(name=np.repeat(NAMES, 4), lam=np.tile([0., .5], 2*CLASSES), text_score=.1, kept=False))
    facts = SimpleNamespace(run=run, arms=arms_of(measured), scored=frame)
    (name, bars), *pieces = _class_part(facts)
    assert name == 'classes' and bars.get_size_inches().max() < 12
    assert len(pieces) == 3 and all(isinstance(piece, str) for piece in pieces)
    assert '8,142 classes are too many for a confusion plot' in pieces[0]
    page = html_page('many', [('classes', pieces), ('nothing kept', _empty_part(facts))])
    assert 'Of 8142 of 8142 hard classes' in page and len(page) < 50_000
    few = SimpleNamespace(arms=few_arms(), run=SimpleNamespace(classes_of=lambda arm: (NAMES[:3], np.full(3, 5))))
    assert [name for name, _ in _class_part(few)] == ['classes', 'confusion'] and 3 < MOST_CONFUSED


def few_arms():
    stored = evaluate(make_recipe(), np.eye(3), np.arange(3), np.full(3, 5))
    return pd.DataFrame([stored | dict(method='CE', curriculum='none', strategy='none')])


def test_what_is_told_of_classes_is_short():
    assert class_changes(NAMES, NAMES[::-1]) == 'the same names in another order'
    assert len(class_changes(NAMES, [name.upper() for name in NAMES])) < 400
    frame = pd.DataFrame(dict(name=np.repeat(NAMES, 2), lam=np.tile([0., .5], CLASSES), kept=True))
    assert kept_by(frame).shape == (CLASSES, 2)


def test_figures_and_groups_of_many(measured):
    assert class_bars({'CE': np.array(measured['class_accuracy'])}, NAMES, np.full(CLASSES, EACH)).get_size_inches()[0] == 9
    labels = np.arange(CLASSES) % 10
    table = by_kind(labels, np.eye(10)[labels], (np.arange(CLASSES) % 300).astype(str))
    assert len(table) == 300 and table.accuracy.eq(100).all()


def test_rows_of_many_classes():
    labels = np.repeat(np.arange(CLASSES), EACH)
    ids = np.arange(len(labels)).astype(str)
    rows = TrainingRows(np.arange(0, len(labels), 2), np.arange(1, len(labels), 2), {.5: np.array([], int)})
    mixture = Mixture(None, labels, np.ones(len(labels)), ids, ids, len(labels), rows, NAMES).filled()
    assert [len(one) for one in mixture.rows.by_class] == [EACH]*CLASSES
    assert all((labels[one] == label).all() for label, one in enumerate(mixture.rows.by_class))
    left = set_aside(rows.tail[:50, None], ids, mixture.rows)
    assert sum(map(len, left.by_class)) == len(labels) - 50
    assert mixture.stood_in_for() == [.5]
