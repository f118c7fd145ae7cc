"Texts of others in the views: nothing is executed, everything is shown as text, and what goes wrong is said in the view"
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets as w
import numpy as np
import pandas as pd
from harness import Case, photo

from discl.core.basics import content_id
from discl.core.images import encode_image
from discl.data.sets import ImageSet
from discl.lab import compare, curriculum_player, explore, filter_bench, train_live
from discl.models.generators import Settings
from discl.report.metrics import confusion_cells
from discl.spectrum.store import Store
from discl.train.mixture import build_mixture

PAYLOADS = ['<img src=x onerror="window.hit=1">', '"><script>window.hit=1</script>', '</style><script>window.hit=1</script>',
            '{{7*7}}', "' onmouseover='window.hit=1", '$\\frac{', 'a\rb']
ONE_LINE = [text for text in PAYLOADS if '\r' not in text]
MANY = 8142  # classes of iNaturalist 2018
SIZE = dict(settings=Settings(steps=1, size=(32, 32), dtype='float32'), clip=None, frames=0)
TAGS = {'div', 'span', 'p', 'br', 'b', 'i', 'pre', 'figure', 'figcaption', 'img', 'style', 'table', 'caption', 'tr', 'th',
        'td', 'svg', 'g', 'path', 'defs', 'use', 'rect', 'pattern', 'clippath', 'metadata', 'title', 'image',
        'rdf:rdf', 'cc:work', 'cc:agent', 'dc:type', 'dc:format', 'dc:date', 'dc:creator', 'dc:title'}


def image_set(classes, each=3):
    "A set with so many images of each of the first few classes, in every split"
    rows = []
    for label in range(min(len(classes), 8)):
        for i in range(3*each):
            data = encode_image(photo(100*label + i))
            split = ('train', 'val', 'test')[i % 3]
            rows.append(dict(id=content_id(data)[:32], label=label, split=split, data=data))
    return ImageSet(pd.DataFrame(rows), classes, PAYLOADS[0])


def scored_store(folder, images):
    "A spectrum of the training images, with similarities that are made up"
    store, train, frames = Store(folder/PAYLOADS[3]), images['train'], []
    for row, (source, label) in enumerate(zip(train.items.id, train.labels)):
        for lam in (0., .5):
            name = images.classes[label]
            frames.append(dict(job=content_id(source, lam), source=source, label=int(label), name=name, lam=lam, seed=10,
                               prompt=name, image=encode_image(train.image(row))))
    samples = pd.DataFrame(frames)
    store.append(samples)
    rng = np.random.default_rng(0)
    scores = dict(job=samples.job, clip=PAYLOADS[0], text_score=rng.random(len(samples)),
                  image_score=rng.random(len(samples)))
    store.add_scores(pd.DataFrame(scores))
    return store


def arms(images, names=PAYLOADS[:2]):
    "Results of arms with such names, which answer class 0 to everything"
    truth = images['test'].labels
    guess = np.zeros(len(truth), int)
    facts = dict(seed=0, many=50., medium=40., few=30., overall=45., predicted=guess.tolist(), classes=images.classes,
                 counts=images['train'].counts().tolist(), confusion=confusion_cells(truth, guess, len(images.classes)))
    right = facts | dict(predicted=truth.tolist())
    return pd.DataFrame([dict(facts, method=names[0], curriculum=names[1]), dict(right, method='CE', curriculum='none')])


def hostile(folder):
    "Every text of every view is a payload"
    images = image_set(PAYLOADS)
    return dict(images=images, store=scored_store(folder, images), results=arms(images))


