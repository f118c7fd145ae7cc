"""Coverage-guided search for bytes that end in any other error than a sentence (DisclError). By hand:

    pip install atheris
    python tests/hostile/fuzz.py image CORPUS -max_total_time=600

The readers are `image` (a picture's bytes), `csv` (a table of images), `table` (a table that we wrote) and `json` (a file
with known fields); what `table` and `json` take must also be the same after it was written and read again. CORPUS is a
folder that keeps what reached new code; `seeds` fills an empty one. What was found is kept as cases in the modules beside.
"""
import io
import os
import sys
import tempfile
from pathlib import Path

import atheris
import numpy as np
from PIL import Image

with atheris.instrument_imports(include=['discl', 'PIL', 'pandas.io', 'json']):
    from discl.core.basics import DisclError
    from discl.core.files import check_fields, read_csv, read_json, write_csv, write_json
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
        try: image_csv(FOLDER/'table.csv', on_bad='skip', on_leak='keep', on_conflict='keep')
        finally: sys.stdout = stdout


def table(data):
    (FOLDER/'ours.csv').write_bytes(data)
    frame = read_csv(FOLDER/'ours.csv')
    write_csv(frame, FOLDER/'again.csv')
    again = read_csv(FOLDER/'again.csv')
    assert again.shape == frame.shape and list(again) == list(frame), (frame, again)
    write_csv(again, FOLDER/'third.csv')
    assert (FOLDER/'third.csv').read_bytes() == (FOLDER/'again.csv').read_bytes()


def json(data):
    (FOLDER/'file.json').write_bytes(data)
    found = read_json(FOLDER/'file.json')
    write_json(FOLDER/'again.json', found)
    assert read_json(FOLDER/'again.json') == found
    check_fields(found, KNOWN, 'file.json')


READERS = dict(image=image, csv=csv, table=table, json=json)


def picture(ending, mode='RGB', **options):
    "Bytes of a small picture in a format"
    buffer = io.BytesIO()
    noise = Image.effect_noise((19, 17), 40)
    deep = Image.fromarray((np.asarray(noise)*257.).astype(np.float32 if mode == 'F' else np.uint16))
    (deep if mode in ('F', 'I;16') else noise.convert(mode)).save(buffer, ending, **options)
    return buffer.getvalue()


def pictures():
    "Bytes of small pictures of many kinds"
    plain = [picture(ending) for ending in ('PNG', 'JPEG', 'GIF', 'TIFF', 'WEBP', 'BMP', 'PPM', 'TGA', 'ICO', 'SGI', 'PCX', 'AVIF', 'QOI',
                                            'DDS', 'JPEG2000', 'ICNS', 'DIB') if ending in Image.SAVE]
    odd = [('PNG', 'I;16'), ('PNG', 'LA'), ('PNG', 'P'), ('PNG', '1'), ('TIFF', 'F'), ('TIFF', 'I;16'), ('TIFF', 'CMYK'),
           ('JPEG', 'L'), ('JPEG', 'CMYK'), ('GIF', 'P'), ('WEBP', 'RGBA'), ('XBM', '1'), ('MSP', '1')]
    jpegs = [picture('JPEG', progressive=True), picture('JPEG', restart_marker_blocks=1)]
    grey = Image.new('RGB', (40, 40), (128, 128, 128))
    grey.paste(Image.effect_noise((40, 9), 90))
    buffer = io.BytesIO()
    grey.save(buffer, 'JPEG')
    return [*plain, *[picture(ending, mode) for ending, mode in odd], *jpegs, buffer.getvalue()]


def seeds(reader):
    "What the search begins with: list of bytes"
    if reader == 'image': return pictures()
    if reader == 'json': return [b'{"steps": 3, "size": [8, 8], "guidance_scale": 1.5, "scheduler": "DDIM"}', b'[1e9, NaN, "\\udc80", null]']
    if reader == 'table': return ['a,"=b"\n1,"\'=x"\n,"y\r"\n'.encode(), b'x,y\n1.5,inf\nnan,true\n']
    rows = ''.join(f'{name}.png,{label},{split}\n' for name, label, split in
                   zip('abcdefgh', ['cat']*4 + ['dog']*4, ['train', 'Valid', 'val', 'TEST']*2))
    return [f'path,label,split\n{rows}'.encode(), b'path,label\na.png,cat\nb.png,dog\n', b'\xef\xbb\xbffilename;class\na.png;cat \n',
            b'a.png\tcat\tdev\nb.png\t"d\nog"\ttrain\n', 'path,label\na.png,caf\u00e9\nb.png,cafe\u0301\n'.encode()]


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
