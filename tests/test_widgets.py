"""The views without a page: user actions, in any order, leave them right"""
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from discl.data.hard import few_shot
from discl.data.fashion import fashion_lt
from discl.data.prompts import fashion_prompts
from discl.data.readers import image_folder
from discl.data.sets import ImageSet
from discl.lab.bench import FilterBenchState, filter_bench
from discl.lab.comparison import compare
from discl.lab.explorer import ExplorerState, explore
from discl.lab.parts import ViewAssets, Worker
from discl.lab.player import curriculum_player
from discl.models.clip import Clip
from discl.models.generators import Settings, load_pipeline
from discl.spectrum.engine import Engine
from discl.spectrum.generation import generate
from discl.spectrum.jobs import list_jobs
from discl.spectrum.scoring import Scorer
from discl.spectrum.store import Store

QUICK = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')
ONE_TILE = dict(levels=(0,), seeds=(10,), frames=0)


@pytest.fixture(scope='module')
def pipe():
    return load_pipeline(dtype='float32')


def explorer(pipe, **options):
    return ExplorerState(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=0, **options)


def explorer_view(pipe, **options):
    return explore(few_shot(fashion_lt()), pipe=pipe, **dict(settings=QUICK, clip=None) | options)


def test_never_two_at_once_and_the_last_wins(pipe, monkeypatch):
    running, most = 0, 0
    lock, step = threading.Lock(), Engine.step

    def counted_step(self, groups):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try: return step(self, groups)
        finally:
            with lock: running -= 1
    monkeypatch.setattr(Engine, 'step', counted_step)
    states = [explorer(pipe), explorer(pipe)]
    for k in range(60):
        for state in states: state.change(lam=.1 + .8*(k % 11)/11, seed=10 + k % 3)
        time.sleep(.005)
    for state in states:
        shown = state.wait().shown()
        assert shown.exact and shown.lam == state.lam
        state.worker.close()
    assert most == 1


def test_stale_work_is_given_up(pipe, monkeypatch):
    levels, step = [], Engine.step

    def slow_step(self, groups):
        levels.append(groups[0].requests[0].lam)
        time.sleep(.05)
        return step(self, groups)
    monkeypatch.setattr(Engine, 'step', slow_step)
    state = explorer(pipe, levels=(0.,), seeds=(10,))
    state.wait(everything=True)
    levels.clear()
    state.change(lam=.02)
    while not levels: time.sleep(.001)
    state.change(lam=.5).wait()
    assert levels.count(.02) < 3
    assert state.shown().lam == .5
    state.worker.close()


def user_actions(view, rng):
    "Functions that each do something that a user could"
    return [
        lambda: setattr(view.lam, 'value', float(rng.random())),
        lambda: setattr(view.steps, 'value', int(rng.integers(2, 6))),
        lambda: setattr(view.class_choice, 'index', int(rng.integers(3))),
        lambda: setattr(view.prompt, 'value', f'a photo of a coat {rng.integers(3)}'),
        lambda: setattr(view.play, 'value', int(rng.integers(3))),
        lambda: view.filmstrip.buttons[rng.integers(4)].click(),
        lambda: view.thumbnails.buttons[rng.integers(5)].click(),
        lambda: view.dice.click(),
        lambda: view.add_button.click(),
    ]


def test_any_order_of_user_actions_ends_at_the_last(pipe):
    view = explorer_view(pipe, frames=3, levels=(0, .5), seeds=(10, 20))
    rng = np.random.default_rng(0)
    actions = user_actions(view, rng)
    for k in rng.integers(0, len(actions), 120): actions[k]()
    state = view.state.wait()
    view.render()
    assert state.shown().exact
    assert f'data-lam="{state.lam:g}" data-exact="1"' in view.panel.value
    assert (view.lam.value, view.seed.value) == (state.lam, state.seed)
    assert (view.steps.value, view.prompt.value) == (state.settings.steps, state.key().prompt)
    assert view.class_choice.value == state.class_of(state.source)
    view.close()


def test_a_worker_that_is_closed_stops():
    worker = Worker(lambda: None, lambda task, is_stale: None)
    worker.close()
    time.sleep(.05)
    assert worker.is_stale()


def test_style_and_script_are_files(pipe):
    view = explorer_view(pipe, **ONE_TILE)
    assets = [child for child in view.children if isinstance(child, ViewAssets)]
    assert len(assets) == 1 and '.discl ' in assets[0]._css and 'ariaLabel' in assets[0]._esm
    html = view.panel.value + view.source_picture.value + view.status.value + view.filmstrip.pictures.value
    assert 'onerror' not in html and '<script' not in html
    view.close()


