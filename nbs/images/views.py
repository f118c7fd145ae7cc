"""Pictures of the views for README and tutorials: `DISCL_RUN=runs/demo DISCL_ARTEFACTS=shots pytest tests/e2e && python nbs/images/views.py shots`

Takes what the browser tests photographed, cuts the empty margin off, and writes small WebP files beside this one. The results
browser shows what `discl demo --trials 0,1,2` found; without DISCL_RUN it would show the tests' planted results."""
import sys
from pathlib import Path

from PIL import Image, ImageChops

VIEWS = ('explorer', 'filter-bench', 'curriculum-player', 'train-live', 'compare')


def trimmed(picture, margin=10):
    "Without what is only background"
    paper = Image.new('RGB', picture.size, picture.getpixel((picture.width - 1, picture.height - 1)))
    box = ImageChops.difference(picture, paper).getbbox()
    whole = Image.new('RGB', (box[2] - box[0] + 2*margin, box[3] - box[1] + 2*margin), paper.getpixel((0, 0)))
    whole.paste(picture.crop(box), (margin, margin))
    return whole


if __name__ == '__main__':
    for name in VIEWS:
        to = Path(__file__).with_name(f'{name}.webp')
        trimmed(Image.open(Path(sys.argv[1], f'{name}-light.png')).convert('RGB')).save(to, lossless=True, method=6)
        print(f'{to.name}: {to.stat().st_size/1000:.0f} kB')
