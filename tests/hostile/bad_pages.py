"Texts of others in pages and figures: nothing is executed, everything can be drawn, and nothing grows with the classes"
import json
import shutil
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from harness import FLAGS, Case, class_folders, type_command

from discl.report.figures import (alpha_curve, class_bars, confusion_plot, domains_plot, id_ood_curves, interval_plot,
                                  kinds_plot, level_choices, makeup_plot, plain, points_plot, probe_bars, svg,
                                  training_plot)
from discl.report.intervals import interval, intervals, summary
from discl.report.metrics import calibration_error, confusion_cells, measures, read_confusion
from discl.report.page import html_page, html_table
from discl.runs.run import Run

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


def old_matrix(made, answer): assert answer.value.toarray().tolist() == [[4, 0, 0], [1, 3, 0], [0, 0, 9]]


def the_same(made, answer): assert (answer.value.toarray() == np.eye(100)*7).all()


BAIT = '<script>alert(1)</script>'
CLASSES = {'<img src=x onerror=alert(1)>': 40, '"><svg onload=alert(1)>': 30, '{{7*7}} $\\frac{': 12}


def run_with_bait(folder):
    "A small run whose classes, folders, prompts and template are HTML"
    data = folder/'<img src=y onerror=alert(2)>'
    class_folders(data, CLASSES)
    out, prompts = folder/'"><iframe src=javascript:alert(3)>', folder/'<svg onload=alert(4)>.json'
    prompts.write_text(json.dumps({name: [f'{name} {BAIT}'] for name in CLASSES}), encoding='utf-8')
    return dict(data=data, out=out, prompts=prompts)


def bait_everywhere(made):
    "Text of its report after every stored field that is a text was replaced"
    out = made['out']
    answer = type_command(f"run --data '{made['data']}' --out '{out}' --prompts '{made['prompts']}' {FLAGS}")
    assert answer.code == 0, answer.text
    first = (out/'report.html').read_text(encoding='utf-8')
    for path in (out/'trial-0'/'arms').glob('*.json'):
        arm = json.loads(path.read_text(encoding='utf-8'))
        arm |= dict(method=f'{BAIT} {arm["method"]}', curriculum='"><img src=x onerror=alert(5)>' + arm['curriculum'])
        path.write_text(json.dumps(arm | dict(versions={BAIT: BAIT})), encoding='utf-8')
    path = out/'trial-0'/'filter.json'
    near = [dict(job=BAIT, held='<b onclick=x>', split=BAIT, bits=0)]*7
    path.write_text(json.dumps(json.loads(path.read_text(encoding='utf-8')) | dict(near_duplicates=near)), encoding='utf-8')
    second = Run(out, stored_only=True, say=str).report().read_text(encoding='utf-8')
    shutil.rmtree(made['data'])
    third = Run(out, stored_only=True, say=str).report().read_text(encoding='utf-8') # and the reasons for what is left out
    return [first, second, third]


OF_A_REPORT = {('html', 'lang'), ('meta', 'charset'), ('meta', 'http-equiv', 'content'), ('title',), ('style',), ('h1',),
               ('h2',), ('p',), ('pre',), ('img', 'alt', 'src'), ('table', 'class'), ('caption',), ('tr',), ('th',), ('td',)}


def no_bait_taken(made, answer):
    for page in answer.value:
        assert Tags(page).found <= OF_A_REPORT, Tags(page).found - OF_A_REPORT
        assert '&lt;img' in page and '"http' not in page
    assert '{{7*7}}' in answer.value[0] and '{{7*7}}' in answer.value[1]
    assert '&lt;script&gt;alert(1)&lt;/script&gt; CE' in answer.value[1] and 'Left out' in answer.value[2]


def figures_of_domains():
    "Cameras, kinds and arms of any name"
    names = [*PAYLOADS, *NAMES[:-1]]
    domains = pd.DataFrame(dict(part='ood', domain=names, images=30, accuracy=50.))
    kinds = pd.DataFrame(dict(found=1, share=.1, base=.1, lift=1., caught=.5), index=names)
    alphas = pd.DataFrame(dict(alpha=[0., 1.], id_val=[1., np.nan]))
    probes = pd.DataFrame(dict(seed=0, epoch=0, lam=[.1, .5], progress=np.nan, chosen=[False, True]))
    figures = [domains_plot(domains, title=BAIT), kinds_plot(kinds), alpha_curve(alphas, .5, BAIT), probe_bars(probes, title=BAIT),
               level_choices(probes, BAIT)]
    return figures + [id_ood_curves(alphas, title=text) for text in names]


