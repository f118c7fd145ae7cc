"Models that are half, dead, damaged, or bring code"
import json
import os
import pickle
import shutil
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from discl.models.checkup import doctor
from discl.models.clip import Clip
from discl.models.generators import Settings, folder_id, load_pipeline, model_folder, settings_of
from discl.models.networks import check_backbone
from discl.models.weights import load_whole
from harness import Case

PARTS = ('unet', 'vae', 'text_encoder')


@cache
def embedded(part):
    "-> folder of the embedded CLIP, or of a part of the embedded pipeline"
    return model_folder('embedded').parent/'clip' if part == 'clip' else model_folder('embedded')/part


@cache
def tensors(part):
    "Of a whole part: dict name -> tensor"
    return load_file(next(embedded(part).glob('*.safetensors')))


def first(part):
    "Name of a weight that decides something"
    return next(name for name, value in sorted(tensors(part).items()) if value.ndim > 1)


def kind_of(part):
    "The class of a part"
    import diffusers
    import transformers
    names = dict(unet='UNet2DConditionModel', vae='AutoencoderKL', text_encoder='CLIPTextModel', clip='CLIPModel')
    name = names[part]
    return getattr(diffusers, name, None) or getattr(transformers, name)


def changed(part, change):
    "Makes a copy of one part with other tensors"
    def make(folder):
        place = folder/part
        shutil.copytree(embedded(part), place)
        save_file(change(dict(tensors(part)), first(part)), next(place.glob('*.safetensors')))
        return dict(part=place, kind=kind_of(part))
    return make


def load_part(made): return load_whole(made['kind'], made['part'], torch.float32)


def prefixed(whole, key): return {f'x.{name}' if name == key else name: value for name, value in whole.items()}
def renamed(whole, key): return {f'{name}s' if name == key else name: value for name, value in whole.items()}
def missing(whole, key): return {name: value for name, value in whole.items() if name != key}
def half(whole, key): return {name: whole[name] for name in sorted(whole)[::2]}
def zero(whole, key): return {name: torch.zeros_like(value) for name, value in whole.items()}
def nan(whole, key): return dict(whole, **{key: torch.full_like(whole[key], float('nan'))})
def infinite(whole, key): return dict(whole, **{key: torch.full_like(whole[key], float('inf'))})
def extra(whole, key): return dict(whole, extra=torch.ones(2))
def misshapen(whole, key): return dict(whole, **{key: torch.ones(1, dtype=whole[key].dtype)})


CHANGES = {
    'with a prefixed key': (prefixed, ('is in none of its files', )),
    'with a renamed key': (renamed, ('is in none of its files',)),
    'without a key': (missing, ('is in none of its files|cannot load',)),
    'with half of the tensors': (half, ('is in none of its files|cannot load',)),
    'of zeros': (zero, ('is all zero',)),
    'with NaN': (nan, ('holds NaN or infinity',)),
    'with infinity': (infinite, ('holds NaN or infinity',)),
    'with a key more': (extra, ('no such tensor',)),
    'with another shape': (misshapen, ('shape|cannot load',)),
}
CASES = [Case(f'{part} {name}', changed(part, change), call=load_part, says=says)
         for part in (*PARTS, 'clip') for name, (change, says) in CHANGES.items()]


class Payload:
    "Makes a folder when it is unpickled"
    def __init__(self, marker): self.marker = str(marker)
    def __reduce__(self): return os.mkdir, (self.marker,)


def damaged(part, damage):
    "Makes a copy of one part whose weight file is something else"
    def make(folder):
        place = folder/part
        shutil.copytree(embedded(part), place)
        damage(next(place.glob('*.safetensors')), folder/'marker')
        return dict(part=place, kind=kind_of(part), marker=folder/'marker')
    return make


def truncated(file, marker): file.write_bytes(file.read_bytes()[:-1000])
def emptied(file, marker): file.write_bytes(b'')
def pickled(file, marker): file.write_bytes(pickle.dumps(Payload(marker)))


def only_pickle(file, marker):
    file.unlink()
    for name in ('pytorch_model.bin', 'diffusion_pytorch_model.bin'): pickled(file.parent/name, marker)


def piped(file, marker):
    file.unlink()
    os.mkfifo(file)


def sharded(file, marker):
    index = dict(weight_map={'a': 'model-00001-of-00002.safetensors'})
    file.with_name(f'{file.name}.index.json').write_text(json.dumps(index), encoding='utf-8')
    file.unlink()


def not_run(made, answer): assert not made['marker'].exists(), 'code of a model was run'


for wrong in (truncated, emptied, pickled, only_pickle, piped, sharded):
    CASES += [Case(f'weights of {part}: {wrong.__name__}', damaged(part, wrong), call=load_part, check=not_run)
              for part in ('vae', 'clip')]


def whole_copy(folder, name='diffusion'):
    "-> copy of the embedded pipeline or CLIP whose weights are links"
    source, place = embedded('clip').parent/name, folder/name
    for path in source.rglob('*'):
        if path.is_dir(): continue
        copy = place/path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(path) if path.suffix == '.safetensors' else shutil.copy(path, copy)
    return place


TEXTS = {
    'is a list': b'[]',
    'is a text': b'"a"',
    'is empty': b'',
    'is binary': bytes(range(128, 256)),
    'holds NaN': b'{"a": NaN}',
    'has a key twice': b'{"a": 1, "a": 2}',
}


