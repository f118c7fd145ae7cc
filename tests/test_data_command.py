"`discl data` on every published form, as the fixtures of its reader write it: what is said, and what is drawn."
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import wilds_fixture

sys.path.append(str(Path(__file__).parent/'hostile'))
from bad_cifar import archive, binary, hub  # noqa: E402
from bad_lists import imagenet, inaturalist, places  # noqa: E402
from harness import class_folders, type_command  # noqa: E402

NAMED = {'cifar-100-lt:4': binary(), 'cifar-100-lt:2': hub(), 'cifar-100-lt:3': archive(), 'imagenet-lt': imagenet(),
         'places-lt': places(), 'inaturalist-2018': inaturalist(),
         'iwildcam': lambda folder: dict(data=wilds_fixture.write_wilds(folder))}  # what is written before the folder -> maker
SIZES = {'cifar-100-lt:4': (18, 14, 8), 'cifar-100-lt:2': (23, 9, 8), 'cifar-100-lt:3': (18, 14, 8), 'imagenet-lt': (6, 2, 2),
         'places-lt': (4, 2, 2), 'inaturalist-2018': (6, 2, 6), 'iwildcam': (64, 12, 20, 12, 12)}  # images of each split
CLASSES = {'imagenet-lt': 2, 'places-lt': 2, 'inaturalist-2018': 2}  # those of the others are 4
SPLITS = ('train', 'val', 'test', 'id_val', 'id_test')


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch): monkeypatch.setenv('DISCL_CACHE', str(tmp_path_factory.mktemp('cache')))


def checked(what, sheet, *more):
    "What `discl data check` answers"
    return type_command(' '.join(['data check', f'"{what}"', f'--out "{sheet}"', *more]))


def table_of(text):
    "Lines of the table of splits: name -> cells"
    lines = [line.split() for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines if line and line[0] in SPLITS}


@pytest.mark.parametrize('name', NAMED)
def test_a_set_in_its_true_form_is_described_and_drawn(name, tmp_path):
    place, sheet = NAMED[name](tmp_path)['data'], tmp_path/'sheets/sheet.png'
    answer = checked(f'{name}:{place}', sheet, '--strict no')
    assert answer.code == 0, answer.text
    classes, splits = CLASSES.get(name, 4), SPLITS[:len(SIZES[name])]
    assert f'{sum(SIZES[name])} images, {classes} classes\ntold:\n' in answer.text and 'but not all of it: ' in answer.text
    table = table_of(answer.text)
    assert [int(table[split][0]) for split in splits] == list(SIZES[name]) and set(table) == set(splits)
    all_few = f'{classes} of {classes} classes, {SIZES[name][0]} images'
    assert f'few-shot (fewer than 20 training images): {all_few}' in answer.text
    with Image.open(sheet) as drawn:
        assert (drawn.format, drawn.size) == ('PNG', (76 + 100*classes, 36 + 200*len(splits)))


@pytest.mark.parametrize('name', NAMED)
def test_what_is_not_as_published_is_refused(name, tmp_path):
    place, sheet = NAMED[name](tmp_path)['data'], tmp_path/'sheet.png'
    answer = checked(f'{name}:{place}', sheet)
    last = answer.text.splitlines()[-1]  # what was told comes before it
    assert answer.code == 1 and last.startswith('discl data: ') and 'published' in last and 'images, not ' in last, answer.text
    assert not sheet.exists()


def test_domains_are_counted_and_the_unseen_ones_too(tmp_path):
    place = wilds_fixture.write_wilds(tmp_path, english=True)
    by_name = checked(f'iwildcam:{place}', tmp_path/'a.png', '--strict no', '--fewer-than 16')
    table = table_of(by_name.text)
    assert [table[split][-1] for split in SPLITS] == ['3', '1', '2', '3', '3']
    assert 'domains: 6, with ' in by_name.text and 'training has not seen 3 of them' in by_name.text
    assert 'few-shot (fewer than 16 training images): 0 of 4 classes, 0 images' in by_name.text
    by_path = checked(place, tmp_path/'b.png')  # as --data takes it: the folder alone is not asked to be all of it
    assert by_path.code == 0 and table_of(by_path.text) == table
    assert (tmp_path/'a.png').read_bytes() == (tmp_path/'b.png').read_bytes()
    checked(place, tmp_path/'b.png', '--seed 1')
    assert (tmp_path/'a.png').read_bytes() != (tmp_path/'b.png').read_bytes()


