"Sets that no long tail can be made of, and tails that no set has room for"
import pandas as pd
from harness import Case

from discl.data import ImageSet, long_tail

SIZES = [40, 40, 40]


def images(sizes=SIZES, split='train', **columns):
    "-> maker of a set with so many training images of each class, and a test image of each"
    def make(folder):
        labels = [label for label, n in enumerate(sizes) for _ in range(n)]
        splits = [split]*len(labels) + ['test']*len(sizes)
        labels += range(len(sizes))
        items = pd.DataFrame(dict(id=[f'{k:03}' for k in range(len(labels))], label=labels, split=splits, **columns))
        return dict(images=ImageSet(items, [f'class {k}' for k in range(len(sizes))], 'mine'))
    return make


def tail(*asked): return lambda made: long_tail(made['images'], *asked)


def counts(*wanted):
    "-> check of the training images, from head to tail, and of a test that is as it was"
    def check(made, answer):
        assert sorted(answer.value['train'].counts(), reverse=True) == list(wanted)
        assert answer.value['test'].items.id.tolist() == made['images']['test'].items.id.tolist()
    return check


FILMS = [f'film {k//8}' for k in range(120)]

CASES = [
    Case('a long tail', images(), call=tail(10), fails=False, check=counts(40, 12, 4)),
    Case('a long tail of whole films', images(film=FILMS + ['']*3), call=tail(10, 0, 'film'), fails=False, check=counts(40, 16, 8),
         says=('8 independent groups', 'so the ratio is 5 in images and 5 in groups')),
    Case('a long tail of films that the test has too', images(film=FILMS + ['film 0', '', '']), call=tail(1, 0, 'film'), fails=False,
         check=counts(40, 40, 40), says=(r'1 groups \(film\) of the training images are in test too, such as film 0',)),
    Case('a long tail of a set that has one', images([40, 9, 30]), call=tail(4), fails=False, check=counts(39, 19, 9),
         says=('39 images where there are 40',)),
    Case('a tail that is longer than its head', images(), call=tail(41), says=('imbalance 41: the largest class has 40 images',)),
    Case('a tail of less than one', images(), call=tail(.5), says=('imbalance = 0.5: it is a finite number, at least 1',)),
    Case('a tail of no number', images(), call=tail(float('nan')), says=('imbalance = nan',)),
    Case('a tail of text', images(), call=tail('10'), says=("imbalance = '10'",)),
    Case('a tail that small classes have no images for', images([40, 1, 1]), call=tail(30), says=('mine: imbalance 30 is too much',)),
    Case('a tail by a seed below zero', images(), call=tail(10, -1), says=('seed = -1',)),
    Case('a tail of one class', images([40]), call=tail(10), says=('mine: has one class only',)),
    Case('a tail of no training images', images(split='val'), call=tail(10), says=('no training image', r'there is test, val')),
    Case('a tail of a class without images', images([40, 0, 40]), call=tail(10), says=('no training image of class 1',)),
    Case('a tail by a column that is not there', images(film='x'), call=tail(10, 0, 'flim'), says=("no column 'flim'", 'did you mean film')),
    Case('a tail by groups that nobody has', images(film=''), call=tail(10, 0, 'film'), says=('no training image has a film',)),
]
