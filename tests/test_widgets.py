"""The views without a page: user actions, in any order, leave them right"""
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from discl.data.readers import image_folder
from discl.data.named import fashion_lt
from discl.spectrum.engine import Engine
from discl.data.hard import few_shot
from discl.models.generators import Settings, load_pipeline
from discl.data.prompts import fashion_prompts
from discl.spectrum.jobs import list_jobs
from discl.spectrum.generation import generate
from discl.models.clip import Clip
from discl.spectrum.scoring import Scorer
from discl.spectrum.store import Store
from discl.lab.parts import Worker
from discl.lab.explorer import ExplorerState, explore
from discl.lab.bench import FilterBenchState, filter_bench
from discl.lab.player import curriculum_player
from discl.lab.comparison import compare

QUICK = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')


@pytest.fixture(scope='module')
def pipe():
    return load_pipeline(dtype='float32')


def explorer(pipe, **options):
    return ExplorerState(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=0, **options)


def test_never_two_at_once_and_the_last_wins(pipe, monkeypatch):
    at_once, most, lock = 0, 0, threading.Lock()
    step = Engine.step

    def spy(self, groups):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try: return step(self, groups)
        finally:
            with lock: at_once -= 1
    monkeypatch.setattr(Engine, 'step', spy)
    one, two = explorer(pipe), explorer(pipe)
    for k in range(60):
        for e in (one, two): e.change(lam=.1 + .8*(k % 11)/11, seed=10 + k % 3)
        time.sleep(.005)
    for e in (one, two):
        shown = e.wait().shown()
        assert shown.exact and shown.lam == e.lam
    assert most == 1
    one.worker.close(), two.worker.close()


def test_stale_work_is_given_up(pipe, monkeypatch):
    steps, step = [], Engine.step
    monkeypatch.setattr(Engine, 'step', lambda self, groups: (steps.append(groups[0].requests[0].lam), time.sleep(.05), step(self, groups))[2])
    e = explorer(pipe, levels=(0.,), seeds=(10,))
    e.wait(everything=True)
    steps.clear()
    e.change(lam=.02)
    while not steps: time.sleep(.001)
    e.change(lam=.5).wait()
    assert steps.count(.02) < 3 and e.shown().lam == .5
    e.worker.close()


def test_any_order_of_user_actions_ends_at_the_last(pipe):
    view, rng = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=3, levels=(0, .5), seeds=(10, 20)), np.random.default_rng(0)
    actions = [lambda: setattr(view.lam, 'value', float(rng.random())), lambda: view.filmstrip.buttons[rng.integers(4)].click(), lambda: view.thumbnails.buttons[rng.integers(5)].click(),
             lambda: view.dice.click(), lambda: setattr(view.steps, 'value', int(rng.integers(2, 6))), lambda: setattr(view.class_choice, 'index', int(rng.integers(3))),
             lambda: setattr(view.prompt, 'value', f'a photo of a coat {rng.integers(3)}'), lambda: view.add_button.click(), lambda: setattr(view.play, 'value', int(rng.integers(3)))]
    for k in rng.integers(0, len(actions), 120): actions[k]()
    state = view.state.wait()
    view.render()
    assert state.shown().exact and f'data-lam="{state.lam:g}" data-exact="1"' in view.panel.value
    assert (view.lam.value, view.seed.value, view.steps.value, view.prompt.value) == (state.lam, state.seed, state.settings.steps, state.key().prompt)
    assert view.class_choice.value == state.class_of(state.source)
    state.worker.close()


def test_a_worker_that_is_closed_stops():
    worker = Worker(lambda: None, lambda task, is_stale: None)
    worker.close()
    time.sleep(.05)
    assert worker.is_stale()


def test_no_model_no_clip_no_threshold(pipe, tmp_path):
    view = explore(few_shot(fashion_lt()), model='no/such-folder', clip=None)
    view.state.wait()
    view.render()
    assert 'No model: ' in view.status.value and 'neither a folder nor a model' in view.status.value
    view.lam.value = .3
    assert 'No model: ' in view.status.value and view.lam.value == .3
    view = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=str(tmp_path), frames=0)
    for lam in (.3, .6):
        view.lam.value = lam
        view.state.wait()
        view.render()
        assert f'data-lam="{lam}" data-exact="1"' in view.panel.value and 'No similarities: ' in view.status.value
    view.close()
    view = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, levels=(0,), seeds=(10,), frames=0)  # which has no validation images
    view.state.wait(everything=True)
    view.render()
    assert 'no verdict<' in view.panel.value and 'Give explore(threshold=…)' in view.status.value
    view.close()


