"""JupyterLab on a free port with a throwaway token, and headless Chromium that drives it"""
import base64
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from PIL import Image

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run']


def pytest_collection_modifyitems(items):
    try: import playwright.sync_api  # noqa: F401
    except ImportError: why = 'playwright is not installed (pip install -e ".[dev]")'
    else: why = None if CHROMIUM else 'no chromium found (apt-get install chromium)'
    for item in items:
        if why and Path(__file__).parent in Path(item.fspath).parents: item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope='session')
def artefacts(tmp_path_factory):
    "Where screenshots go: DISCL_ARTEFACTS, or a temporary folder"
    folder = Path(os.environ.get('DISCL_ARTEFACTS') or tmp_path_factory.mktemp('screenshots')).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope='session')
def browser():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()


def write_settings(folder):
    "A JupyterLab that asks nobody for news and saves only when told to"
    settings = {'apputils-extension/notification': dict(fetchNews='false', checkForUpdates=False),
                'docmanager-extension/plugin': dict(autosave=False)}
    for name, options in settings.items():
        path = folder/f'{name}.jupyterlab-settings'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(options), encoding='utf-8')


def lab_environment(home):
    "The environment of a JupyterLab that keeps everything under a folder"
    folders = dict(JUPYTER_CONFIG_DIR='config', JUPYTER_DATA_DIR='data', JUPYTER_RUNTIME_DIR='run')
    paths = {name: str(home/folder) for name, folder in folders.items()}
    return {**os.environ, **paths, 'IPYTHONDIR': str(home/'ipython'), 'HF_HUB_OFFLINE': '1'}


def lab_command(port, token, folder):
    "The command that starts it"
    return [sys.executable, '-m', 'jupyter', 'lab', '--no-browser', '--allow-root', '--ip=127.0.0.1',
            f'--port={port}', '--ServerApp.port_retries=0', f'--IdentityProvider.token={token}',
            f'--ServerApp.root_dir={folder}', '--LabApp.extension_manager=readonly',
            '--LabApp.expose_app_in_browser=True']


@pytest.fixture(scope='session')
def lab(tmp_path_factory):
    "A running JupyterLab: (address, token, folder that it serves)"
    folder, home = tmp_path_factory.mktemp('notebooks'), tmp_path_factory.mktemp('home')
    token = secrets.token_hex(16)
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    write_settings(home/'config/lab/user-settings/@jupyterlab')
    log = open(home/'lab.log', 'w', encoding='utf-8')
    server = subprocess.Popen(lab_command(port, token, folder), env=lab_environment(home), stdout=log, stderr=log)
    address = f'http://127.0.0.1:{port}'
    try:
        for _ in range(240):
            try: urllib.request.urlopen(f'{address}/api?token={token}', timeout=2); break
            except OSError: time.sleep(.25)
            assert server.poll() is None, (home/'lab.log').read_text(encoding='utf-8')
        yield address, token, folder
    finally:
        server.terminate()
        try: server.wait(20)
        except subprocess.TimeoutExpired: server.kill()


def wait_until(done, seconds):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f'not within {seconds} s'
        time.sleep(.1)


class Jupyter:
    "What the server says and does, by its REST API"
    def __init__(self, address, token): self.address, self.token = address, token

    def __call__(self, what, method='GET'):
        headers = {'Authorization': f'token {self.token}'}
        request = urllib.request.Request(f'{self.address}/api/{what}', method=method, headers=headers)
        answer = urllib.request.urlopen(request, timeout=20).read()
        return json.loads(answer) if answer else None

    def shut_down(self):
        "End every kernel; -> MB that they held"
        ids = [session['kernel']['id'] for session in self('sessions')]
        commands = {p: ' '.join(p.info['cmdline'] or ()) for p in psutil.process_iter(['cmdline'])}
        kernels = [p for p, command in commands.items() if any(i in command for i in ids)]
        held = sum(p.memory_info().rss for p in kernels)
        for session in self('sessions'): self(f'sessions/{session["id"]}', 'DELETE')
        assert self('kernels') == [] and not psutil.wait_procs(kernels, 20)[1], 'a kernel lingers'
        return held/2**20


