"A tiny folder in the very form of WILDS' iWildCam 2.0: the same files, columns and kinds of values, and pictures that can be learnt."
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

COLUMNS = ['split', 'location_remapped', 'location', 'sequence_remapped', 'seq_id', 'y', 'category_id', 'datetime', 'filename',
           'image_id']  # of metadata.csv, after a column of row numbers that has no name
NAMES = ['empty', 'tayassu pecari', 'dasyprocta punctata', 'cuniculus paca', 'puma concolor', 'tapirus terrestris', 'pecari tajacu']
ENGLISH = ['empty', 'White-lipped peccary', 'Central American agouti', 'Lowland paca', 'Cougar', 'South American tapir',
           'Collared peccary']
IMAGES = dict(train=64, val=12, test=20, id_val=12, id_test=12)  # 120 in all
CAMERAS = dict(train=(0, 1, 2), id_val=(0, 1, 2), id_test=(0, 1, 2), val=(3,), test=(4, 5))  # split -> location_remapped
LOCATIONS = (292, 35, 430, 101, 7, 515)  # what the competition called them
COLOURS = ('', 'firebrick', 'gold', 'dodgerblue', 'white', 'black', 'magenta')  # of an animal, by class


def picture(y, location, number, size=(48, 27)):
    "A camera's scene with an animal of a class in it, or none: PIL RGB"
    scene, shot = np.random.default_rng(location), np.random.default_rng([location, number])
    coarse = Image.fromarray(scene.integers(40, 150, (3, 5, 3), dtype=np.uint8)).resize(size, Image.BICUBIC)
    noise = shot.integers(-9, 10, (size[1], size[0], 3))
    image = Image.fromarray((np.asarray(coarse).astype(int) + noise + shot.integers(-25, 26)).clip(0, 255).astype(np.uint8))
    if not y: return image
    left, top = shot.uniform(.05, .5)*size[0], shot.uniform(.1, .45)*size[1]
    ImageDraw.Draw(image).ellipse([left, top, left + size[0]*.4, top + size[1]*.4], fill=COLOURS[y])
    return image


def rows_of(images=IMAGES, classes=4):
    "Columns of metadata.csv: every split has every class, and a sequence is three shots at one camera"
    rows = []
    for split, count in images.items():
        for number in range(count):
            y, place = number % classes, CAMERAS[split][number//classes % len(CAMERAS[split])]
            image_id, sequence = str(uuid.UUID(int=len(rows) + 1)), len(rows)//3
            rows.append([split, place, LOCATIONS[place], sequence, str(uuid.UUID(int=10**6 + sequence)), y, y and y + 1,
                         f'2013-{1 + number % 12:02}-04 {number % 24:02}:30:12.000', f'{image_id}.jpg', image_id])
    return pd.DataFrame(rows, columns=COLUMNS)


def write_wilds(folder, images=IMAGES, classes=4, size=(48, 27), english=False):
    "-> folder/iwildcam_v2.0 with metadata.csv, categories.csv and train/; `english`: labels.csv with common names beside them"
    folder = Path(folder)/'iwildcam_v2.0'
    (folder/'train').mkdir(parents=True)
    rows = rows_of(images, classes)
    rows.to_csv(folder/'metadata.csv')
    for number, row in enumerate(rows.itertuples()):
        picture(row.y, row.location_remapped, number, size).save(folder/'train'/row.filename, quality=92)
    labels = pd.DataFrame(dict(y=range(classes), category_id=[y and y + 1 for y in range(classes)], name=NAMES[:classes]))
    unused = pd.DataFrame(dict(y=99999, category_id=[243, 245], name=['didelphis sp', 'penelope purpurascens']))
    pd.concat([labels, unused]).to_csv(folder/'categories.csv', index=False)
    if english: labels.assign(english=ENGLISH[:classes]).to_csv(folder/'labels.csv', index=False)
    (folder/'RELEASE_v2.0.txt').write_text('', encoding='utf-8')
    return folder
