"Tables of images, and names of data, that are not what they should be"
from discl.data import ImageSet, label_numbers, open_data
from harness import Case, photo

NAMES = [f'{kind}{k}' for kind in ('cat', 'dog') for k in range(8)]
ROWS = [f'{name}.png,{name[:3]}' for name in NAMES]


def table(*lines, encoding='utf-8', end='\n', name='t.csv'):
    "A table beside sixteen pictures"
    def make(folder):
        for seed, of_picture in enumerate(NAMES): photo(seed + 300).save(folder/f'{of_picture}.png')
        (folder/name).write_bytes(end.join(lines).encode(encoding))
        return dict(data=folder/name)
    return make


def good(title, *lines, says=(), n=16, classes=('cat', 'dog'), options=None, **of_table):
    "A table that is read"
    def check(made, answer):
        assert answer.value.classes == list(classes), answer.value.classes
        assert len(answer.value) == n and answer.value.items.id.is_unique
    return Case(title, table(*lines, **of_table), call=lambda made: open_data(made['data'], **(options or {})), fails=False, says=says, check=check)


def bad(title, says, *lines, **of_table):
    "A table that is refused"
    return Case(title, table(*lines, **of_table), call=lambda made: open_data(made['data']), says=(says,))


def named(what, says): return Case(f'data named {what[:40]!r}', lambda folder: {}, call=lambda made: open_data(what), says=(says,))


def other(rows, old, new): return [row.replace(old, new, 1) if row.startswith('cat0.') else row for row in rows]


def outside(folder):
    made = table('path,label', *[f'../{folder.name}/{row}' for row in ROWS])(folder)
    return made


HEAD = 'path,label'
CASES = [
    good('rows that end in commas', HEAD, *[row + ',,' for row in ROWS]),
    good('header and rows that end in commas', HEAD + ',', *[row + ',' for row in ROWS]),
    good("Excel's line sep=;", 'sep=;', 'path;label', *[row.replace(',', ';') for row in ROWS]),
    bad('splits in a column subset', 'the column subset says', HEAD + ',subset', *[row + ',train' for row in ROWS]),
    bad('splits in a column is_train', 'the column is_train says', HEAD + ',is_train', *[row + ',1' for row in ROWS[1:]], ROWS[0] + ',0'),
    bad('a failed formula', 'failed formula', HEAD, *other(ROWS, ',cat', ',#N/A')),
    good('a byte-order mark', '\ufeff' + HEAD, *ROWS),
    good('lines of Windows', HEAD, *ROWS, end='\r\n'),
    good('lines of old Macs', HEAD, *ROWS, end='\r'),
    good('semicolons', 'path;label', *[row.replace(',', ';') for row in ROWS]),
    good('tabs', 'path\tlabel', *[row.replace(',', '\t') for row in ROWS]),
    good('a header in capitals and blanks', ' Path , LABEL', *ROWS),
    good('backslashes', HEAD, *['.\\' + row for row in ROWS]),
    good('splits in other words', HEAD + ',split', *[f'{row},{split}' for row, split in zip(ROWS, ['Train', 'dev', 'TEST', 'training']*4)]),
    good('a blank after a label', HEAD, *other(ROWS, 'cat\n', ''), ' cat1.png , cat ', says=('copies of another',)),
    good('a label that ends in an unbreakable blank', HEAD, *[row + '\u00a0' for row in ROWS], classes=('cat', 'dog')),
    good('labels that look alike', HEAD, *[row.replace(',cat', ',Cat' if 'cat0' in row or 'cat1' in row or 'cat2' in row else ',cat')
                                          for row in ROWS], classes=('Cat', 'cat', 'dog'), says=('look alike',)),
    good('labels that pandas takes for missing', HEAD, *[row.replace(',cat', ',NA').replace(',dog', ',nan') for row in ROWS], classes=('NA', 'nan')),
    good('labels that are numbers', HEAD, *[row.replace(',cat', ',00').replace(',dog', ',0') for row in ROWS], classes=('0', '00'), says=('look alike',)),
    good('a row twice', HEAD, *ROWS, ROWS[0], says=('1 images are copies',)),
    good('one path with two labels, dropped', HEAD, *ROWS, 'cat0.png,dog', options=dict(on_conflict='drop'), n=15),
    good('missing files skipped', HEAD, *ROWS, 'gone.png,cat', options=dict(on_bad='skip'), says=('left out 1 of 17', 'gone.png')),
    Case('paths that lead outside and back', outside, call=lambda made: len(open_data(made['data'])), fails=False),
    bad('one path with two labels', '1 pictures are in two classes', HEAD, *ROWS, 'cat0.png,dog'),
    bad('one path in two splits', 'the same image in two splits', HEAD + ',split', *[row + ',train' for row in ROWS], 'cat0.png,cat,test'),
    bad('a missing file', 'gone.png', HEAD, *ROWS, 'gone.png,cat'),
    bad('a path that is a folder', '1 of 17 images cannot be read', HEAD, *ROWS, '.,cat'),
    bad('a path far too long', '1 of 17 images cannot be read', HEAD, *ROWS, f'{"x"*5000}.png,cat'),
    bad('an address', 'row 18 is an address', HEAD, *ROWS, 'https://example.org/a.png,cat'),
    bad('UTF-16', 'UTF-16', HEAD, *ROWS, encoding='utf-16'),
    bad('Latin-1', 'line 18 is not UTF-8', HEAD, *ROWS, 'é.png,cat', encoding='latin-1'),
    bad('NUL bytes', 'NUL bytes', HEAD, *ROWS, 'a\0.png,cat'),
    bad('a hundred thousand columns', '100002 columns', HEAD + ','*100_000, *ROWS),
    bad('a row with a hundred thousand cells', 'more cells than the header', HEAD, ROWS[0] + ',x'*100_000),
    bad('a cell of a million characters', 'not a row of a CSV', HEAD, 'x'*1_000_000 + ',cat'),
    bad('columns of one name', '2 columns are named label', HEAD + ',Label', *[row + ',x' for row in ROWS]),
    bad('no column label', 'needs columns path and label, has file, class', 'file,class', *ROWS),
    bad('empty', 'it is empty', ''),
    bad('only blank lines', 'it is empty', '', ' ', ''),
    bad('only a header', 'a header and no rows', HEAD),
    bad('an empty label', 'row 2 has no label', HEAD, 'cat0.png, ', *ROWS),
    bad('an empty path', 'row 2 has no path', HEAD, ',cat', *ROWS),
    bad('an unknown split', "unknown split 'holdout'", HEAD + ',split', *[row + ',holdout' for row in ROWS]),
    bad('one class', 'a classifier needs two', HEAD, *ROWS[:8]),
    bad('a quote that is never closed', 'not a row of a CSV', HEAD, *ROWS, '"cat0.png,cat'),
    *(named(f'fashion-lt:{wrong}', 'write fashion-lt') for wrong in ('nan', 'inf', '0', '-1', '1e9', '100:-1', '100:1.5', '', 'x')),
    named('fashion-lt:1:2:3', 'at most 2 values'), named('Fashion-LT', 'did you mean fashion-lt'), named('', 'no such folder'),
    Case('data that is some other file', table(HEAD, *ROWS, name='t.txt'), call=lambda made: open_data(made['data']), says=('this is a file',)),
    Case('a class list with a name twice', lambda folder: {}, call=lambda made: ImageSet(open_data('fashion-lt').items, ['a']*10), says=('there twice',)),
    Case('a class that is gone', lambda folder: {}, call=lambda made: label_numbers(['ant', 'cat'], ['cat']), says=('no class is named ant',)),
]