def test_no_model():
    view = explore(few_shot(fashion_lt()), model='no/such-folder', clip=None)
    view.state.wait()
    view.render()
    assert 'No model: ' in view.status.value and 'neither a folder nor a model' in view.status.value
    view.lam.value = .3
    assert 'No model: ' in view.status.value and view.lam.value == .3
    view.close()


def test_no_clip(pipe, tmp_path):
    view = explorer_view(pipe, clip=str(tmp_path), frames=0)
    for lam in (.3, .6):
        view.lam.value = lam
        view.state.wait()
        view.render()
        assert f'data-lam="{lam}" data-exact="1"' in view.panel.value
        assert 'No similarities: ' in view.status.value
    view.close()


def test_no_validation_images_no_threshold(pipe):
    view = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, **ONE_TILE)
    view.state.wait(everything=True)
    view.render()
    assert 'no verdict<' in view.panel.value
    assert 'Give explore(threshold=…)' in view.status.value
    view.close()


@pytest.fixture
def image_files(tmp_path):
    "An image set of eight files, the first of which cannot be read"
    train = few_shot(fashion_lt())
    for i in range(8):
        path = tmp_path/('coat' if i < 4 else 'dress')/f'{i}.png'
        path.parent.mkdir(exist_ok=True)
        train.image(i).save(path)
    images = image_folder(tmp_path)
    images = ImageSet(images.items.sort_values(['label', 'id']), images.classes)  # thumbnails show one class
    Path(images['train'].items.path.iloc[0]).write_bytes(b'half a download')
    return images


def test_a_source_that_cannot_be_read(pipe, image_files):
    first, *others = image_files['train'].items.path
    second_source = image_files['train'].items.id.iloc[1]
    view = explore(image_files, pipe=pipe, settings=QUICK, clip=None, **ONE_TILE)
    assert view.state.source == second_source
    view.thumbnails.buttons[0].click()
    assert Path(first).name in view.status.value
    assert view.state.source == second_source
    view.lam.value = .5
    assert view.state.wait().shown().exact
    view.close()
    for path in others: Path(path).unlink()
    view = explore(image_files, pipe=pipe, settings=QUICK, clip=None, **ONE_TILE)
    assert 'sources can be read' in view.status.value


def test_a_failure_in_the_middle_of_a_drag(pipe, monkeypatch):
    view = explorer_view(pipe, **ONE_TILE)
    view.state.wait(everything=True)
    with monkeypatch.context() as broken:
        def failing_step(self, groups): raise RuntimeError('CUDA error: out of luck')
        broken.setattr(Engine, 'step', failing_step)
        for lam in (.2, .4, .6):
            view.lam.value = lam
            view.state.wait()
    view.render()
    assert 'λ = 0.6 could not be painted (CUDA error: out of luck)' in view.status.value
    assert 'data-exact="0"' in view.panel.value and view.lam.value == .6
    for lam in (.5, .6):  # and the slider goes on, also over the place where it failed
        view.lam.value = lam
        assert view.state.wait().shown().exact and not view.state.shown().note
    view.close()


def test_what_the_other_views_say_of_bad_input(pipe, tmp_path):
    fashion, clip = fashion_lt(), Clip()
    hard = few_shot(fashion)
    few = hard[hard.items.id[::9]]
    jobs = list_jobs(few, fashion_prompts(), [0, .5], [10], settings=QUICK)
    assert 'holds no images. Generate some first' in filter_bench(Store(tmp_path/'empty')).status.value
    unscored = Store(tmp_path/'unscored')
    generate(jobs, few, unscored, settings=QUICK, pipe=pipe, bar=False)
    assert 'have no similarities. Score them first' in filter_bench(unscored).status.value
    store = Store(tmp_path/'scored')
    generate(jobs, few, store, settings=QUICK, pipe=pipe, bar=False, scorer=Scorer(clip, few))
    view = filter_bench(store, clip)
    view.line.value = view.line.max
    for words in ('0 of ', 'Nothing is kept of ', 'lower the threshold'): assert words in view.status.value
    assert 'no kept sample at λ' in curriculum_player(fashion, hard, view.state.samples(), store).status.value
    view.close()
    assert 'No results yet' in compare(FilterBenchState(store, clip).scored.iloc[:0]).status.value


def test_an_error_that_nobody_thought_of_is_said(pipe, monkeypatch):
    view = explorer_view(pipe, **ONE_TILE)
    monkeypatch.setattr(view.state, 'code', lambda: 1/0)
    view.code_button.value = True
    assert 'That did not work (ZeroDivisionError' in view.status.value
    view.close()


def test_closing_a_view_ends_its_thread(pipe):
    view = explorer_view(pipe)
    view.state.wait()
    view.close()
    painted = len(view.state.pictures.items)
    time.sleep(1)
    assert len(view.state.pictures.items) <= painted + 1
    assert view.state.next_task() is not None