def test_ones_own_pictures(tmp_path):
    place = class_folders(tmp_path/'birds', {'heron': 30, 'kingfisher with a very long name': 12})
    answer = checked(place, tmp_path/'sheet.png')
    assert answer.code == 0 and 'told: nothing' in answer.text and '42 images, 2 classes' in answer.text, answer.text
    inside = checked(place, place/'sheet.png')
    assert inside.code == 1 and 'lies in the folder of the images' in inside.text and not (place/'sheet.png').exists()


def test_a_picture_that_cannot_be_opened_is_named(tmp_path):
    place = wilds_fixture.write_wilds(tmp_path)
    for path in (place/'train').iterdir(): path.write_bytes(b'no JPEG')
    answer = checked(place, tmp_path/'sheet.png')
    assert answer.code == 1 and '.jpg: not a whole image' in answer.text and not (tmp_path/'sheet.png').exists()


def test_what_there_is_and_what_it_needs():
    listed = type_command('data').text
    for name in dict.fromkeys(name.split(':')[0] for name in NAMED):
        assert f'{name}:FOLDER' in listed
        needs = type_command(f'data {name}')
        assert needs.code == 0 and 'FOLDER is then' in needs.text and needs.text == type_command(f'data needs {name}').text
    assert '129,809' in listed and '437,513' in listed
    wrong = type_command('data imagnet-lt')
    assert wrong.code == 1 and 'did you mean imagenet-lt?' in wrong.text


def installed(folder, name):
    "A package as pip leaves it: a module that opens a set of one's own, and an entry point that names it; -> its folder"
    place = folder/'packages'
    (place/'my_sets-1.0.dist-info').mkdir(parents=True)
    (place/'my_sets-1.0.dist-info/METADATA').write_text('Metadata-Version: 2.1\nName: my-sets\nVersion: 1.0\n', encoding='utf-8')
    (place/'my_sets-1.0.dist-info/entry_points.txt').write_text(f'[discl.sets]\n{name} = my_sets:opened\n', encoding='utf-8')
    text = 'from discl.data import image_folder\ndef opened(folder, groups=""): return image_folder(folder, groups=groups)\n'
    (place/'my_sets.py').write_text(text, encoding='utf-8')
    return place


def test_a_set_of_a_package_is_known_by_its_entry_point(tmp_path):
    place = installed(tmp_path, 'hats-and-socks')
    class_folders(tmp_path/'data', dict(hat=12, sock=12))
    environment = os.environ | dict(PYTHONPATH=str(place))

    def answer(*typed):
        code = 'from discl.cli import main; main()'
        done = subprocess.run([sys.executable, '-c', code, 'data', *typed], capture_output=True, text=True, env=environment)
        return done.returncode, done.stdout + done.stderr
    assert 'hats-and-socks:FOLDER' in answer('ls')[1]
    code, text = answer('check', f'hats-and-socks:{tmp_path}/data', '--groups', 'auto', '--out', str(tmp_path/'sheet.png'))
    assert (code, (tmp_path/'sheet.png').exists()) == (0, True) and '24 images, 2 classes' in text and 'groups' in text, text
    (place/'my_sets.py').write_text('import not_installed_anywhere\n', encoding='utf-8')
    code, text = answer('check', f'hats-and-socks:{tmp_path}/data', '--out', str(tmp_path/'other.png'))
    assert code == 1 and 'the package my-sets names this set (my_sets:opened), but cannot be loaded' in text, text
    code, text = answer('ls')  # the others are still listed
    assert code == 0 and 'cannot be loaded' in text and 'imagenet-lt:FOLDER' in text, text
