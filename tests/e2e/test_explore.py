"""The spectrum explorer in a browser"""
import re
import time

import numpy as np
import pytest
from playwright.sync_api import expect

from conftest import pixels

CELL = '''from discl.data import fashion_lt
from discl.hard import few_shot
from discl.widgets import explore
view = explore(few_shot(fashion_lt()), threshold=.6, levels=(0, .3, .5, .7, .9), seeds=(10, 20))
view'''
STAGE = '.discl-stage'


@pytest.fixture(scope='module')
def library():
    "The image that discl itself makes for a λ"
    import tempfile
    from discl.data import fashion_lt
    from discl.generate import generate, plan
    from discl.hard import few_shot
    from discl.models import load_pipeline
    from discl.prompts import fashion_prompts
    from discl.store import Store, decode
    hard, pipe = few_shot(fashion_lt()), load_pipeline()
    first = hard[[hard.items.id[0]]]

    def make(lam, seed=10):
        with tempfile.TemporaryDirectory() as d:
            store = Store(d)
            generate(plan(first, fashion_prompts(), [lam], [seed]), first, store, pipe=pipe, batch=1, bar=False)
            return np.asarray(decode(store.table(images=True).image[0]))
    return make


def exact(page, lam=None, timeout=30000):
    "Wait for the exact image of a λ, or of the one that the slider shows; -> (λ, pixels)"
    page.wait_for_function("""lam => {
        const stage = document.querySelector('.discl-stage[data-exact="1"]'), slider = [...document.querySelectorAll('.widget-slider')].find(s => s.innerText.includes('λ'));
        return stage && slider && parseFloat(stage.dataset.lam) == (lam ?? parseFloat(slider.querySelector('.widget-readout').innerText))
    }""", arg=lam, timeout=timeout)
    stage = page.locator(STAGE)
    return float(stage.get_attribute('data-lam')), pixels(stage.locator('img').first)


def handle(page):
    return page.locator('.widget-slider', has_text='λ').locator('.noUi-handle')


def drag(page, to, steps=12):
    "Drag the λ slider by mouse to a share of its length"
    knob, track = handle(page).bounding_box(), page.locator('.widget-slider', has_text='λ').locator('.noUi-connects').bounding_box()
    page.mouse.move(knob['x'] + knob['width']/2, knob['y'] + knob['height']/2)
    page.mouse.down()
    page.mouse.move(track['x'] + track['width']*to, knob['y'] + knob['height']/2, steps=steps)
    page.mouse.up()
    page.wait_for_timeout(500)  # for the last of the slider's messages


def test_explore(notebook, library):
    page = notebook.open([CELL]).page
    page.wait_for_selector(STAGE, timeout=120000)
    lam, source = exact(page, 1, 120000)
    drag(page, .37)
    lam, image = exact(page)
    assert abs(lam - .37) < .03 and (image != source).any()
    assert np.abs(image.astype(int) - library(lam)).max() <= 2
    handle(page).focus()
    page.keyboard.press('ArrowLeft')
    page.keyboard.press('ArrowLeft')
    after, image = exact(page, round(lam - .02, 2))
    assert np.abs(image.astype(int) - library(after)).max() <= 2
    page.wait_for_function("document.querySelectorAll('.discl button.discl-tile[disabled]').length == 0", timeout=90000)
    notebook.shot('explore')
    page.get_by_role('button', name='λ = 0.3, seed 20').click()
    _, image = exact(page, .3)
    assert np.abs(image.astype(int) - library(.3, 20)).max() <= 2


def test_fast_drag_leaves_no_backlog(notebook, library):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    page.wait_for_timeout(1500)
    knob, track = handle(page).bounding_box(), page.locator('.widget-slider', has_text='λ').locator('.noUi-connects').bounding_box()
    y = knob['y'] + knob['height']/2
    page.mouse.move(knob['x'] + knob['width']/2, y)
    page.mouse.down()
    for _ in range(4):
        for to in (.1, .9): page.mouse.move(track['x'] + track['width']*to, y, steps=25)
    page.mouse.move(track['x'] + track['width']*.21, y, steps=5)
    page.mouse.up()
    start = time.perf_counter()
    shown = page.locator('.widget-slider', has_text='λ').locator('.widget-readout').inner_text()
    lam, image = exact(page, float(shown))
    assert time.perf_counter() - start < 5, 'a backlog'
    assert np.abs(image.astype(int) - library(lam)).max() <= 2


def test_bad_input(notebook, tmp_path):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    (tmp_path/'broken.png').write_bytes(b'not an image')
    with page.expect_file_chooser() as chooser: page.get_by_role('button', name='Your image').click()
    chooser.value.set_files(str(tmp_path/'broken.png'))
    expect(page.locator('.discl-status')).to_have_text(re.compile('broken.png is not an image'), timeout=10000)
    page.get_by_role('button', name='Add to store').click()
    expect(page.locator('.discl-status')).to_have_text(re.compile('There is no store'), timeout=10000)
    drag(page, .5)
    exact(page)  # and the slider still moves


def test_reload(notebook):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    drag(page, .6)
    lam, _ = exact(page)
    notebook.command('docmanager:save')
    page.wait_for_timeout(1500)
    page.goto(page.url.replace('?reset', ''))
    page.wait_for_selector(STAGE, timeout=60000)
    again, _ = exact(page, lam)
    drag(page, .2)
    after, _ = exact(page)
    assert after != again


def test_dark_and_zoomed(notebook):
    page = notebook.open([CELL], theme='JupyterLab Dark').page
    exact(page, 1, 120000)
    drag(page, .45)
    exact(page)
    page.wait_for_function("document.querySelectorAll('.discl button.discl-tile[disabled]').length == 0", timeout=90000)
    notebook.shot('explore-dark')
    page.set_viewport_size(dict(width=640, height=400))  # what 2× zoom leaves of 1280 × 800
    notebook.shot('explore-zoomed')
    wide = page.evaluate("document.querySelector('.discl').scrollWidth - document.querySelector('.jp-Notebook').clientWidth")
    assert wide <= 0, f'{wide} pixels are cut off'
