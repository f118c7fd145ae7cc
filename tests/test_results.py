"What README and the committed results say is the same"
from pathlib import Path

import pandas as pd
import pytest

from discl.report.intervals import interval, paired, summary
from discl.runs.recipe import RESULT_COLUMNS, arm_parts
from discl.runs.grids import MAIN

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_the_committed_demo():
    results = pd.read_csv(ROOT/'nbs/paper/results/demo.csv')
    assert list(results) == RESULT_COLUMNS and results.seed.nunique() >= 3
    page = (ROOT/'README.md').read_text()
    for (method, curriculum), row in summary(results, {'oversampled': ('CE', 'oversample')}).iterrows():
        cells = [method, curriculum, row.many, row.medium, row.few, row.overall, row['few, over oversampled']]
        assert f'| {" | ".join(cells)} |' in page, cells


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_the_committed_tables():
    results, page = pd.read_csv(ROOT/'nbs/paper/results/tables-1-3.csv'), (ROOT/'README.md').read_text()
    for data in results.data.unique():
        own = results[results.data == data]
        for arm in map(arm_parts, MAIN):
            mean = own[(own.method == arm[0]) & (own.curriculum == arm[1])]
            assert mean.seed.nunique() >= 10 and mean.steps.nunique() == 1
            gains = [interval(paired(own, arm, ('CE', 'oversample'), m)) for m in ('few', 'overall')]
            cells = [data.split(':')[1], *arm, f'{mean.few.mean():.1f}', f'{mean.overall.mean():.1f}',
                     *('–' if arm == ('CE', 'oversample') else f"{g['mean']:+.1f} [{g['low']:+.1f}, {g['high']:+.1f}]" for g in gains)]
            assert f'| {" | ".join(cells)} |' in page, cells


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_what_the_choice_gained():
    results, page = pd.read_csv(ROOT/'nbs/paper/results/confirm.csv'), (ROOT/'README.md').read_text()
    assert results.groupby('setting').seed.nunique().eq(10).all() and not results.duplicated(['setting', 'seed']).any()
    at = lambda setting, m: results[results.setting == setting].set_index('seed')[m]
    said = lambda v: f"{v['mean']:+.1f} [{v['low']:+.1f}, {v['high']:+.1f}]"
    for setting, own in results.groupby('setting'):
        gains = ['–']*2 if setting == 'as the preset' else [said(interval(at(setting, m) - at('as the preset', m))) for m in ('few', 'overall')]
        cells = [str(own.steps.iloc[0]), f'{own.few.mean():.1f}', f'{own.overall.mean():.1f}', *gains]
        assert f'| {" | ".join(cells)} |' in page, (setting, cells)