def test_a_source_that_cannot_be_read(pipe, tmp_path):
    train = few_shot(fashion_lt())
    for i in range(8):
        path = tmp_path/('coat' if i < 4 else 'dress')/f'{i}.png'
        path.parent.mkdir(exist_ok=True)
        train.image(i).save(path)
    images = image_folder(tmp_path)
    first, *rest = images['train'].items.path
    Path(first).write_bytes(b'half a download')
    view = explore(images, pipe=pipe, settings=QUICK, clip=None, frames=0, levels=(0,), seeds=(10,))
    assert view.state.source == images['train'].items.id[1]
    view.thumbnails.buttons[0].click()
    assert Path(first).name in view.status.value and view.state.source == images['train'].items.id[1]
    view.lam.value = .5
    assert view.state.wait().shown().exact
    view.close()
    for path in rest: Path(path).unlink()
    assert 'sources can be read' in explore(images, pipe=pipe, settings=QUICK, clip=None, frames=0).status.value


def test_a_failure_in_the_middle_of_a_drag(pipe, monkeypatch):
    view, step, fails = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=0, levels=(0,), seeds=(10,)), Engine.step, [True]
    view.state.wait(everything=True)

    def breaks(self, groups):
        if fails[0]: raise RuntimeError('CUDA error: out of luck')
        return step(self, groups)
    monkeypatch.setattr(Engine, 'step', breaks)
    for lam in (.2, .4, .6):
        view.lam.value = lam
        view.state.wait()
    view.render()
    assert 'λ = 0.6 could not be painted (CUDA error: out of luck)' in view.status.value and 'data-exact="0"' in view.panel.value and view.lam.value == .6
    fails[0] = False
    for lam in (.5, .6):  # and the slider goes on, also over the place where it failed
        view.lam.value = lam
        assert view.state.wait().shown().exact and not view.state.shown().note
    view.close()


def test_what_the_other_views_say_of_bad_input(pipe, tmp_path):
    fashion, clip = fashion_lt(), Clip()
    hard = few_shot(fashion)
    few, empty, bare = hard[hard.items.id[::9]], Store(tmp_path/'empty'), Store(tmp_path/'bare')
    jobs = list_jobs(few, fashion_prompts(), [0, .5], [10], settings=QUICK)
    generate(jobs, few, bare, settings=QUICK, pipe=pipe, bar=False)
    assert 'holds no images. Generate some first' in filter_bench(empty).status.value
    assert 'have no similarities. Score them first' in filter_bench(bare).status.value
    store = Store(tmp_path/'scored')
    generate(jobs, few, store, settings=QUICK, pipe=pipe, bar=False, scorer=Scorer(clip, few))
    view = filter_bench(store, clip)
    view.line.value = view.line.max
    assert '0 of ' in view.status.value and 'Nothing is kept of ' in view.status.value and 'lower the threshold' in view.status.value
    assert 'no kept sample at λ' in curriculum_player(fashion, hard, view.state.samples(), store).status.value
    view.close()
    assert 'No results yet' in compare(FilterBenchState(store, clip).scored.iloc[:0]).status.value


def test_an_error_that_nobody_thought_of_is_said(pipe, monkeypatch):
    view = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=0, levels=(0,), seeds=(10,))
    monkeypatch.setattr(view.state, 'code', lambda: 1/0)
    view.code_button.value = True
    assert 'That did not work (ZeroDivisionError' in view.status.value
    view.close()


def test_closing_a_view_ends_its_thread(pipe):
    view = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None)
    view.state.wait()
    view.close()
    painted = len(view.state.pictures.items)
    time.sleep(1)
    assert len(view.state.pictures.items) <= painted + 1 and view.state.next_task() is not None
