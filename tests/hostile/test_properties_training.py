"Whatever is given as an arm or a number: a value that is right, or one sentence"
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from discl.core.basics import DisclError
from discl.curriculum import list_size, strategy_of
from discl.train.arms import ADDITIONS, parse_arm
from discl.train.losses import LOSSES

FEW = settings(deadline=None, max_examples=60)
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9))


def answer(function, *given):
    "A value, or None where a sentence was said"
    try: return function(*given)
    except DisclError as error: assert '\n' not in str(error) and len(str(error)) < 600


@FEW
@given(st.one_of(st.text(), st.text('BSCEnoe+/:@.,-03 '), ANYTHING))
def test_any_arm(text):
    arm = answer(parse_arm, text)
    if arm is not None: assert parse_arm(str(arm)) == arm


@FEW
@given(st.sampled_from([name for name, kind in LOSSES.items() if kind.trains]), st.sets(st.sampled_from([a for a in ADDITIONS if a != 'cutmix'])),
       st.integers(0, 999))
def test_every_arm_comes_back(loss, additions, level):
    text = '+'.join([loss, *additions]) + f'/fixed:{level/1000}'
    arm = parse_arm(text)
    assert (arm.loss, set(arm.extras), arm.lam) == (loss, additions, level/1000)
    assert parse_arm(str(arm)) == arm


@FEW
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_list_size(nontail, tail, r, p):
    size = answer(list_size, nontail, tail, r, p)
    if size is not None: assert size[0] <= nontail and size[1] >= 2*tail and all(map(math.isfinite, size))


@FEW
@given(st.sampled_from(['none', 'random', 'all-level', 'fixed:0.3']), st.one_of(ANYTHING, st.lists(ANYTHING)),
       st.one_of(ANYTHING, st.integers(1, 9)), st.one_of(ANYTHING, st.integers(0, 9)), ANYTHING)
def test_any_strategy(name, levels, epochs, curriculum_epochs, seed):
    strategy = answer(strategy_of, name, levels, epochs, curriculum_epochs, seed)
    if strategy is not None: assert 0 <= strategy.curriculum_epochs <= strategy.epochs and strategy.stage(0) is not None
