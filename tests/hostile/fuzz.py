"""Coverage-guided search for bytes that end in any other error than a sentence (DisclError). By hand:

    pip install atheris
    python tests/hostile/fuzz.py image CORPUS -max_total_time=600

The readers are `image` (a picture's bytes), `csv` (a table of images) and `json` (a file with known fields). CORPUS is a
folder that keeps what reached new code; `seeds` fills an empty one. What was found is kept as cases in the modules beside.
"""
import io
import os
import sys
import tempfile
from pathlib import Path

import atheris
from PIL import Image

with atheris.instrument_imports(include=['discl', 'PIL', 'pandas.io', 'json']):
    from discl.core.basics import DisclError
    from discl.core.files import check_fields, read_json
    from discl.core.images import open_image
    from discl.data.readers import image_csv

FOLDER = Path(tempfile.mkdtemp())
os.environ['DISCL_CACHE'] = str(FOLDER/'cache')
KNOWN = dict(steps=(int, 50), guidance_scale=((int, float), 10.), size=((list, type(None)), None), scheduler=((str, type(None)), None))


def image(data): open_image(data)


def csv(data):
    (FOLDER/'table.csv').write_bytes(data)
    with open(os.devnull, 'w', encoding='utf-8') as nowhere:
        stdout, sys.stdout = sys.stdout, nowhere
        try: image_csv(FOLDER/'table.csv')
        finally: sys.stdout = stdout


def json(data):
    (FOLDER/'file.json').write_bytes(data)
    check_fields(read_json(FOLDER/'file.json', kind=dict), KNOWN, 'file.json')


READERS = dict(image=image, csv=csv, json=json)


def picture(ending, mode='RGB'):
    "Bytes of a small picture in a format"
    buffer = io.BytesIO()
    Image.effect_noise((9, 7), 40).convert(mode).save(buffer, ending)
    return buffer.getvalue()


def seeds(reader):
    "What the search begins with: list of bytes"
    if reader == 'image': return [picture(ending) for ending in ('PNG', 'JPEG', 'GIF', 'TIFF', 'WEBP', 'BMP', 'PPM', 'TGA')]
    if reader == 'json': return [b'{"steps": 3, "size": [8, 8], "guidance_scale": 1.5, "scheduler": "DDIM"}']
    rows = ''.join(f'{name}.png,{label},{split}\n' for name, label, split in
                   zip('abcdefgh', ['cat']*4 + ['dog']*4, ['train', 'train', 'val', 'test']*2))
    return [f'path,label,split\n{rows}'.encode(), b'path,label\na.png,cat\nb.png,dog\n']


def attempt(data):
    try: READERS[sys.argv[1]](data)
    except DisclError: pass


if __name__ == '__main__':
    reader, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate('abcdefgh'): Image.effect_noise((16 + number, 16), 90).save(FOLDER/f'{name}.png')
    if not any(corpus.iterdir()):
        for number, data in enumerate(seeds(reader)): (corpus/f'seed-{number}').write_bytes(data)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], attempt)
    atheris.Fuzz()
