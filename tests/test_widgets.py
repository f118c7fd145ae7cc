"""The views' state without a page: what a hand can do to them, in any order, leaves them right"""
import threading
import time

import numpy as np
import pytest
from discl.data import fashion_lt
from discl.engine import Engine
from discl.hard import few_shot
from discl.models import Settings, load_pipeline
from discl.widgets import Explorer, Worker, explore

QUICK = Settings(steps=4, guidance_scale=2., size=(32, 32), dtype='float32')


@pytest.fixture(scope='module')
def pipe():
    return load_pipeline(dtype='float32')


def explorer(pipe, **options):
    return Explorer(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=0, **options)


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
        for e in (one, two): e.set(lam=.1 + .8*(k % 11)/11, seed=10 + k % 3)
        time.sleep(.005)
    for e in (one, two):
        seen = e.wait().now()
        assert seen.exact and seen.lam == e.lam
    assert most == 1
    one.worker.close(), two.worker.close()


def test_stale_work_is_given_up(pipe, monkeypatch):
    steps, step = [], Engine.step
    monkeypatch.setattr(Engine, 'step', lambda self, groups: (steps.append(groups[0].requests[0].lam), time.sleep(.05), step(self, groups))[2])
    e = explorer(pipe, levels=(0.,), seeds=(10,))
    e.wait(all=True)
    steps.clear()
    e.set(lam=.02)
    while not steps: time.sleep(.001)
    e.set(lam=.5).wait()
    assert steps.count(.02) < 3 and e.now().lam == .5
    e.worker.close()


def test_any_order_of_hands_ends_where_the_hand_is(pipe):
    view, rng = explore(few_shot(fashion_lt()), pipe=pipe, settings=QUICK, clip=None, frames=3, levels=(0, .5), seeds=(10, 20)), np.random.default_rng(0)
    hands = [lambda: setattr(view.lam, 'value', float(rng.random())), lambda: view.film.buttons[rng.integers(4)].click(), lambda: view.thumbs.buttons[rng.integers(5)].click(),
             lambda: view.dice.click(), lambda: setattr(view.steps, 'value', int(rng.integers(2, 6))), lambda: setattr(view.name, 'index', int(rng.integers(3))),
             lambda: setattr(view.prompt, 'value', f'a photo of a coat {rng.integers(3)}'), lambda: view.keep.click(), lambda: setattr(view.play, 'value', int(rng.integers(3)))]
    for k in rng.integers(0, len(hands), 120): hands[k]()
    state = view.state.wait()
    view.render()
    assert state.now().exact and f'data-lam="{state.lam:g}" data-exact="1"' in view.panel.value
    assert (view.lam.value, view.seed.value, view.steps.value, view.prompt.value) == (state.lam, state.seed, state.settings.steps, state.look().prompt)
    assert view.name.value == state.name(state.source)
    state.worker.close()


def test_a_worker_that_is_closed_stops():
    worker = Worker(lambda: None, lambda what, stale: None)
    worker.close()
    time.sleep(.05)
    assert worker.stale()
