"""Filter bench, curriculum designer, live training and results browser in a browser"""
import os
import re
from pathlib import Path

from playwright.sync_api import expect

STORE = '''import tempfile
import numpy as np, pandas as pd, torch
from discl.data.named import fashion_lt
from discl.data.pixels import pixel_arrays
from discl.spectrum.jobs import list_jobs
from discl.spectrum.generation import generate
from discl.data.hard import few_shot
from discl.data.prompts import fashion_prompts
from discl.models.clip import Clip
from discl.spectrum.scoring import Scorer
from discl.core.images import decode_image
from discl.spectrum.store import Store
if 'store' not in globals(): # the tests share a kernel
    fashion = fashion_lt()
    hard = few_shot(fashion)
    few, clip, store = hard[hard.items.id[::3]], Clip(), Store(tempfile.mkdtemp())
    generate(list_jobs(few, fashion_prompts(), [0, .1, .3, .5], [10, 20]), few, store, bar=False, scorer=Scorer(clip, few))'''
BENCH = '''from discl.lab import filter_bench
filter_bench(store, clip, fashion)'''
PLAYER = '''from discl.lab import FilterBenchState, curriculum_player
curriculum_player(fashion, hard, FilterBenchState(store, clip).set(-1.).table(), store)'''
TRAINING = '''from discl.curriculum import schedule
from discl.models.networks import resnet10
from discl.train.samples import Samples, augmentation
from discl.train.losses import cross_entropy
from discl.train.callback import Curriculum
from discl.lab.bench import FilterBenchState
from discl.lab.live import train_live
frame, train = FilterBenchState(store, clip).set(-1.).table(), fashion['train']
images = store.samples(images=True).set_index('job').image[frame.job]
table = Samples(np.concatenate([pixel_arrays(train, 32), np.stack([np.asarray(decode_image(b)) for b in images])]), np.concatenate([train.labels, frame.label]), augmentation(32))
tail = train.items.id.isin(hard.items.id).to_numpy()
pools = {l: len(train) + np.flatnonzero(frame.lam == l) for l in (0., .1, .3, .5)}
course = Curriculum(schedule('all-level', [0, .1, .3, .5], 12, 12), np.flatnonzero(~tail), np.flatnonzero(tail), pools, .3, .3)
val = fashion['val'][fashion['val'].items.id[::10]]
train_live(resnet10(10, small=True, width=16), table, Samples(pixel_arrays(val, 32), val.labels), 12, cross_entropy, train.counts(), curriculum=course, frame=frame, bs=64)'''
PLANTED = '''from discl.report import by_shot, confusion
from discl.lab.comparison import compare
truth, rng = fashion['test'].labels, np.random.default_rng(0)
def result(curriculum, seed, good): # a planted one: right for a share of the images, else anything
    guess = np.where(rng.random(len(truth)) < good, truth, rng.integers(0, 10, len(truth)))
    return dict(method='CE', curriculum=curriculum, seed=seed, **by_shot(truth, guess, fashion['train'].counts()), confusion=confusion(truth, guess, 10).tolist(), predicted=guess.tolist())
compare(pd.DataFrame([result(c, s, g + s/100) for c, g in (('none', .5), ('all-level', .6), ('diverse-to-specific', .7)) for s in range(5)]), fashion)'''
REAL = '''from discl.runs import Run
from discl.lab.comparison import compare
run = Run({!r}, say=lambda s: None)
compare(run.results(), run.images)''' # what `discl demo --trials 0,1,2` has left there
COMPARE = REAL.format(str(Path(os.environ['DISCL_RUN']).absolute())) if 'DISCL_RUN' in os.environ else PLANTED


def status(page):
    return page.locator('.discl-status').last


def looks(notebook, name):
    "Pictures of the view; named for screen readers, and nothing out of reach at 2× zoom"
    notebook.page.mouse.move(0, 0)
    notebook.portrait(name)
    assert notebook.nameless() == []
    assert notebook.cut_off() <= 0


