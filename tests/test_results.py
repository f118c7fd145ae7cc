"What README and the committed results say is the same"
from pathlib import Path

import pandas as pd
import pytest

from discl.report.intervals import interval, paired, summary
from discl.runs.run import RESULT_COLUMNS
from discl.runs.grids import MAIN
from discl.train.arms import parse_arm

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_the_committed_demo():
    results = pd.read_csv(ROOT/'nbs/paper/results/demo.csv')
    assert tuple(results) == RESULT_COLUMNS[:len(results.columns)] and results.seed.nunique() >= 3
    page = (ROOT/'README.md').read_text(encoding='utf-8')
    for (method, curriculum), row in summary(results, {'oversampled': ('CE', 'oversample')}).iterrows():
        cells = [method, curriculum, row.many, row.medium, row.few, row.overall, row['few, over oversampled']]
        assert f'| {" | ".join(cells)} |' in page, cells


def said(values):
    "An interval as README writes it: gain [low, high]"
    found = interval(values)
    return f"{found['mean']:.1f} points", f"[{found['low']:.1f}, {found['high']:.1f}]"


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_what_the_tables_found():
    results, page = pd.read_csv(ROOT/'nbs/paper/results/tables-1-3.csv'), (ROOT/'README.md').read_text(encoding='utf-8')
    for data in results.data.unique():
        for arm in map(parse_arm, MAIN):
            seeds = results[(results.data == data) & (results.method == arm.method) & (results.curriculum == arm.curriculum)]
            assert seeds.seed.nunique() >= 10 and seeds.steps.nunique() == 1
    gain = paired(results[results.data == 'fashion-lt:100'], ('CE', 'diverse-to-specific'), ('CE', 'oversample'), 'few')
    for words in said(gain): assert words in page, words


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_what_our_ideas_gain():
    results, page = pd.read_csv(ROOT/'nbs/paper/results/confirm.csv'), (ROOT/'README.md').read_text(encoding='utf-8')
    assert results.groupby('setting').seed.nunique().eq(10).all() and not results.duplicated(['setting', 'seed']).any()
    by_setting = {setting: rows.set_index('seed').overall for setting, rows in results.groupby('setting')}
    idea = 'adaptive by gradient and prior that follows the list'
    for words in said(by_setting[idea] - by_setting['as the preset']): assert words in page, words
