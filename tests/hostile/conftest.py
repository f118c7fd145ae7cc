import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    "No manifest of another test, and none of the user's"
    monkeypatch.setenv('DISCL_CACHE', str(tmp_path_factory.mktemp('cache')))
