"Options that cannot be"
from harness import Case


def nothing(folder): return dict(out=folder/'run')


CASES = [
    Case('unknown command', nothing, 'dance', says=('unknown command',)),
    Case('no seeds', nothing, 'experiment main --seeds 0 --out {out}', says=('at least 1',)),
]
