"Files that are no pictures, or not the pictures that they seem to be"
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile
from harness import Answer, Case, photo

from discl.core.images import fault_of, open_image, pixel_id

RAMP = np.linspace(0, 1, 256).reshape(16, 16)


def saved(name, values):
    "-> maker of one picture of these values"
    def make(folder):
        Image.fromarray(values).save(folder/name)
        return dict(path=folder/name)
    return make


def written(name, data):
    "-> maker of one file with these bytes"
    def make(folder):
        (folder/name).write_bytes(data)
        return dict(path=folder/name)
    return make


def made(name, how):
    "-> maker of one thing, made by a function of its path"
    def make(folder):
        how(folder/name)
        return dict(path=folder/name)
    return make


def opened(found): return np.asarray(open_image(found['path']))


def opened_beside_a_careless_library(found):
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try: return opened(found)
    finally:
        assert ImageFile.LOAD_TRUNCATED_IMAGES is True
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def is_ramp(found, answer): assert abs(answer.value[..., 0] - RAMP*255).max() < 1.1


def white_hole(found, answer): assert answer.value[0, 0, 0] == 255


def bytes_of(ending, **options):
    import io
    buffer = io.BytesIO()
    photo(1, 64).save(buffer, ending, **options)
    return buffer.getvalue()