def figures_of_bait(made):
    "Figures with hostile texts in every field, as SVG inside a page"
    arms = pd.DataFrame([dict(method=BAIT, curriculum=text, seed=seed, many=1., medium=2., few=3., overall=float(seed))
                         for text in (*PAYLOADS, *NAMES[:-1]) for seed in (0, 1)])
    lines = pd.DataFrame(dict(label=[*PAYLOADS, *NAMES[:-1]], mean=1., low=.5, high=2.))
    drawn = [interval_plot(intervals(arms)), points_plot({text: lines for text in PAYLOADS[:4]}, BAIT, hollow=[BAIT]),
             makeup_plot([], pd.DataFrame({text: [1, 2] for text in PAYLOADS}), []),
             training_plot([np.nan, 1.], pd.DataFrame(dict(few=[np.nan, 1.]))), *figures_of_domains()]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        return [svg(fig, BAIT) for fig in drawn]


def svg_without_script(made, answer):
    for picture in answer.value:
        tags = {tag for tag, *_ in Tags(picture).found}
        assert not tags & {'script', 'img', 'iframe', 'b', 'a'}, tags
        assert not any(name.startswith('on') for _, *names in Tags(picture).found for name in names)


def many_arms(made):
    "Figures of thousands of epochs, arms and levels"
    arms = pd.DataFrame(dict(method='CE', curriculum=[f'arm {k}' for k in range(2000)], measure='few', over='', mean=1.,
                             low=.5, high=2.))
    levels = pd.DataFrame({f'λ = {k}': np.ones(2000) for k in range(50)})
    drawn = [interval_plot(arms), makeup_plot([], levels, []), training_plot(np.ones(10**5), pd.DataFrame()),
             points_plot({f's{k}': arms.assign(label=arms.curriculum) for k in range(20)}, 'gain')]
    for fig in drawn: fig.draw_without_rendering()
    return max(max(fig.get_size_inches()) for fig in drawn)


def fits_on_a_page(made, answer): assert answer.value < 13


def of_no_image(made): return measures([], np.zeros((0, 3)), [5, 5, 5])


def all_unknown(made, answer): assert np.isnan(list(answer.value.values())).all()


def unequal_seeds(made):
    rows = [('none', 0), ('none', 1), ('all-level', 1), ('fixed:0.1', 2)]
    results = pd.DataFrame(rows, columns=['curriculum', 'seed'])
    return summary(results.assign(method='CE', many=np.nan, medium=1., few=2., overall=3.), dict(continued=('CE', 'none')))


def pairs_only(made, answer):
    assert answer.value['few, over continued'].tolist() == ['+0.0 ± 0.0', '+0.0', '–']
    assert answer.value.many.tolist() == ['–']*3


def measured(labels, probabilities):
    "A call that measures a classifier of two classes"
    def call(made): return measures(labels, np.array(probabilities), [9, 9])
    return call


CASES = [
    Case('HTML in every field of a page', nothing, call=whole_page, fails=False, check=no_tag_of_others),
    Case('class names that fonts and formulas choke on', nothing, call=draw_names, fails=False, check=short_and_plain),
    Case('figures of a thousand classes', nothing, call=draw_many, fails=False, check=fits),
    Case('sparse confusion there and back', nothing, call=stored_sparse, fails=False, check=the_same),
    Case('a confusion of a class that is gone', nothing, call=of_a_gone_class, says=('of other classes',)),
    Case('an old matrix of three classes is no list of cells', nothing, fails=False, check=old_matrix,
         call=lambda made: read_confusion([[4, 0, 0], [1, 3, 0], [0, 0, 9]], 3)),
    Case('HTML in every field of a report', run_with_bait, call=bait_everywhere, fails=False, check=no_bait_taken),
    Case('HTML in every text of a figure', nothing, call=figures_of_bait, fails=False, check=svg_without_script),
    Case('figures of thousands of arms and epochs', nothing, call=many_arms, fails=False, check=fits_on_a_page),
    Case('measures without test images', nothing, call=of_no_image, fails=False, check=all_unknown),
    Case('probabilities that are no numbers', nothing, call=measured([0, 1], [[.5, .5], [np.nan, 1]]), says=('diverged',)),
    Case('a label that is no class', nothing, call=measured([0, 2], np.eye(2)), says=('is none of 2 classes',)),
    Case('a negative label', nothing, call=measured([0, -1], np.eye(2)), says=('-1 .*is none of 2 classes',)),
    Case('logits in place of probabilities', nothing, call=lambda made: calibration_error([0], np.array([[-3., 9.]])),
         says=('between 0 and 1',)),
    Case('an infinite measure', nothing, call=lambda made: interval([1., np.inf]), says=('infinite',)),
    Case('arms of unequal seeds', nothing, call=unequal_seeds, fails=False, check=pairs_only),
]
