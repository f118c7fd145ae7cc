"""From slider to picture in the browser: `python benchmarks/latency.py`

JupyterLab in headless Chromium, a kernel of its own, and the λ slider moved by the arrow keys. Timed in the page itself, from the slider's own change to
the new picture in the document: once for a λ that is painted already, once for a fresh one. Beside it, the library's `paint` of the same λ in this process,
with as many threads and the same model. Also the frames of the page while the slider moves: the longest, and how many took over 100 ms. All of it at the
embedded model's own number of steps, and at the 50 of the paper, where painting takes longer and the browser does not. Last line: fresh λ over the library
call, at the model's own steps."""
import statistics
import sys
import time
import warnings
from pathlib import Path

import pytest

warnings.filterwarnings('ignore')
sys.path.insert(0, str(Path(__file__).parent.parent/'tests/e2e'))

CELL = '''from discl.data import fashion_lt
from discl.data.hard import few_shot
from discl.models.generators import settings_of
from discl.lab.explorer import explore
explore(few_shot(fashion_lt()), settings=settings_of('embedded', steps={}), threshold=.6, levels=(0., 1.), seeds=(10,), frames=0)'''

ECHO = '''import ipywidgets as w
slider, text = w.FloatSlider(value=.5, min=0, max=1, step=.01, description='λ', readout_format='.2f'), w.HTML()
slider.observe(lambda c: setattr(text, 'value', f'<div class="discl-stage" data-exact="1" data-lam="{c["new"]:g}"></div>'), 'value')
box = w.VBox([slider, text])
box.add_class('discl')
box'''

WATCH = '''() => {
  window.turns = []; window.frames = []; window.asked = null; let last = performance.now();
  const frame = t => { window.frames.push(t - last); last = t; requestAnimationFrame(frame) }; requestAnimationFrame(frame);
  const slider = [...document.querySelectorAll('.widget-slider')].find(s => s.innerText.includes('λ'));
  const shown = slider.querySelector('.widget-readout');
  new MutationObserver(() => { window.asked = {at: performance.now(), lam: parseFloat(shown.innerText)} }).observe(shown, {childList: true, characterData: true, subtree: true});
  new MutationObserver(() => {
    const stage = document.querySelector('.discl-stage');
    if (!window.asked || !stage) return;
    if (stage.dataset.exact == '1' && parseFloat(stage.dataset.lam) == window.asked.lam) { window.turns.push([window.asked.lam, performance.now() - window.asked.at]); window.asked = null }
  }).observe(document.querySelector('.discl'), {childList: true, subtree: true});
}'''


def library(steps): # of a full run; None: the model's own
    "-> function: λ -> seconds of the library's call"
    from discl.data.fashion import fashion_lt
    from discl.spectrum.guidance import noise_of, paint
    from discl.spectrum.jobs import noise_seed
    from discl.data.hard import few_shot
    from discl.models.generators import load_pipeline, settings_of
    from discl.data.prompts import fashion_prompts, pick_prompt
    hard, pipe, settings = few_shot(fashion_lt()), load_pipeline(), settings_of('embedded', steps=steps)
    source = hard.items.id[0]
    prompt = pick_prompt(fashion_prompts(), hard.classes[hard.labels[0]], source, 10)

    def seconds(lam):
        start = time.perf_counter()
        paint(pipe, [hard.image(0)], [prompt], lam, [noise_of(noise_seed(source, 10))], settings)
        return time.perf_counter() - start
    seconds(.5), seconds(.5)
    return seconds


def mover(page):
    "-> function that presses a key n times, each after the last was answered: ([(λ, milliseconds)], milliseconds of each frame)"
    page.wait_for_selector('.widget-slider .noUi-handle', timeout=120000)
    page.wait_for_timeout(2000)
    page.locator('.widget-slider', has_text='λ').locator('.noUi-handle').focus()
    page.evaluate(WATCH)

    def move(key, n, after=lambda lam: None):
        page.evaluate('window.turns = []; window.frames = []')
        for k in range(n):
            page.keyboard.press(key)
            page.wait_for_function(f'window.turns.length > {k}', timeout=20000)
            after(page.evaluate(f'window.turns[{k}][0]'))
            page.wait_for_timeout(150)
        return page.evaluate('window.turns'), page.evaluate('window.frames.slice(2)')
    return move


def of_frames(frames): # milliseconds of each
    return f'longest of {len(frames)} frames {max(frames):.0f} ms, {sum(f > 100 for f in frames)} over 100 ms'


def times(turns): # from `mover`
    return f'{statistics.median(ms for _, ms in turns):6.0f} ms median, {max(ms for _, ms in turns):.0f} ms longest'


def test_latency(notebook, record_property):
    say = lambda line: record_property('line', line)
    move = mover(notebook.open([ECHO]).page)
    move('ArrowLeft', 5)
    echo, still = move('ArrowLeft', 30)
    echo = statistics.median(ms for _, ms in echo)
    say(f'Jupyter:     {echo:6.0f} ms median for a slider that only sets a text: what no widget can be faster than; {of_frames(still)}')
    for steps in (50, None):
        page = notebook.open([CELL.format(steps)]).page
        page.wait_for_selector('.discl-stage[data-exact="1"]', timeout=120000)
        move = mover(page)
        move('PageDown', 3)  # into the middle; also warms everything up
        move('ArrowLeft', 5)
        alone, call = {}, library(steps)
        fresh, slow = move('ArrowLeft', 30, lambda lam: alone.update({lam: call(lam)}))  # in turns, so that both meet the same machine
        ready, quick = move('ArrowRight', 30)
        say(f'{steps or "its own"} steps: {len(fresh)} fresh λ from {fresh[0][0]:g} to {fresh[-1][0]:g}, and back over {len(ready)} that were ready')
        say(f'precomputed: {times(ready)}; {of_frames(quick)}')
        say(f'fresh:       {times(fresh)}; {of_frames(slow)}')
        say(f'library:     {statistics.median(alone.values())*1000:6.0f} ms median')
        say(f'ratio to the library call and Jupyter together: {statistics.median(ms/(alone[lam]*1000 + echo) for lam, ms in fresh):.2f}; to the library call:')
        say(f'latency: ratio {statistics.median(ms/1000/alone[lam] for lam, ms in fresh):.2f}')


class Lines:
    "What the measurement says, to be printed after what pytest says"
    def __init__(self): self.said = []
    def pytest_runtest_logreport(self, report): self.said += [line for _, line in report.user_properties if report.when == 'call']


if __name__ == '__main__':
    lines = Lines()
    code = pytest.main(['-q', '-p', 'no:cacheprovider', '--confcutdir=/', '-p', 'conftest', __file__], plugins=[lines])
    print(*lines.said, sep='\n')
    sys.exit(code)
