"Hostile inputs given to the public API: a value, a sentence, or told and skipped; never another error."
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from harness import all_cases, prove  # noqa: E402

CASES = [(name, case) for name, case in all_cases() if case.call]


@pytest.mark.parametrize('case', [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_library(case, tmp_path): prove(case, tmp_path)
