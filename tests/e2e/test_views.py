"""Filter bench, curriculum designer, live training and results browser in a browser"""
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

STORE = '''import tempfile
import numpy as np, pandas as pd
from discl.data.hard import few_shot
from discl.data.fashion import fashion_lt
from discl.data.prompts import fashion_prompts
from discl.models.clip import Clip
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.scoring import Scorer
from discl.spectrum.store import Store
if 'store' not in globals(): # the tests share a kernel
    fashion = fashion_lt()
    hard = few_shot(fashion)
    few = hard[hard.items.id[::3]]
    clip = Clip()
    store = Store(tempfile.mkdtemp())
    jobs = list_jobs(few, fashion_prompts(), [0, .1, .3, .5], [10, 20])
    generate(jobs, few, store, bar=False, scorer=Scorer(clip, few))'''

BENCH = '''from discl.lab import filter_bench
filter_bench(store, clip, fashion)'''

PLAYER = '''from discl.lab import FilterBenchState, curriculum_player
scored = FilterBenchState(store, clip, threshold=-1.).samples()
curriculum_player(fashion, hard, scored, store)'''

TRAINING = '''from discl.lab import FilterBenchState, train_live
from discl.models.networks import resnet10
from discl.train import build_mixture, cross_entropy
scored = FilterBenchState(store, clip, threshold=-1.).samples()
val = fashion['val'][fashion['val'].items.id[::10]]
mixture = build_mixture(fashion['train'], hard, scored, store, 32, validation=val)
model = resnet10(10, small=True, width=16)
train_live(model, mixture, 60, cross_entropy, strategy='all-level', curriculum_epochs=60, scored=scored, bs=64)'''

# an adaptive curriculum of a CLIP on a few pictures of known and unknown cameras; names of its own in the shared kernel
WILD = '''import tempfile
from discl.data import ImageSet, fashion_wild, prompts_from_template
from discl.lab import train_live
from discl.models import Clip, Settings, clip_classifier
from discl.spectrum import Scorer, Store, generate, kept, list_jobs
from discl.train import build_mixture
if 'traps' not in globals():
    items = fashion_wild().items
    traps = ImageSet(items[::5], fashion_wild().classes, 'traps')
    trap_hard = traps[traps.items.id[(traps.items.split == 'train') & (traps.items.hard != '')]]
    trap_sources, quick = trap_hard[trap_hard.items.id[:12]], Settings(steps=4, guidance_scale=2., size=(32, 32))
    trap_store, trap_clip = Store(tempfile.mkdtemp()), Clip()
    trap_jobs = list_jobs(trap_sources, prompts_from_template(traps.classes), [.1, .5, .9], [10], settings=quick)
    scorer = Scorer(trap_clip, trap_sources)
    generate(trap_jobs, trap_sources, trap_store, settings=quick, bar=False, scorer=scorer)
    trap_scored = kept(trap_store, trap_clip, -1.)
    traps_mixed = build_mixture(traps['train'], trap_hard, trap_scored, trap_store, 32, validation=traps.choosing)
design = dict(strategy='adaptive', curriculum_epochs=3, r=1., p=.1, probing=dict(guide=4, probe=64))
trap_model = clip_classifier('clip', traps.classes)
train_live(trap_model, traps_mixed, 4, 'FLYP', domains=traps, scored=trap_scored, bs=64, lr=1e-3, **design)'''

PLANTED = '''from discl.lab import compare
from discl.report import by_shot, confusion
truth = fashion['test'].labels
rng = np.random.default_rng(0)
def planted(curriculum, seed, share): # an arm that is right for a share of the images, else anything
    guess = np.where(rng.random(len(truth)) < share, truth, rng.integers(0, 10, len(truth)))
    accuracy = by_shot(truth, guess, fashion['train'].counts())
    return dict(method='CE', curriculum=curriculum, seed=seed, **accuracy,
                confusion=confusion(truth, guess, 10).tolist(), predicted=guess.tolist())

shares = {'none': .5, 'all-level': .6, 'diverse-to-specific': .7}
results = [planted(name, seed, share + seed/100) for name, share in shares.items() for seed in range(5)]
compare(pd.DataFrame(results), fashion)'''

# what `discl demo --trials 0,1,2` has left in a folder
REAL = '''from discl.lab import compare
from discl.runs import Run
run = Run({!r}, say=lambda s: None)
compare(run.results(), run.images)'''
RUN = os.environ.get('DISCL_RUN')
COMPARE = REAL.format(str(Path(RUN).absolute())) if RUN else PLANTED

# every text that a view shows holds a script
HOSTILE = f'''import sys, tempfile
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1]/'hostile')!r})
from bad_views import all_views, hostile
display(*all_views(hostile(Path(tempfile.mkdtemp()))))'''

TILE = '.discl button.discl-tile:not([disabled])'


