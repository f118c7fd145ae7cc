"""A report in a browser: nothing that others wrote is executed, and a forgotten tag meets the page's policy"""
import pandas as pd
from markupsafe import Markup

from discl.report.page import html_page, html_table

FLAG = 'window.executed = true'
PAYLOADS = (f'<script>{FLAG}</script>', f'<img src=x onerror="{FLAG}">', f'"><svg onload="{FLAG}">',
            f'</style></title><script>{FLAG}</script>', f"' onmouseover='{FLAG}", '{{ 7*7 }}',
            f'<iframe srcdoc="<script>parent.{FLAG}</script>"></iframe>', f'<a href="javascript:{FLAG}">x</a>')


def opened(browser, tmp_path, page):
    "A tab that shows a page, and what it asked the network for beyond what the policy stopped"
    (tmp_path/'report.html').write_text(page, encoding='utf-8')
    tab, asked, stopped = browser.new_page(), [], []
    tab.on('request', lambda request: asked.append(request.url))
    tab.on('requestfailed', lambda request: stopped.append(request.url) if request.failure == 'csp' else None)
    tab.goto((tmp_path/'report.html').as_uri())
    return tab, [url for url in asked if not url.startswith(('file:', 'data:')) and url not in stopped]


def test_texts_are_only_texts(browser, tmp_path):
    parts = [(text, [text, html_table(pd.DataFrame({text: [text]}), text, text)]) for text in PAYLOADS]
    tab, asked = opened(browser, tmp_path, html_page(PAYLOADS[0], parts))
    assert tab.evaluate('window.executed') is None and not asked
    assert tab.locator('script, svg, iframe, img, a').count() == 0
    assert tab.locator('h2').all_inner_texts() == list(PAYLOADS) and tab.title() == PAYLOADS[0]
    tab.close()


def test_policy_stops_a_forgotten_tag(browser, tmp_path):
    "Even where a text was taken for HTML by mistake, nothing runs and nothing is fetched"
    outside = '<img src="http://127.0.0.1:9/x.png"><link rel="stylesheet" href="http://127.0.0.1:9/x.css">'
    parts = [('forgotten', Markup(text)) for text in (*PAYLOADS, outside)]
    tab, asked = opened(browser, tmp_path, html_page('page', parts))
    assert tab.locator('script').count() >= 1 # it is there
    link = tab.locator('a').first
    link.click()
    assert tab.evaluate('window.executed') is None # and did not run
    assert not asked
    tab.close()


def test_without_policy_it_would_run(browser, tmp_path):
    "The test above sees a script that runs"
    tab, asked = opened(browser, tmp_path, f'<script>{FLAG}</script><img src="http://127.0.0.1:9/x.png">')
    assert tab.evaluate('window.executed') is True and asked
    tab.close()