def test_filter_bench(notebook):
    page = notebook.open([STORE, BENCH]).page
    expect(status(page)).to_have_text(re.compile(r'\d+ of 72 kept'), timeout=180000)
    page.locator('.discl button.discl-tile:not([disabled])').nth(9).click()
    expect(page.locator('.discl figcaption').last).to_have_text(re.compile('filtered'))
    looks(notebook, 'filter-bench')
    page.locator('.discl').last.evaluate("e => e.scrollIntoView({block: 'start'})")
    slider = page.locator('.widget-slider', has_text='threshold')
    top = lambda: float(re.search(r'top: ?([\d.]+)%', page.locator('.discl-line').get_attribute('style'))[1])
    kept = lambda: int(status(page).inner_text().split(' of ')[0])
    track, counts = slider.locator('.noUi-connects').bounding_box(), []
    for to in (.15, .5, .85):
        knob = slider.locator('.noUi-handle').bounding_box()
        page.mouse.move(knob['x'] + knob['width']/2, knob['y'] + knob['height']/2)
        page.mouse.down()
        page.mouse.move(track['x'] + track['width']*to, knob['y'] + knob['height']/2, steps=10)
        page.mouse.up()
        page.wait_for_timeout(500)
        counts.append((kept(), -top()))
    assert counts[0][0] > counts[1][0] > counts[2][0] and counts[0][1] < counts[1][1] < counts[2][1], counts
    before = float(slider.locator('.widget-readout').inner_text())
    slider.locator('.noUi-handle').focus()
    page.keyboard.press('ArrowLeft')
    expect(slider.locator('.widget-readout')).to_have_text(f'{before - .001:.3f}')
    page.locator('.discl button.discl-tile:not([disabled])').first.click()
    page.get_by_role('button', name='Drop', exact=True).click()
    expect(status(page)).to_have_text(re.compile('Give a reason'))
    page.get_by_placeholder('why, for whoever').fill('two collars')
    page.keyboard.press('Tab')
    now = counts[2][0]
    page.get_by_role('button', name='Drop', exact=True).click()
    expect(page.locator('.discl figcaption').last).to_have_text(re.compile('filtered by hand'))
    assert kept() <= now


def test_nothing_to_filter(notebook):
    page = notebook.open([STORE, 'from discl.lab import filter_bench\nfilter_bench(Store(tempfile.mkdtemp()))']).page
    expect(status(page)).to_have_text(re.compile('holds no images. Generate some first'), timeout=180000)


def test_curriculum_player(notebook):
    page = notebook.open([STORE, PLAYER]).page
    page.wait_for_selector('.discl svg', timeout=180000)
    first = page.locator('.discl svg').inner_html()
    page.locator('.discl select').first.select_option('specific-to-diverse')
    page.wait_for_function('old => document.querySelector(".discl svg").innerHTML != old', arg=first, timeout=10000)
    page.locator('.discl select').first.select_option('adaptive')
    expect(status(page)).to_have_text(re.compile('no schedule ahead'))
    page.locator('.discl select').first.select_option('diverse-to-specific')
    expect(status(page)).to_have_text('')
    handle = page.locator('.widget-slider', has_text='epoch').locator('.noUi-handle')
    handle.focus()
    for _ in range(4): page.keyboard.press('ArrowRight')
    expect(page.locator('.discl-note')).to_have_text(re.compile('Epoch 5: λ = 0.1'))
    looks(notebook, 'curriculum-player')


def test_train_and_stop(notebook):
    page = notebook.open([STORE, TRAINING]).page
    expect(status(page)).to_have_text('Ready to start.', timeout=180000)
    start, stop = (page.locator('.discl').get_by_role('button', name=n) for n in ('Start', 'Stop after this batch'))
    start.click()
    expect(status(page)).to_have_text(re.compile(r'Epoch 6, λ = 0'), timeout=120000)
    looks(notebook, 'train-live')
    stop.click()
    expect(status(page)).to_have_text(re.compile(r'Stopped after \d+ batches. The model is kept, with the weights of epoch \d'), timeout=20000)
    start.click()  # and again from the start
    expect(status(page)).to_have_text(re.compile(r'Epoch 1, λ = 0'), timeout=60000)
    stop.click()
    expect(status(page)).to_have_text(re.compile('Stopped after'), timeout=20000)


def test_compare(notebook):
    page = notebook.open([STORE, COMPARE]).page
    page.wait_for_selector('.discl svg', timeout=120000)
    page.locator('.discl button.discl-tile:not([disabled])').first.click()
    expect(status(page)).to_have_text(re.compile('CE . diverse-to-specific says'))
    looks(notebook, 'compare')
    page.locator('.discl select').nth(1).select_option('CE + all-level')
    expect(page.locator('.discl-note').first).to_have_text(re.compile(r'CE . all-level wrong: \d+ test images'))
