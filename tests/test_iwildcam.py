"The protocol of iWildCam all the way through the command line, on a folder in WILDS' form with tiny random models."
import json

import pandas as pd
import pytest

import tiny
import wilds_fixture
from discl import cli
from discl.core.basics import DisclError
from discl.report.metrics import DOMAIN_MEASURES
from discl.runs.recipe import make_recipe, preset, presets
from discl.runs.run import Run

ARMS = 'zero-shot/none,LP/none,FLYP/none,FLYP+WE/none,FLYP/oversample,FLYP/adaptive,FLYP+WE/adaptive'
SMALL = ['--levels', '.5,.7', '--seeds', '10', '--steps', '2', '--size', '48,32', '--threshold', '-1', '--guidance-scale', '2',
         '--image-size', '32', '--pretrain-epochs', '1', '--epochs', '3', '--curriculum-epochs', '2', '--bs', '8',
         '--warmup-steps', '2', '--guide', '3', '--probe', '16', '--hard-share', '.3', '--alphas', '.5,1', '--captions', 'a {},a red {}', '--template', 'a {}']


@pytest.fixture(scope='module')
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp('iwildcam')
    tiny.clip(root/'clip')
    tiny.sd(root/'sd')
    data = wilds_fixture.write_wilds(root)
    table = data/'categories.csv'  # the tiny CLIP knows few words, and reads sixteen tokens
    short = dict(zip(wilds_fixture.NAMES[1:4], ('hat', 'sock', 'shoe')))
    pd.read_csv(table).replace(dict(name=short)).to_csv(table, index=False)
    return dict(data=data, clip=root/'clip', model=root/'sd')


def command(places, *argv):
    "Keyword arguments as the command line gives them"
    given = ['--preset', 'iwildcam', '--data', places['data'], '--model', places['model'], '--clip', places['clip'],
             '--backbone', f'clip:{places["clip"]}', *SMALL, *argv]
    return cli.options('run', [str(part) for part in given])


def test_the_preset_is_the_papers_protocol():
    recipe = preset('iwildcam', data='somewhere')
    training, generator = recipe.training, recipe.generator
    assert training.backbone == 'clip:openai/clip-vit-base-patch16'
    assert (training.epochs, training.curriculum_epochs, training.bs, training.warmup_steps) == (20, 15, 256, 500)
    assert (training.lr, training.wd, training.guide, training.probe) == (1e-5, .2, 2000, 30_000)
    assert (generator.levels, generator.size, recipe.filter.threshold) == ((.5, .7, .9), (480, 264), .25)
    assert recipe.data.never_hard == ('empty',) and training.choose == 'macro_f1'
    assert preset('iwildcam-l14', data='somewhere').training.bs == 128
    assert all(source for values in presets().values() for _, source in values.values())


def test_from_images_to_numbers_in_and_out_of_the_domains(places, tmp_path, capsys):
    out = tmp_path/'run'
    given = command(places, '--out', out, '--arms', ARMS)
    cli.run(**given)
    results = pd.read_csv(out/'results.csv')
    assert [f'{m}/{c}' for m, c in zip(results.method, results.curriculum)] == ARMS.split(',')
    assert results[['id_macro_f1', 'ood_macro_f1', 'id_accuracy', 'ood_accuracy']].notna().all(axis=None)
    assert set(DOMAIN_MEASURES) | {'alpha'} < set(results)
    page = (out/'report.html').read_text(encoding='utf-8')
    assert all(f'<h2>{heading}</h2>' in page for heading in ('In and out of distribution', 'By domain', 'Weight ensembling'))
    assert results.alpha.notna().tolist() == [arm.startswith('FLYP+WE') for arm in ARMS.split(',')]
    names = pd.read_csv(out/'trial-0/hard.csv').name
    assert len(names) == 19 and 'empty' not in set(names)
    arms = Run(out, say=str, stored_only=True).results()
    trained = arms[arms.steps > 0]
    assert trained.steps.nunique() == 1 and set(arms.steps[arms.method.isin(['zero-shot', 'LP'])]) == {0}
    adaptive = arms[arms.strategy == 'adaptive']
    assert adaptive.synthetic_samples.nunique() == 1 and adaptive.synthetic_samples.iloc[0] > 0
    assert {row['part'] for row in adaptive.domains.iloc[0]} == {'id', 'ood'} and adaptive.progress.map(len).min() > 0

    def costly(path): return path.suffix in ('.parquet', '.safetensors') or 'arms' in path.parts
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*') if costly(path)}
    capsys.readouterr()
    cli.run(**given)
    assert capsys.readouterr().out.count('there already)') == len(ARMS.split(','))
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob('*') if costly(path)}

    lost = next((out/'trial-0/arms').glob('FLYP-adaptive-*.safetensors'))
    mixed = next((out/'trial-0/arms').glob('FLYP_WE-adaptive-*.json'), None) or next((out/'trial-0/arms').glob('FLYP+WE-adaptive-*'))
    told = json.loads(mixed.read_text(encoding='utf-8'))
    lost.write_bytes(lost.read_bytes()[:1000])  # a damaged file costs its training, and nothing else
    mixed.unlink()
    cli.run(**given)
    again = json.loads(mixed.read_text(encoding='utf-8'))
    assert again['ood_macro_f1'] == told['ood_macro_f1'] and again['alpha'] == told['alpha']


@pytest.mark.parametrize('changes, words', [
    (dict(backbone='resnet10', hard_by='pretrained'), 'FLYP needs a CLIP'),
    (dict(hard_by='fine-tuned', backbone='resnet10', arms=('CE/none',)), 'that is a CLIP'),
    (dict(arms=('LP/adaptive',)), 'trains nothing'),
    (dict(arms=('FLYP/ideal',)), 'has no ideal'),
    (dict(warmup_steps=500), 'does not end in a training'),
    (dict(alphas=(1.5,)), 'alphas = 1.5: at most 1')])
def test_what_cannot_be_is_said_before_work(places, tmp_path, changes, words):
    about = dict(data=str(places['data']), backbone=f'clip:{places["clip"]}', arms=('FLYP/none',), hard_share=.3, epochs=2,
                 curriculum_epochs=2, levels=(.5,), seeds=(10,), hard_by='zero-shot', image_size=32, bs=8, captions=('a {}',))
    with pytest.raises(DisclError, match=words): Run(tmp_path/'r', make_recipe(**about | changes), say=str, bar=False)
    assert not (tmp_path/'r').exists()