class Notebook:
    "A notebook in JupyterLab, as a person has it before them"
    def __init__(self, page, lab, artefacts, name):
        self.page, (self.address, self.token, self.folder), self.artefacts, self.name = page, lab, artefacts, name
        self.jupyter = Jupyter(self.address, self.token)

    def open(self, cells, theme='JupyterLab Light'):
        "Write the cells, open them and run all; a kernel that the notebook has already goes on with what it knows"
        kernelspec = dict(name='python3', display_name='python3', language='python')
        cells = [nbformat.v4.new_code_cell(c) for c in cells]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=dict(kernelspec=kernelspec))
        nbformat.write(notebook, self.folder/f'{self.name}.ipynb')
        self.page.goto(f'{self.address}/lab/tree/{self.name}.ipynb?reset&token={self.token}')
        self.page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=60000)
        self.page.locator('#jp-main-statusbar').get_by_text('| Idle').wait_for(timeout=60000)
        self.theme(theme)
        self.command('application:toggle-left-area')
        self.run()
        return self

    def command(self, name, **options):
        run = '([name, options]) => window.jupyterapp.commands.execute(name, options)'
        self.page.evaluate(run, [name, options])

    def theme(self, name):
        self.command('apputils:change-theme', theme=name)
        self.page.wait_for_function('name => document.body.dataset.jpThemeName == name', arg=name)

    def run(self):
        "Run all cells, from the menu"
        self.page.get_by_role('menuitem', name='Run', exact=True).click()
        self.page.get_by_text('Run All Cells', exact=True).click()

    def shot(self, name):
        "The page as it is"
        self.page.screenshot(path=self.artefacts/f'{name}.png')

    def portrait(self, name):
        "The view alone, whole, in the light theme and in the dark one"
        size = self.page.viewport_size
        self.page.set_viewport_size(dict(width=1280, height=1500))
        for theme in ('Dark', 'Light'):
            self.theme(f'JupyterLab {theme}')
            self.page.wait_for_timeout(400)
            self.page.locator('.discl').last.screenshot(path=self.artefacts/f'{name}-{theme.lower()}.png')
        self.page.set_viewport_size(size)

    def cut_off(self):
        "Pixels of the view that are out of reach at 2× zoom, which leaves half of 1280 × 800"
        size = self.page.viewport_size
        self.page.set_viewport_size(dict(width=640, height=400))
        self.page.wait_for_timeout(300)
        wide = self.page.evaluate("""() => {
            const room = document.querySelector('.jp-Notebook').clientWidth;
            return Math.max(...[...document.querySelectorAll('.discl')].map(view => view.scrollWidth - room));
        }""")
        self.page.set_viewport_size(size)
        return wide

    def nameless(self):
        """What has no name for a screen reader, as Chromium computes it: of all pictures of the last view, and all
        that can be reached in it by keyboard"""
        tools = self.page.context.new_cdp_session(self.page)
        last = dict(expression="[...document.querySelectorAll('.discl')].at(-1)")
        view = tools.send('Runtime.evaluate', last)['result']['objectId']
        nodes = tools.send('Accessibility.queryAXTree', dict(objectId=view))['nodes']

        def value(node, field): return node.get(field, {}).get('value')

        def is_focusable(node):
            return any(p['name'] == 'focusable' and p['value']['value'] for p in node.get('properties', []))

        def needs_name(node): return not node['ignored'] and (is_focusable(node) or value(node, 'role') == 'image')

        def has_name(node): return bool((value(node, 'name') or '').strip())
        return [(value(n, 'role'), value(n, 'value')) for n in nodes if needs_name(n) and not has_name(n)]


@pytest.fixture(scope='module')
def kernel(lab, request):
    "The name under which a module's tests open their notebook: one kernel for all of them, ended with the last"
    yield request.module.__name__.removeprefix('test_')
    held = Jupyter(*lab[:2]).shut_down()
    request.config.stash.setdefault(HELD, []).append(f'{request.module.__name__}: kernel ended, {held:.0f} MB freed')


HELD = pytest.StashKey()


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(HELD, []): terminalreporter.write_line(line)


@pytest.fixture
def notebook(browser, lab, artefacts, kernel, request):
    "A page of 1280 × 800 with the module's notebook"
    page = browser.new_context(viewport=dict(width=1280, height=800)).new_page()
    yield Notebook(page, lab, artefacts, kernel)
    page.screenshot(path=artefacts/f'end-{request.node.name}.png')
    page.context.close()


def pixels(locator):
    "uint8 array of an <img> with a data: address"
    data = locator.get_attribute('src').split(',', 1)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert('RGB'))
