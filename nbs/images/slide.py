"""λ slides from 1 to 0: `python nbs/images/slide.py` paints slide.webp, which opens the README, with the embedded models

One source of each of six classes, one seed. The upper row stays; the lower one is what the model makes of it at each λ."""
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from discl.data.fashion import fashion_lt
from discl.spectrum.jobs import list_jobs
from discl.spectrum.generation import generate
from discl.models.generators import load_pipeline, settings_of
from discl.data.prompts import fashion_prompts
from discl.core.images import decode_image
from discl.spectrum.store import Store
from PIL import Image, ImageDraw, ImageFont

CLASSES, SIDE, GAP, LEFT, TOP = ('bag', 'ankle boot', 'dress', 't-shirt', 'sneaker', 'coat'), 116, 6, 78, 54
LEVELS = [round(l, 3) for l in np.linspace(1, 0, 31).tolist()]
QUALITY = 85 # of WebP: below it, blocks show
INK, PAPER, BLUE, GREY = '#24292f', '#ffffff', '#0072b2', '#d0d7de'


def font(size):
    import matplotlib
    return ImageFont.truetype(Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf'), size)


def frame(lam, real, made):
    "One picture: the bar with λ, the real images, and the synthetic ones"
    n, scale = len(real), 2 # drawn at twice the size, for smooth edges
    wide, high = LEFT + n*SIDE + (n - 1)*GAP, TOP + 2*SIDE + GAP
    picture = Image.new('RGB', (wide*scale, high*scale), PAPER)
    draw, at = ImageDraw.Draw(picture), lambda *xy: [v*scale for v in xy]
    start, end = LEFT, wide - 12
    x = start + (end - start)*(1 - lam)
    draw.line(at(start, 20, end, 20), GREY, 5*scale)
    draw.line(at(start, 20, x, 20), BLUE, 5*scale)
    draw.ellipse(at(x - 8, 12, x + 8, 28), BLUE)
    draw.text(at(0, 20), f'λ = {lam:.2f}', INK, font(15*scale), anchor='lm')
    draw.text(at(start, 42), '1: the real image', INK, font(11*scale), anchor='lm')
    draw.text(at(end, 42), '0: text only', INK, font(11*scale), anchor='rm')
    for row, (name, images) in enumerate((('real', real), ('synthetic', made))):
        y = TOP + row*(SIDE + GAP)
        draw.text(at(LEFT - 8, y + SIDE/2), name, INK, font(12*scale), anchor='rm')
        for k, image in enumerate(images):
            picture.paste(Image.fromarray(image).resize((SIDE*scale, SIDE*scale), Image.LANCZOS), at(LEFT + k*(SIDE + GAP), y))
    return picture.resize((wide, high), Image.LANCZOS)


def main(to=Path(__file__).with_name('slide.webp'), which=0, seed=10):
    train, settings = fashion_lt()['train'], replace(settings_of('embedded'), steps=30)
    first = [train.items.id[np.flatnonzero(train.labels == train.classes.index(c))[which]] for c in CLASSES]
    sources = train[first]
    with tempfile.TemporaryDirectory() as d:
        store = Store(d)
        generate(list_jobs(sources, fashion_prompts(), LEVELS, [seed], settings=settings), sources, store, settings=settings, pipe=load_pipeline(), bar=False)
        table = store.samples(images=True).set_index(['lam', 'source']).image
        made = {l: [np.asarray(decode_image(table[l, s])) for s in first] for l in LEVELS}
    frames = [frame(l, made[1.], made[l]) for l in LEVELS]
    durations = [1200] + [120]*(len(frames) - 2) + [1800] # milliseconds
    frames[0].save(to, save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=QUALITY, method=4)
    print(f'{to.name}: {to.stat().st_size/1000:.0f} kB, {frames[0].size[0]} × {frames[0].size[1]}, {len(frames)} frames')
    return frames


if __name__ == '__main__': main()
