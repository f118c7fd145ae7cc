"""The spectrum explorer in a browser"""
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from conftest import pixels, wait_until

CELL = '''from discl.data import fashion_lt
from discl.lab.explorer import explore
if 'view' in globals(): view.close()
view = explore(fashion_lt(), levels=(0, .1, .3, .5, .7, .9), seeds=(10, 20))
view'''
STAGE = '.discl-stage'
PAINTED = """() => {
    const ready = [...document.querySelectorAll('.discl button.discl-tile:not([disabled])')];
    return ready.filter(tile => tile.innerText.startsWith('λ = ')).length == 12;
}"""  # 6 levels × 2 seeds


@pytest.fixture(scope='module')
def library():
    "The image that discl itself makes for a λ"
    import tempfile
    from discl.data.fashion import fashion_lt
    from discl.data.prompts import fashion_prompts
    from discl.models.generators import load_pipeline
    from discl.spectrum.generation import generate
    from discl.spectrum.jobs import list_jobs
    from discl.spectrum.store import Store
    train, pipe = fashion_lt()['train'], load_pipeline()
    first = train[[train.items.id[0]]]

    def make(lam, seed=10):
        jobs = list_jobs(first, fashion_prompts(), [lam], [seed])
        with tempfile.TemporaryDirectory() as d:
            store = Store(d)
            generate(jobs, first, store, pipe=pipe, batch=1, bar=False)
            return store.images(jobs.job)[0]
    return make


def exact(page, lam=None, timeout=30000):
    "Wait for the exact image of a λ, or of the one that the slider shows; -> (λ, pixels)"
    page.wait_for_function("""lam => {
        const stage = document.querySelector('.discl-stage[data-exact="1"]');
        const slider = [...document.querySelectorAll('.widget-slider')].find(s => s.innerText.includes('λ'));
        if (!stage || !slider) return false;
        const asked = lam ?? parseFloat(slider.querySelector('.widget-readout').innerText);
        return parseFloat(stage.dataset.lam) == asked;
    }""", arg=lam, timeout=timeout)
    stage = page.locator(STAGE)
    return float(stage.get_attribute('data-lam')), pixels(stage.locator('img').first)


def slider(page):
    return page.locator('.widget-slider', has_text='λ')


def grip(page):
    "-> (x, y) of the knob, and of the track its left end and its length"
    slider(page).scroll_into_view_if_needed()
    knob = slider(page).locator('.noUi-handle').bounding_box()
    track = slider(page).locator('.noUi-connects').bounding_box()
    return (knob['x'] + knob['width']/2, knob['y'] + knob['height']/2), (track['x'], track['width'])