def status(page):
    return page.locator('.discl-status').last


def handle(page, label):
    "The knob of a slider"
    return page.locator('.widget-slider', has_text=label).locator('.noUi-handle')


def looks(notebook, name):
    "Pictures of the view; everything has a name for screen readers, and nothing is out of reach at 2× zoom"
    notebook.page.mouse.move(0, 0)
    notebook.portrait(name)
    assert notebook.nameless() == []
    assert notebook.cut_off() <= 0


def kept(page):
    "How many images the status line of the filter bench says are kept"
    return int(status(page).inner_text().split(' of ')[0])


def line_height(page):
    "Where the threshold is drawn, in % from the bottom of the violins"
    style = page.locator('.discl-line').get_attribute('style')
    return 100 - float(re.search(r'top: ?([\d.]+)%', style)[1])


def drag_threshold(page, share):
    "Drag the slider to a share of its length"
    track = page.locator('.widget-slider', has_text='threshold').locator('.noUi-connects').bounding_box()
    knob = handle(page, 'threshold').bounding_box()
    y = knob['y'] + knob['height']/2
    page.mouse.move(knob['x'] + knob['width']/2, y)
    page.mouse.down()
    page.mouse.move(track['x'] + track['width']*share, y, steps=10)
    page.mouse.up()
    page.wait_for_timeout(500)


def test_filter_bench(notebook):
    page = notebook.open([STORE, BENCH]).page
    expect(status(page)).to_have_text(re.compile(r'\d+ of 72 kept'), timeout=180000)
    page.locator(TILE).nth(9).click()
    expect(page.locator('.discl figcaption').last).to_have_text(re.compile('filtered'))
    looks(notebook, 'filter-bench')


def test_drag_the_threshold(notebook):
    page = notebook.open([STORE, BENCH]).page
    expect(status(page)).to_have_text(re.compile(r'\d+ of 72 kept'), timeout=180000)
    page.locator('.discl').last.evaluate("e => e.scrollIntoView({block: 'start'})")
    counts, heights = [], []
    for share in (.15, .5, .85):
        drag_threshold(page, share)
        counts.append(kept(page))
        heights.append(line_height(page))
    assert counts[0] > counts[1] > counts[2], counts
    assert heights[0] < heights[1] < heights[2], heights
    readout = page.locator('.widget-slider', has_text='threshold').locator('.widget-readout')
    before = float(readout.inner_text())
    handle(page, 'threshold').focus()
    page.keyboard.press('ArrowLeft')
    expect(readout).to_have_text(f'{before - .001:.3f}')


def test_decide_by_hand(notebook):
    page = notebook.open([STORE, BENCH]).page
    expect(status(page)).to_have_text(re.compile(r'\d+ of 72 kept'), timeout=180000)
    before = kept(page)
    drop = page.get_by_role('button', name='Drop', exact=True)
    page.locator(TILE).first.click()
    drop.click()
    expect(status(page)).to_have_text(re.compile('Give a reason'))
    page.get_by_placeholder('why, for whoever').fill('two collars')
    page.keyboard.press('Tab')
    drop.click()
    expect(page.locator('.discl figcaption').last).to_have_text(re.compile('filtered by hand'))
    expect(status(page)).to_have_text(re.compile(f'^{before - 1} of 72 kept')) # it may come after the caption


def test_nothing_to_filter(notebook):
    empty = 'from discl.lab import filter_bench\nfilter_bench(Store(tempfile.mkdtemp()))'
    page = notebook.open([STORE, empty]).page
    expect(status(page)).to_have_text(re.compile('holds no images. Generate some first'), timeout=180000)


def test_curriculum_player(notebook):
    page = notebook.open([STORE, PLAYER]).page
    page.wait_for_selector('.discl svg', timeout=180000)
    first = page.locator('.discl svg').inner_html()
    strategy = page.locator('.discl select').first
    strategy.select_option('specific-to-diverse')
    redrawn = 'old => document.querySelector(".discl svg").innerHTML != old'
    page.wait_for_function(redrawn, arg=first, timeout=10000)
    strategy.select_option('adaptive')
    expect(status(page)).to_have_text(re.compile('no schedule ahead'))
    strategy.select_option('diverse-to-specific')
    expect(status(page)).to_have_text('')
    handle(page, 'epoch').focus()
    for _ in range(4): page.keyboard.press('ArrowRight')
    expect(page.locator('.discl-note')).to_have_text(re.compile('Epoch 5: λ = 0.1'))
    looks(notebook, 'curriculum-player')


