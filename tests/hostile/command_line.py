"Options that cannot be"
from harness import Case


def nothing(folder): return dict(out=folder/'run')


def a_file(folder):
    (folder/'run').write_text('no folder', encoding='utf-8')
    return dict(out=folder/'run')


def left_alone(made, answer): assert not made['out'].exists()


def a_circle(folder):
    (folder/'run').symlink_to(folder/'run')
    return dict(out=folder/'run')


def refused(name, options, *says):
    "`discl run` with options that are refused before anything is made"
    return Case(name, nothing, f'run --out {{out}} {options}', says=says, check=left_alone)


CASES = [
    Case('unknown command', nothing, 'dance', says=('unknown command',)),
    Case('misspelt command', nothing, 'generte', says=('did you mean generate',)),
    Case('no command', nothing, '', fails=False, says=('usage',)),
    Case('an arm without a name', nothing, 'run --curriculum none,,oversample --out {out}', says=('between two of the commas',)),
    Case('no seeds', nothing, 'experiment main --seeds 0 --out {out}', says=('at least 1',)),
    Case('few below zero', nothing, 'experiment main --few -1 --out {out}', says=('few = -1',)),
    Case('an imbalance that is none', nothing, 'experiment main --imbalance nan --out {out}', says=('nan',)),
    Case('a price that is none', nothing, 'experiment main --price nan --dry-run --out {out}', says=('price = nan',)),
    Case('misspelt grid', nothing, 'experiment mian --out {out}', says=('did you mean main',)),
    Case('misspelt preset', nothing, 'experiment main --preset fashon-lt --out {out}',
         says=('did you mean fashion-lt',)),
    Case('a store is waited for too long', nothing, 'store verify {folder} --wait nan', says=('wait = nan',)),
    Case('a grid is waited for too long', nothing, 'experiment main --wait -1 --out {out}', says=('wait = -1',)),
    Case('out is a file', a_file, 'run --out {out}', says=('not a folder',)),
    Case('out is a device', nothing, 'run --out /dev/null', says=('not a folder',)),
    Case('out is the root', nothing, 'run --out /', says=('folder of its own',)),
    Case('out is a link to itself', a_circle, 'run --out {out}', says=('run',)),
    Case('out is too long', nothing, f'run --out {{folder}}/{"a"*300}', says=('name is too long',)),
    Case('out is in a name that is no text', nothing, 'report --out {folder}/\udce9', says=('no run.json',)),
    Case('out is empty', nothing, 'run --out ""', says=('--out',)),
    Case('out is where the images are', nothing, 'run --out {folder} --data {folder}', says=('another folder',)),
    refused('batch zero', '--batch 0', 'batch = 0'),
    refused('wait below zero', '--wait -1', 'wait = -1'),
    refused('guidance NaN', '--guidance-scale nan', 'guidance_scale'),
    refused('threshold infinite', '--threshold inf', 'threshold'),
    refused('share NaN', '--share nan', 'share'),
    refused('a huge size', '--size 100000,100000', 'at most 4,096'),
    refused('no size', '--size 0,0', 'at least 8'),
    refused('three sizes', '--size 8,8,8', 'width and height'),
    refused('negative seeds', '--seeds=-1', 'seeds'),
    refused('huge trials', '--trials 99999999999999', 'trials'),
    refused('no levels', '--levels ""', 'no level'),
    refused('Arabic digits in a list', '--seeds ٣', 'numbers'),
    refused('Arabic digits', '--epochs ٣', 'epochs'),
    refused('no epochs', '--epochs 0', 'epochs = 0'),
    refused('unknown rule', '--on-conflict maybe', 'raise or drop or keep'),
]