def all_views(made):
    "Each view, with everything in it opened"
    images, store = made['images'], made['store']
    explorer = explore(images, {name: ONE_LINE for name in images.classes}, model=PAYLOADS[0], **SIZE)
    explorer.code_button.value = True
    explorer.take_file(dict(new=[dict(name=PAYLOADS[1], content=memoryview(b'no picture'))]))
    own = io.BytesIO()
    photo(9999).save(own, 'png')
    explorer.take_file(dict(new=[dict(name=PAYLOADS[1], content=memoryview(own.getvalue()))]))
    bench = filter_bench(store, images=images, real=[.2, .4])
    bench.state.pictures_of(store.samples().job.tolist())
    bench.state.read_pictures(tuple(store.samples().job), None)
    bench.choose(0)
    bench.reason.value = PAYLOADS[1]
    bench.decide(True)
    scored = bench.state.samples().assign(kept=True)
    train = images['train']
    player = curriculum_player(images, train, scored, store, strategy='all-level', epochs=2, curriculum_epochs=1)
    mixture = build_mixture(train, train, scored, store, 16, validation=images['val'])
    live = train_live(None, mixture, 2, None, strategy='all-level', curriculum_epochs=1, scored=scored)
    live.state.message = PAYLOADS[0]
    live.render()
    comparison = compare(made['results'], images)
    comparison.galleries[1].buttons[0].click()
    return [explorer, bench, player, live, comparison, explore(images, model=PAYLOADS[0], prompts=PAYLOADS[0])]


class Tags(HTMLParser):
    "Tags of a page and attributes of them that are not ours"
    def __init__(self, page):
        super().__init__()
        self.odd = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in TAGS: self.odd.append(tag)
        self.odd += [(tag, name) for name, value in attributes if name.startswith('on') or 'script' in (value or '')]


def widgets_of(view):
    "A view and everything in it"
    found = [view]
    for child in getattr(view, 'children', ()): found += widgets_of(child)
    return found


def only_our_tags(made, answer):
    assert len(answer.value) == 6
    for view in answer.value:
        for widget in widgets_of(view):
            if isinstance(widget, w.HTML): assert not Tags(widget.value).odd, (type(view).__name__, Tags(widget.value).odd)
            assert not getattr(widget, 'description_allow_html', False)
            assert not getattr(widget, 'tooltip', None) or '\r' not in widget.tooltip
        assert view._repr_mimebundle_()['image/png']
        view.close()


def page_of(view): return ' '.join(widget.value for widget in widgets_of(view) if isinstance(widget, w.HTML))


def no_escape_by_hand(made):
    rooms = sorted(Path(explore.__code__.co_filename).parent.glob('*.py'))
    by_hand = r"html\.escape|import html\b|f'<|to_html\(|\.value = '<"
    return {room.stem: found for room in rooms if (found := re.findall(by_hand, room.read_text(encoding='utf-8')))}


def nothing_found(made, answer): assert answer.value == {}


def many_classes(folder):
    "As many classes as iNaturalist has, and images of a few"
    images = image_set([f'class {number}' for number in range(MANY)])
    store = scored_store(folder, images)
    table = store.samples()
    return dict(images=images, store=store, table=table, results=arms(images, ['CE', 'all-level']))


def views_of_many(made):
    images = made['images']
    every = ImageSet(images.items.assign(label=np.arange(len(images)) % MANY), images.classes, 'many')
    explorer = explore(images, model='no such model', **SIZE)
    bench = filter_bench(made['store'])
    bench.state.scored = pd.concat([bench.state.scored]*170, ignore_index=True)
    bench.state.scored['name'] = [f'class {number}' for number in range(len(bench.state.scored))]
    bench.line.value = bench.line.max
    return [explorer, bench, compare(made['results'], every)]


def short(made, answer):
    for view in answer.value:
        assert len(view.status.value) < 1500, len(view.status.value)
        assert len(page_of(view)) < 10**6, len(page_of(view))
        view.close()


def explorer_of(made):
    "An explorer whose worker has nothing to do"
    return explore(made['images'], {name: ['a photo'] for name in PAYLOADS}, model='no such model', **SIZE)