def with_file(name, content, model='diffusion'):
    "Makes a whole model one of whose files is something else: bytes, a folder ('folder'), a pipe ('pipe'), gone (None)"
    def make(folder):
        place = whole_copy(folder, model)
        file = place/name
        file.unlink(missing_ok=True)
        if content == 'folder': file.mkdir()
        elif content == 'pipe': os.mkfifo(file)
        elif content is not None: file.write_bytes(content)
        return dict(model=place)
    return make


def load_model(made): return load_pipeline(made['model'], 'float32')
def load_clip(made): return Clip(made['model'], dtype='float32')
def ask_settings(made): return settings_of(made['model'])


SPECIAL = {'is a folder': 'folder', 'is a pipe': 'pipe'}
for what, content in (TEXTS | SPECIAL).items():
    CASES += [
        Case(f'model_index.json {what}', with_file('model_index.json', content), call=load_model),
        Case(f'config.json of the VAE {what}', with_file('vae/config.json', content),
             call=lambda made: load_whole(kind_of('vae'), made['model']/'vae', torch.float32)),
        Case(f'discl.json {what}', with_file('discl.json', content), call=ask_settings, says=('discl.json',)),
        Case(f'config.json of a CLIP {what}', with_file('config.json', content, 'clip'), call=load_clip),
    ]
for what in ('is a list', 'is empty', 'is a pipe', 'is a folder'):
    content = (TEXTS | SPECIAL)[what]
    CASES += [
        Case(f'scheduler_config.json {what}', with_file('scheduler/scheduler_config.json', content), call=load_model),
        Case(f'tokenizer_config.json of a CLIP {what}', with_file('tokenizer_config.json', content, 'clip'),
             call=load_clip),
        Case(f'processor_config.json {what}', with_file('processor_config.json', content, 'clip'), call=load_clip),
    ]
CASES += [Case(f'no {name}', with_file(name, None), call=load_model)
          for name in ('model_index.json', 'unet/config.json', 'scheduler/scheduler_config.json')]
def name_model(made): return folder_id(made['model'])


CASES.append(Case('a model with a pipe has no name', with_file('unet/more.json', 'pipe'), call=name_model))


def bring_code(folder):
    "A model whose files name code that lies beside them"
    place, marker = whole_copy(folder), folder/'marker'
    code = f'import os\nos.mkdir({str(marker)!r})\n'
    for name in ('diffusers.py', 'pipeline.py', 'unet/diffusers.py', 'scheduler/diffusers.py', 'evil.py'):
        (place/name).write_text(code, encoding='utf-8')
    return dict(model=place, marker=marker)


def change_index(**fields):
    "Makes a model with code, and with these fields in its model_index.json"
    def make(folder):
        made = bring_code(folder)
        file = made['model']/'model_index.json'
        file.write_text(json.dumps(json.loads(file.read_text(encoding='utf-8')) | fields), encoding='utf-8')
        return made
    return make


CASES += [
    Case('code beside a part', bring_code, call=load_model, says=('never run',), check=not_run),
    Case('a part of code', change_index(scheduler=['evil', 'DDIM']),
         call=load_model, says=('class of diffusers',), check=not_run),
    Case('a part of Python', change_index(scheduler=['os', 'system']),
         call=load_model, says=('class of diffusers',), check=not_run),
    Case('a pipeline of code', change_index(_class_name=['evil', 'Pipe']),
         call=load_model, says=('_class_name',), check=not_run),
    Case('a custom pipeline', change_index(custom_pipeline='evil'), call=load_model, check=not_run),
]


def half_model(folder):
    "A model whose VAE has half of its tensors"
    place = whole_copy(folder)
    file = next((place/'vae').glob('*.safetensors'))
    file.unlink()
    save_file(half(tensors('vae'), ''), file)
    return dict(model=place)


def told(made, answer): assert not answer.value.set_index('what').ok['model']


CASES += [
    Case('the doctor sees half a model', half_model,
         call=lambda made: doctor(made['model']), fails=False, check=told),
    Case('the command sees half a model', half_model, command='doctor --model {model}', says=('!! *model ',)),
]


def nothing(folder): return {}


def asks(function, *args, **options):
    "A call that needs nothing made"
    def call(made): return function(*args, **options)
    return call


SETTINGS = dict(
    steps=(0, -1, 1001, True, 2.5, 'five', float('nan')),
    guidance_scale=(-1, float('nan'), float('inf'), '2', True),
    size=(0, (0, 32), (-1, 32), (1, 2, 3), (100_000, 100_000), 'large'),
    scheduler=('', 3),
    dtype=('int8', 32),
)
CASES += [Case(f'settings: {field} = {value!r}', nothing, call=asks(Settings, **{field: value}))
          for field, values in SETTINGS.items() for value in values]
CASES += [Case(f'a model called {name[:20]!r}', nothing, call=asks(model_folder, name))
          for name in ('', '../x', '/nonexistent', 'C:\\x', 'a/b/c', 'x'*5000, 'a\0b')]
BACKBONES = {
    ('resnet11', 32): 'did you mean',
    ('fcn_resnet50', 32): 'does not classify',
    ('alexnet', 32): 'it takes 64',
    ('vit_b_16', 64): 'it takes 224',
    ('timm/nosuch', 32): 'timm',
}
CASES += [Case(f'backbone {name} at {side}', nothing, call=asks(check_backbone, name, 3, side), says=(words,))
          for (name, side), words in BACKBONES.items()]
CASES += [Case(f'backbone of width {width}', nothing,
               call=asks(check_backbone, 'resnet10', 3, 32, width), says=('width = ',))
          for width in (0, -1, 10**9, True)]
CASES += [Case(f'{name} answers once', nothing, call=asks(check_backbone, name, 3, 96), fails=False)
          for name in ('googlenet', 'inception_v3', 'regnet_x_400mf')]