def chunk(name, data): return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png16(values):
    "Bytes of an RGB PNG of 16 bits a channel: uint16 (h, w, 3)"
    height, width, _ = values.shape
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in values)
    head = struct.pack('>IIBBBBB', width, height, 16, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def closed(data): return data[:len(data)*6//10] + b'\xff\xd9'


def ends_grey(values):
    values = np.array(values)
    values[len(values)//2:] = 128
    return values


def flipped(data): return data[:len(data)//2] + bytes([data[len(data)//2] ^ 255]) + data[len(data)//2 + 1:]


def tall(path): Image.new('RGB', (1, 100_000), 'red').save(path)
def bomb(path): Image.new('1', (12_000, 12_000)).save(path)
def film(path): photo(1).save(path, save_all=True, append_images=[photo(2)])
def negative(path): Image.fromarray((RAMP*65535).astype(np.uint16)).save(path, tiffinfo={262: 0})
def states_white(path): Image.fromarray((RAMP*3000).astype(np.uint16)).save(path, tiffinfo={281: 3000})
def hole(path): Image.fromarray((RAMP*65535).astype(np.uint16)).save(path, transparency=0)
def nowhere(path): path.symlink_to(path.with_name('nowhere'))


def with_broken_notes(path): photo(1).save(path, exif=b'Exif\0\0MM\0*\0\0\0\x08\xff\xff' + b'\x12'*30)
def with_wrong_colours(path): photo(1).save(path, icc_profile=b'no profile')


COLOURS = np.repeat((RAMP[..., None]*4095).astype(np.uint16), 3, 2)
JPEG, PNG = bytes_of('JPEG'), bytes_of('PNG')
WAYS = {'': {}, ' in steps': dict(progressive=True), ' with restart markers': dict(restart_marker_blocks=3),
        ' without thinned colours': dict(subsampling=0)}
CASES = [
    Case('12 bits in a PNG for 16', saved('a.png', (RAMP*4095).round().astype(np.uint16)), call=opened, fails=False, check=is_ramp),
    Case('14 bits in a TIFF for 16', saved('a.tif', (RAMP*16383).round().astype(np.uint16)), call=opened, fails=False, check=is_ramp),
    Case('floats from 0 to 1', saved('a.tif', RAMP.astype(np.float32)), call=opened, fails=False, check=is_ramp),
    Case('floats from 0 to 255', saved('a.tif', (RAMP*255).astype(np.float32)), call=opened, fails=False, check=is_ramp),
    Case('whole numbers of 32 bits', saved('a.tif', (RAMP*255).round().astype(np.int32)), call=opened, fails=False, check=is_ramp),
    Case('16 bits that a PGM states', saved('a.pgm', (RAMP*65535).round().astype(np.uint16)), call=opened, fails=False, check=is_ramp),
    Case('NaN', saved('a.tif', (RAMP*np.nan).astype(np.float32)), call=opened, says=('no numbers',)),
    Case('values below 0', saved('a.tif', (RAMP - .5).astype(np.float32)), call=opened, says=('below 0',)),
    Case('values of unknown depth', saved('a.tif', (RAMP*9).astype(np.int32)), call=opened, says=('what white would be',)),
    Case('12 bits in colours of 16', written('a.png', png16(COLOURS)), call=opened, says=('16 bits a channel',)),
    Case('colours of 16 bits', written('a.png', png16(COLOURS*16)), call=opened, fails=False),
    Case('an empty file', written('a.png', b''), call=opened, says=('a.png: not a whole image',)),
    Case('half a JPEG', written('a.jpg', JPEG[:len(JPEG)//2]), call=opened, says=('not a whole image',)),
    Case('half a JPEG beside a careless library', written('a.jpg', JPEG[:len(JPEG)//2]),
         call=opened_beside_a_careless_library, says=('not a whole image',)),
    Case('half a PNG beside a careless library', written('a.png', PNG[:len(PNG)//2]),
         call=opened_beside_a_careless_library, says=('not a whole image',)),
    Case('a flipped byte beside a careless library', written('a.png', flipped(PNG)),
         call=opened_beside_a_careless_library, says=('not a whole image',)),
    *[Case(f'half a JPEG{name} that was closed again', written('a.jpg', closed(bytes_of('JPEG', **way))), call=opened,
           says=('not a whole image',)) for name, way in WAYS.items()],
    Case('a JPEG that really ends in grey', saved('a.jpg', ends_grey(photo(1, 64))), call=opened, fails=False),
    Case('a TIFF whose 0 is white', made('a.tif', negative), call=opened, fails=False,
         check=lambda found, answer: is_ramp(found, Answer(value=255 - answer.value.astype(int)))),
    Case('a TIFF that says its white', made('a.tif', states_white), call=opened, fails=False, check=is_ramp),
    Case('a transparent value of 16 bits', made('a.png', hole), call=opened, fails=False,
         check=white_hole),
    Case('two pictures of a stereo camera', made('a.mpo', film), call=opened, fails=False),
    Case('text that a weakly marked format would take', written('a.png', b'Image type: 8 bit\r\n' + bytes(600)), call=opened,
         says=('not a whole image',)),
    Case('a JPEG that is named PNG', written('a.png', JPEG), call=opened, fails=False),
    Case('PostScript that is named PNG', written('a.png', b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n'),
         call=opened, says=('not a whole image',)),
    Case('a picture of one pixel', made('a.png', lambda path: photo(1, 1).save(path)), call=opened, fails=False),
    Case('a line of 100,000 pixels', made('a.png', tall), call=opened, fails=False),
    Case('a bomb', made('a.png', bomb), call=opened, says=('pixels',)),
    Case('a film', made('a.gif', film), call=opened, fails=False),
    Case('damaged notes of a camera', made('a.jpg', with_broken_notes), call=opened, fails=False),
    Case('a wrong colour profile', made('a.png', with_wrong_colours), call=opened, fails=False),
    Case('a pipe', made('a.png', os.mkfifo), call=opened, says=('a pipe',)),
    Case('a broken link', made('a.png', nowhere), call=opened, says=('leads nowhere',)),
    Case('a folder', made('a.png', os.mkdir), call=opened, says=('a folder',)),
    Case('a device', lambda folder: dict(path='/dev/zero'), call=opened, says=('a device',)),
    Case('a name that is too long', lambda folder: dict(path=folder/('n'*300)), call=opened, says=('too long',)),
    Case('a name that is no text', written(os.fsdecode(b'\xff.png'), b'GIF'), call=opened, says=('not a whole image',),
         check=lambda found, answer: answer.text.encode('utf-8')),
    Case('a picture saved again is the same', written('a.png', PNG), call=lambda found: pixel_id(opened(found)), fails=False,
         check=lambda found, answer: answer.value == pixel_id(np.asarray(photo(1, 64)))),
    Case('a nearly black picture', lambda folder: {}, call=lambda found: fault_of(np.eye(64, dtype=np.uint8)[..., None].repeat(3, 2)*9, True),
         fails=False, check=lambda found, answer: answer.value.index('black')),
]