def test_player_plays_and_names_its_images(notebook):
    page = notebook.open([STORE, PLAYER]).page
    page.wait_for_selector('.discl svg', timeout=180000)
    page.locator('.discl .widget-play button').first.click()
    # an epoch is shown for .6 s, and the page is looked at once a second: any later one will do
    expect(page.locator('.discl-note')).to_have_text(re.compile(r'Epoch ([2-9]|1\d): '), timeout=20000)
    page.locator('.discl .widget-play button').first.click()  # pause
    page.locator(TILE).nth(12).click()
    expect(status(page)).to_have_text(re.compile('real|synthetic, λ = 0'))


def test_train_and_stop(notebook):
    page = notebook.open([STORE, TRAINING]).page
    expect(status(page)).to_have_text('Ready to start.', timeout=180000)
    start = page.locator('.discl').get_by_role('button', name='Start')
    stop = page.locator('.discl').get_by_role('button', name='Stop after this batch')
    start.click()
    expect(status(page)).to_have_text(re.compile(r'Epoch ([6-9]|\d\d), λ = 0'), timeout=120000)
    looks(notebook, 'train-live')
    stop.click()
    ended = r'Stopped after \d+ batches. The model is kept, with the weights of epoch \d'
    expect(status(page)).to_have_text(re.compile(ended), timeout=20000)
    start.click()  # and again from the start
    expect(status(page)).to_have_text(re.compile(r'Epoch \d+, λ = 0'), timeout=60000)
    stop.click()
    expect(status(page)).to_have_text(re.compile('Stopped after'), timeout=20000)


def test_train_an_adaptive_curriculum(notebook):
    page = notebook.open([WILD]).page
    expect(status(page)).to_have_text(re.compile('Ready to start.'), timeout=240000)
    view = page.locator('.discl').last
    view.get_by_role('button', name='Start').click()
    expect(status(page)).to_have_text(re.compile('Done: 4 epochs'), timeout=180000)
    expect(view.get_by_role('img', name='macro F1 in and out of distribution')).to_have_count(1)
    expect(view.get_by_role('img', name='the chosen level framed')).to_have_count(1)
    looks(notebook, 'train-live-adaptive')
    notebook.command('docmanager:save')
    page.wait_for_timeout(1000)
    page.reload()
    expect(page.locator('.discl').last.get_by_role('img', name='the chosen level framed')).to_have_count(1, timeout=60000)
    expect(status(page)).to_have_text(re.compile('Done: 4 epochs'))
    page.locator('.discl').last.get_by_role('button', name='Start').click()
    expect(status(page)).to_have_text(re.compile(r'Epoch \d, λ = '), timeout=60000)
    page.locator('.discl').last.get_by_role('button', name='Stop after this batch').click()
    expect(status(page)).to_have_text(re.compile('Stopped after'), timeout=60000)


def test_no_domains_no_curves(notebook):
    cell = WILD.replace('domains=traps,', "domains=ImageSet(items.drop(columns='domain'), traps.classes, 'no traps'),")
    page = notebook.open([cell]).page
    expect(status(page)).to_have_text(re.compile('no traps: has no column domain'), timeout=240000)


def test_compare(notebook):
    page = notebook.open([STORE, COMPARE]).page
    page.wait_for_selector('.discl svg', timeout=120000)
    page.locator(TILE).first.click()
    expect(status(page)).to_have_text(re.compile('CE . diverse-to-specific says'))
    looks(notebook, 'compare')
    page.locator('.discl select').nth(1).select_option('CE + all-level')
    expect(page.locator('.discl-note').first).to_have_text(re.compile(r'CE . all-level wrong: \d+ test images'))


def test_texts_of_others_are_not_run(notebook):
    "Class names, prompts, files, arms and reasons that hold scripts are shown as text in every view"
    page = notebook.open([HOSTILE]).page
    page.locator('.discl').nth(5).wait_for(timeout=180000)
    expect(page.locator('.discl-pick figcaption')).to_have_text(re.compile('window.hit=1'))
    for select in page.locator('.discl select').all(): select.focus()
    page.locator('.discl button.discl-tile:not([disabled])').first.hover()
    page.wait_for_timeout(1000)
    assert page.evaluate('window.hit') is None
    assert page.locator('.discl img[src=x], .discl script, .discl [onerror], .discl [onmouseover]').count() == 0


@pytest.mark.parametrize('cell, choice, number', [
    (PLAYER, 'fixed:0.5', 0),  # strategy
    (PLANTED, 'CE + all-level', 1),  # against
], ids=['player', 'compare'])
def test_after_a_reload(notebook, cell, choice, number):
    "A saved notebook is opened again while its kernel runs: the view is there and answers"
    page = notebook.open([STORE, cell]).page
    page.wait_for_selector('.discl svg', timeout=180000)
    notebook.command('docmanager:save')
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_selector('.discl svg', timeout=60000)
    note = page.locator('.discl-note').first
    before = note.inner_text()
    page.locator('.discl select').nth(number).select_option(choice)
    expect(note).not_to_have_text(before)
