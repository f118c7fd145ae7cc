"What README and the committed results say is the same"
from pathlib import Path

import pandas as pd
import pytest

from discl.evaluate import summary
from discl.experiments import COLUMNS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(not (ROOT/'README.md').exists(), reason='not a checkout')
def test_readme_has_the_committed_demo():
    results = pd.read_csv(ROOT/'nbs/paper/results/demo.csv')
    assert list(results) == COLUMNS and results.seed.nunique() >= 3
    page = (ROOT/'README.md').read_text()
    for (method, curriculum), row in summary(results, {'oversampled': ('CE', 'oversample')}).iterrows():
        cells = [method, curriculum, row.many, row.medium, row.few, row.overall, row['few, over oversampled']]
        assert f'| {" | ".join(cells)} |' in page, cells