def odd_inputs(made):
    "What is said after each thing that a control or a caller could ask for"
    view = explorer_of(made)
    asked = [dict(lam=np.nan), dict(lam='half'), dict(lam=2), dict(seed=np.nan), dict(seed='ten'), dict(seed=-1),
             dict(guidance_scale=np.nan), dict(guidance_scale='much'), dict(steps=np.inf), dict(steps=0),
             dict(prompt='a\nb'), dict(prompt='a\0b'), dict(prompt='\ud800'), dict(source='none'), dict(source=None),
             dict(colour='red'), dict(size=(0, 0))]
    said = {}
    for changes in asked:
        assert not view.attempt(view.state.change, **changes), changes
        said[str(changes)] = view.status.value
    view.close()
    return said


def uploads(made):
    view = explorer_of(made)
    header = b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + (100_000).to_bytes(4, 'big')*2 + b'\x08\x02\0\0\0\0\0\0\0'
    said = {}
    for name, data in {'empty.png': b'', 'text.png': b'a text', 'huge.png': header, 'half.png': b'\x89PNG\r\n'}.items():
        view.take_file(dict(new=[dict(name=name, content=memoryview(data))]))
        said[name] = view.status.value
    view.close()
    return said


def all_are_sentences(made, answer):
    for asked, said in answer.value.items():
        assert 'Error: ' not in said and 'aria-live="polite"></div>' not in said, (asked, said)


def damaged_while_open(made):
    "A view on a store that is damaged, then gone"
    store = made['store']
    view, said = filter_bench(store), {}
    (store.folder/'decisions.json').write_bytes(b'\xff\xfe{')
    view.refresh()
    said['decisions'] = view.status.value
    view.use_button.click()
    said['sentence'] = view.status.value
    (store.folder/'decisions.json').unlink()
    view.choose(0)
    view.decide(True)
    said['no reason'] = view.status.value
    for shard in (store.folder/'images').glob('*.parquet'): shard.write_bytes(b'gone')
    view.reason.value = 'because'
    view.decide(True)
    said['images'] = view.status.value
    view.state.read_pictures(tuple(view.state.scored.job[:3]), None)
    view.close()
    return said


def nothing_to_show(made):
    "Views on nothing"
    images, folder = made['images'], made['folder']
    nothing = ImageSet(images.items.iloc[:0], images.classes)
    empty = Store(folder/'empty')
    scored = filter_bench(made['store']).state.samples()
    views = dict(explore=explore(nothing, **SIZE), bench=filter_bench(empty),
                 player=curriculum_player(nothing, nothing, scored, empty),
                 half=curriculum_player(images), compare=compare(pd.DataFrame()),
                 other=compare(pd.DataFrame(dict(a=[1]))), store=filter_bench(None),
                 template=explore(images, '{other}', **SIZE), seeds=explore(images, seeds=(), **SIZE),
                 levels=explore(images, levels=(np.nan,), **SIZE), real=filter_bench(made['store'], real=[np.nan]),
                 threshold=filter_bench(made['store'], threshold=np.nan))
    return {name: view.status.value for name, view in views.items()}


CASES = [
    Case('HTML in every text of every view', hostile, call=all_views, fails=False, check=only_our_tags),
    Case('no view makes HTML by hand', lambda folder: {}, call=no_escape_by_hand, fails=False, check=nothing_found),
    Case('views of eight thousand classes', many_classes, call=views_of_many, fails=False, check=short),
    Case('numbers and texts that no control of the explorer has', hostile, call=odd_inputs, fails=False,
         check=all_are_sentences),
    Case('uploads that are no pictures', hostile, call=uploads, fails=False, check=all_are_sentences),
    Case('a store that is damaged while a view is open', hostile, call=damaged_while_open, fails=False,
         check=all_are_sentences),
    Case('views on nothing', hostile, call=nothing_to_show, fails=False, check=all_are_sentences),
]
