"""What decoding takes, and what cutting it up changes: `python benchmarks/decoding.py [--sides 128 256]`

A VAE of Stable Diffusion's shape (83.7 million weights, drawn at random: memory does not depend on them) decodes on the processor, each call in a
process of its own, and the peak of its memory over what it held before is compared with what `decoding_bytes` expects. Then the embedded model's VAE, which
is trained, encodes photographs of its own set and decodes them together, one by one and in tiles: the largest difference of a pixel, in grey levels, and
the mean. Last line: `decoding: ratio R`, bytes expected over bytes taken by the largest image, so that above 1 the guess is on the safe side."""
import argparse
import multiprocessing
import resource
import sys
import warnings
from pathlib import Path

warnings.filterwarnings('ignore')
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from discl.data.fashion import fashion_lt  # noqa: E402
from discl.models.generators import Settings, load_pipeline  # noqa: E402
from discl.spectrum.engine import Engine, _as_images, decoding_bytes  # noqa: E402

SHAPE = dict(block_out_channels=(128, 256, 512, 512), down_block_types=['DownEncoderBlock2D']*4, up_block_types=['UpDecoderBlock2D']*4,
             layers_per_block=2, latent_channels=4, sample_size=512)


def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*1024


def held(): return int(Path('/proc/self/statm').read_text(encoding='ascii').split()[1])*resource.getpagesize()


@torch.inference_mode()
def measure(side, images, told):
    "Bytes for each image that a fresh process takes, and those that are expected"
    from diffusers import AutoencoderKL
    vae = AutoencoderKL(**SHAPE).eval()
    vae.decode(torch.randn(1, 4, 2, 2))
    before = held()
    vae.decode(torch.randn(images, 4, side//8, side//8))
    told.put(((peak() - before)/images, decoding_bytes(vae, (side//8, side//8))))


def memory(sides):
    context, ratio = multiprocessing.get_context('spawn'), 0
    for side in sides:
        for images in (1, 2):
            told = context.Queue()
            process = context.Process(target=measure, args=(side, images, told))
            process.start()
            taken, expected = told.get()
            process.join()
            ratio = expected/taken
            print(f'{images} of {side} × {side} pixels: {taken/1e6:.0f} MB each, expected {expected/1e6:.0f} MB ({ratio:.2f})', flush=True)
    return ratio


def gap(some, others):
    apart = np.abs(some.astype(int) - others)
    return f'largest {apart.max()}, mean {apart.mean():.3f}'


@torch.inference_mode()
def differences(count=64):
    engine, sources = Engine(load_pipeline(dtype='float32'), Settings(dtype='float32')), fashion_lt()['train']
    for side in (32, 128):
        number = count if side == 32 else count//8
        photographs = [sources.image(row).resize((side, side), Image.BICUBIC) for row in range(number)]
        pixels = engine.pipe.image_processor.preprocess(photographs)
        latents = engine._to_unet(engine.vae.encode(pixels).latent_dist.mean)
        whole = _as_images(engine._decode_latents(latents))
        parts = np.concatenate([_as_images(engine._decode_latents(part)) for part in latents.split(1)])
        print(f'{number} photographs of {side} pixels, one by one: {gap(parts, whole)} grey levels')
        for tile in (side//4, side//8):
            if tile < 8: continue
            engine.tile = tile
            with engine._tiling(): tiled = _as_images(engine._decode_latents(latents))
            print(f'{number} photographs of {side} pixels, in tiles of {2*tile}: {gap(tiled, whole)} grey levels', flush=True)
        engine.tile = None


if __name__ == '__main__':
    given = argparse.ArgumentParser()
    given.add_argument('--sides', type=int, nargs='+', default=[128, 256])
    differences()
    print(f'decoding: ratio {memory(given.parse_args().sides):.2f}')
    sys.stdout.flush()
