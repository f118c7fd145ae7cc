"Texts of others in pages and figures: nothing is executed, everything can be drawn, and nothing grows with the classes"
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from harness import Case

from discl.report.figures import class_bars, confusion_plot, plain
from discl.report.metrics import confusion_cells, read_confusion
from discl.report.page import html_page, html_table

PAYLOADS = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '</style><script>alert(1)</script>',
            "' onmouseover='alert(1)", '{{7*7}}', '{% for a in b %}', '<svg/onload=alert(1)>', '\0<b>', 'javascript:alert(1)']
NAMES = ['a$b', '$\\frac{', '\\frac', 'a\rb', '猫', 'שלום', '🙂', 'x'*80, '', ' ', '_^{}', '%', '\ud800']


def nothing(folder): return {}


def whole_page(made):
    parts = [(text, [text, html_table(pd.DataFrame({text: [text]}), text, text)]) for text in PAYLOADS]
    return ''.join(html_page(text, parts) for text in PAYLOADS)


class Tags(HTMLParser):
    "Every tag of a page, with its attributes' names, as a browser reads them"
    def __init__(self, page):
        super().__init__()
        self.found = set()
        self.feed(page)

    def handle_starttag(self, tag, attributes): self.found.add((tag, *(name for name, _ in attributes)))


def no_tag_of_others(made, answer):
    ours = {('html', 'lang'), ('meta', 'charset'), ('meta', 'http-equiv', 'content'), ('title',), ('style',), ('h1',),
            ('h2',), ('table', 'class'), ('caption',), ('tr',), ('th',), ('td',)}
    found = Tags(answer.value).found
    assert found <= ours, found - ours
    assert '{{7*7}}' in answer.value and 'default-src &#39;none&#39;' in answer.value


def drawn(classes):
    count = len(classes)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for title in NAMES:
            fig = confusion_plot(np.eye(count, dtype=int), classes, np.arange(count), title)
            fig.draw_without_rendering()
            if count > 50: break
        bars = class_bars({'CE + $': np.full(count, .5)}, classes, np.arange(count))
        bars.draw_without_rendering()
    return fig.get_size_inches()


def draw_names(made): return drawn(NAMES)


def draw_many(made): return drawn([f'class {number}' for number in range(1000)])


def fits(made, answer): assert max(answer.value) < 13


def short_and_plain(made, answer): assert all(len(plain(name)) < 200 for name in NAMES)


def stored_sparse(made): return read_confusion(confusion_cells(np.repeat(range(100), 7), np.repeat(range(100), 7), 100), 100)


def of_a_gone_class(made): return read_confusion(dict(classes=2, cells=[[0, 9, 1]]), 2)


def the_same(made, answer): assert (answer.value.toarray() == np.eye(100)*7).all()


CASES = [
    Case('HTML in every field of a page', nothing, call=whole_page, fails=False, check=no_tag_of_others),
    Case('class names that fonts and formulas choke on', nothing, call=draw_names, fails=False, check=short_and_plain),
    Case('figures of a thousand classes', nothing, call=draw_many, fails=False, check=fits),
    Case('sparse confusion there and back', nothing, call=stored_sparse, fails=False, check=the_same),
    Case('a confusion of a class that is gone', nothing, call=of_a_gone_class, says=('of other classes',)),
]