def drag(page, *stops, steps=12):
    "Drag the λ slider by mouse over shares of its length"
    (x, y), (left, length) = grip(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for to in stops: page.mouse.move(left + length*to, y, steps=steps)
    page.mouse.up()
    page.wait_for_timeout(300)  # for the last of the slider's messages


def test_slide_by_mouse_and_keyboard(notebook, library):
    page = notebook.open([CELL]).page
    lam, source = exact(page, 1, 120000)
    drag(page, .37)
    lam, image = exact(page)
    assert abs(lam - .37) < .03 and (image != source).any()
    assert np.abs(image.astype(int) - library(lam)).max() <= 2
    slider(page).locator('.noUi-handle').focus()
    page.keyboard.press('ArrowLeft')
    page.keyboard.press('ArrowLeft')
    after, image = exact(page, round(lam - .02, 2))
    assert np.abs(image.astype(int) - library(after)).max() <= 2
    page.wait_for_function(PAINTED, timeout=90000)
    page.get_by_role('button', name='λ = 0.3, seed 20').click()
    _, image = exact(page, .3)
    assert np.abs(image.astype(int) - library(.3, 20)).max() <= 2


def test_fast_drag_leaves_no_backlog(notebook, library):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    drag(page, *[.1, .9]*4, .21, steps=25)
    start = time.perf_counter()
    lam, image = exact(page)
    assert time.perf_counter() - start < 5, 'a backlog'
    assert abs(lam - .21) < .03 and np.abs(image.astype(int) - library(lam)).max() <= 2


FOCUSED = """() => {
    const e = document.activeElement;
    return e.closest('.discl') && (e.getAttribute('aria-label') || e.title || e.innerText || e.role || e.tagName);
}"""  # the name of what has the focus; None: it is outside the view


def test_keyboard_alone(notebook):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    page.wait_for_function(PAINTED, timeout=90000)
    assert notebook.nameless() == []
    page.locator('.discl select').first.focus()
    met = []
    for _ in range(60):
        met.append(page.evaluate(FOCUSED))
        if met[-1] is None: break
        page.keyboard.press('Tab')
    assert met[-1] is None, 'the focus is caught in the view'
    met = [name for name in met if name]
    assert len([name for name in met if name.startswith('λ = ')]) >= 12, met
    assert any('Python that makes' in name for name in met), met
    tile = page.get_by_role('button', name='λ = 0.5, seed 20')
    tile.focus()
    page.keyboard.press('Enter')
    exact(page, .5)
    copy = page.get_by_role('button', name='Copy code')
    copy.focus()
    page.keyboard.press('Space')
    expect(page.locator('.discl pre')).to_have_text(re.compile('generate\\(jobs, source, store'))


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


def test_tour_begins_with_it(notebook):
    tour = nbformat.read(Path(__file__).parents[2]/'nbs/tutorials/01_tour.ipynb', 4)
    cells = [c.source for c in tour.cells if c.cell_type == 'code']
    page = notebook.open(cells[:1 + next(k for k, c in enumerate(cells) if 'explore(' in c)]).page
    exact(page, 1, 120000)
    drag(page, .3)
    lam, _ = exact(page)
    assert abs(lam - .3) < .03


def test_looks(notebook):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    page.locator('.discl select').first.select_option('bag (8)')
    page.get_by_role('button', name='bag 1').click()
    drag(page, .36)
    exact(page)
    page.wait_for_function(PAINTED, timeout=90000)
    page.mouse.move(0, 0)
    notebook.portrait('explorer')
    notebook.shot('explorer-page')
    assert notebook.cut_off() <= 0


def test_reload_and_restart(notebook):
    page = notebook.open([CELL]).page
    exact(page, 1, 120000)
    drag(page, .6)
    lam, _ = exact(page)
    notebook.command('docmanager:save')
    wait_until(lambda: 'widget-view' in (notebook.folder/f'{notebook.name}.ipynb').read_text(encoding='utf-8'), 10)
    page.goto(page.url.replace('?reset', ''))
    page.wait_for_selector(STAGE, timeout=60000)
    again, _ = exact(page, lam)
    page.wait_for_function("document.querySelector('.discl [role=slider]').ariaLabel == 'λ'", timeout=10000)
    assert notebook.nameless() == []
    assert page.evaluate("getComputedStyle(document.querySelector('.discl')).maxWidth") == '1000px', 'no style sheet'
    drag(page, .2)
    after, _ = exact(page)
    assert after != again
    page.get_by_role('menuitem', name='Kernel', exact=True).click()
    page.get_by_text('Restart Kernel…', exact=True).click()
    page.get_by_role('button', name='Confirm Kernel Restart').click()
    page.wait_for_selector('.discl.jupyter-widgets-disconnected', timeout=20000)
    said = page.evaluate("getComputedStyle(document.querySelector('.discl'), '::before').content")
    assert 'The kernel was restarted' in said and 'Run this cell again' in said
    notebook.shot('explorer-restarted')
    page.locator('#jp-main-statusbar').get_by_text('| Idle').wait_for(timeout=60000)


DARK = '''from discl.data.fashion import fashion_wild
from discl.lab.explorer import explore
wild = fashion_wild()
if 'view' in globals(): view.close()
view = explore(wild, threshold=.4, levels=(0, .5), seeds=(10,), frames=0)
facts = wild['train'].items
view.state.change(source=facts.id[(facts.hard == 'dark') & (facts.domain == facts.domain[0])].iloc[0])
view.render()
view'''
RELATIVE = '.discl button.discl-tile:not([disabled]):text-matches("^easier, same")'


def source(page):
    return pixels(page.locator('.discl figure img').first)


def test_a_dark_picture_beside_its_lighter_relatives(notebook):
    page = notebook.open([DARK]).page
    exact(page, 1, 180000)
    page.locator(RELATIVE).first.wait_for(timeout=60000)
    assert notebook.nameless() == []
    notebook.portrait('explorer-relatives')
    assert notebook.cut_off() <= 0
    dark = source(page)
    page.locator(RELATIVE).first.focus()
    page.keyboard.press('Enter')
    wait_until(lambda: source(page).mean() > dark.mean() + 5, 20)
    notebook.command('docmanager:save')
    wait_until(lambda: 'widget-view' in (notebook.folder/f'{notebook.name}.ipynb').read_text(encoding='utf-8'), 10)
    page.goto(page.url.replace('?reset', ''))
    page.locator(RELATIVE).first.wait_for(timeout=60000)
    before = source(page)
    page.locator(RELATIVE).first.click()
    wait_until(lambda: (source(page) != before).any(), 20)


def test_the_only_picture_of_its_class(notebook):
    alone = DARK.replace('explore(wild,', 'explore(wild[[*facts.id[:1], *facts.id[facts.label != facts.label[0]][:9]]],')
    lines = alone.splitlines()
    cell = '\n'.join([*lines[:3], lines[5], *lines[3:5], 'view'])
    page = notebook.open([cell]).page
    expect(page.locator('.discl .discl-note').first).to_have_text(re.compile('no other training image of'), timeout=180000)
