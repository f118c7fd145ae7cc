"""The spectrum engine against the plain loop and against the bare UNet: `python benchmarks/generation.py [--quick]`

The plain loop is what the published code and its peers do: one diffusers img2img call per image at the library's default
precision, the image saved, then CLIP per synthetic-real-text triple. The bound is the same number of UNet calls at the best
batch size and precision on random tensors, and nothing else. Both sides run in this process on the embedded models."""
import argparse
import resource
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import torch

warnings.filterwarnings('ignore')
from discl.core.basics import PAPER_SEEDS  # noqa: E402
from discl.data.fashion import fashion_lt  # noqa: E402
from discl.spectrum.guidance import steps_for, strength_of  # noqa: E402
from discl.spectrum.engine import Engine, Request  # noqa: E402
from discl.spectrum.jobs import list_jobs  # noqa: E402
from discl.spectrum.generation import generate  # noqa: E402
from discl.models.generators import EMBEDDED, Settings, load_pipeline, model_folder, settings_of  # noqa: E402
from discl.data.prompts import fashion_prompts  # noqa: E402
from discl.models.clip import Clip  # noqa: E402
from discl.spectrum.scoring import Scorer  # noqa: E402
from discl.spectrum.store import Store  # noqa: E402

LEVELS = (0., .1, .3, .5)


def work(n, settings):
    images = fashion_lt()['train']
    sources = images[images.items.id[:n]]
    return sources, list_jobs(sources, fashion_prompts(), LEVELS, PAPER_SEEDS, settings=settings)


def plain_loop(pipe, clip, sources, jobs, settings, folder):
    "Seconds per image"
    at = {s: k for k, s in enumerate(sources.items.id)}
    start = time.perf_counter()
    for r in jobs.itertuples():
        source = sources.image(at[r.source])
        image = pipe(prompt=r.prompt, image=source, strength=strength_of(r.lam), num_inference_steps=settings.steps,
                     guidance_scale=settings.guidance_scale, generator=torch.Generator().manual_seed(r.seed)).images[0]
        image.save(folder/f'{r.job}.png')
        with torch.no_grad():
            inputs = clip.processor(text=[clip.class_text.format(r.name)], images=[image, source], return_tensors='pt', padding='max_length', truncation=True)
            out = clip.model(**inputs)
            v = out.image_embeds/out.image_embeds.norm(dim=-1, keepdim=True)
            t = out.text_embeds/out.text_embeds.norm(dim=-1, keepdim=True)
            (v[0]@t[0]).item(), (v[0]@v[1]).item()
    return (time.perf_counter() - start)/len(jobs)


def engine(pipe, clip, sources, jobs, settings, **options):
    "Seconds per image, everything included that `generate` does but loading the model"
    with tempfile.TemporaryDirectory() as d:
        start = time.perf_counter()
        made = generate(jobs, sources, Store(d), settings=settings, pipe=pipe, scorer=Scorer(clip, sources), bar=False, say=lambda s: None, **options)
        took = time.perf_counter() - start
        assert made == len(jobs) == len(Store(d)) == len(Store(d).scores())
    return took/made


def unet_seconds(unet, batch, seconds=6.):
    "Per sample of one call on random tensors, median"
    c = unet.config
    x, t = torch.randn(batch, c.in_channels, c.sample_size, c.sample_size, dtype=unet.dtype), torch.randint(0, 1000, (batch,))
    text, took, begin = torch.randn(batch, 16, c.cross_attention_dim, dtype=unet.dtype), [], time.perf_counter()
    with torch.inference_mode():
        unet(x, t, encoder_hidden_states=text, return_dict=False)
        while time.perf_counter() - begin < seconds or len(took) < 3:
            start = time.perf_counter()
            unet(x, t, encoder_hidden_states=text, return_dict=False)
            took.append(time.perf_counter() - start)
    return sorted(took)[len(took)//2]/batch


def calls(jobs, settings):
    "UNet samples that the jobs need"
    return sum(n*steps_for(settings.steps, lam)[1] for lam, n in jobs.lam.value_counts().items())*(1 + (settings.guidance_scale > 1))


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024**2


def main(quick):
    shipped = settings_of(EMBEDDED)
    same = replace(shipped, steps=20, scheduler=None)
    n, few, patience = (6, 16, 2.) if quick else (64, 96, 8.)
    sources, jobs = work(n, same)
    part = jobs.iloc[::max(1, len(jobs)//few)]
    clip, plain_clip, folder = Clip(), Clip(dtype="float32"), tempfile.TemporaryDirectory()
    default = load_pipeline(dtype='float32')
    plain_pipe = type(default)(**default.components, requires_safety_checker=False)
    plain_pipe.set_progress_bar_config(disable=True)
    own = load_pipeline()
    print(f'{n} sources × {len(LEVELS)} levels × {len(PAPER_SEEDS)} seeds = {len(jobs)} images, {same.steps} steps of {type(own.scheduler).__name__}, w = {same.guidance_scale:g}, '
          f'{shipped.dtype}, {torch.get_num_threads()} threads, torch {torch.__version__}')

    plain_loop(plain_pipe, plain_clip, sources, part.iloc[:2], same, Path(folder.name))
    fifty, some = replace(same, steps=50), part if quick else part.iloc[::2]
    looped = [plain_loop(plain_pipe, plain_clip, sources, part.iloc[::2], same, Path(folder.name))]
    slow = [plain_loop(plain_pipe, plain_clip, sources, some.iloc[::2], fifty, Path(folder.name))]
    ours = engine(own, clip, sources, jobs, same, compiled=False)
    cheap = engine(own, clip, sources, work(n, shipped)[1], shipped, compiled=False)
    looped.append(plain_loop(plain_pipe, plain_clip, sources, part.iloc[1::2], same, Path(folder.name)))
    slow.append(plain_loop(plain_pipe, plain_clip, sources, some.iloc[1::2], fifty, Path(folder.name)))
    told = lambda seconds: f'{1/min(seconds):8.2f} images/s   (before the engine {1/seconds[0]:.2f}, after it {1/seconds[1]:.2f}; the faster counts)'
    loop = min(looped)
    print(f'plain loop ({len(part)} of the images)    {told(looped)}')
    print(f'engine, eager                       {1/ours:8.2f} images/s   {loop/ours:.2f}×   peak memory {memory():.2f} GB')

    tried = {b: unet_seconds(own.unet, b, patience/3) for b in (32, 64, 128, 256)}
    bound = min(tried.values())*calls(jobs, same)/len(jobs)
    print('bare UNet, ms per sample by batch    ' + ', '.join(f'{b}: {s*1000:.2f}' for b, s in tried.items()))
    print(f'bound (the UNet calls alone)        {1/bound:8.2f} images/s   share reached {bound/ours:.3f}')

    if not quick:
        for batch in (8, 16, 32, 64, 128): print(f'  batch {batch:<4} {1/engine(own, clip, sources, jobs.iloc[::8], same, compiled=False, batch=batch):8.2f} images/s')
        for k in (16, 4, 2): print(f'  {len(jobs.iloc[::k]):<5} jobs {1/engine(own, clip, sources, jobs.iloc[::k], same, compiled=False):8.2f} images/s   peak memory {memory():.2f} GB')
        cost = Engine(own, same, batch=64).compile(Request('', jobs.source[0], sources.image(0), jobs.prompt[0], .5, 0))
        fast = engine(own, clip, sources, jobs, same, compiled=True, batch=64)
        print(f'engine, compiled ({cost:.0f} s to compile)   {1/fast:8.2f} images/s   {loop/fast:.2f}× without, {loop/(fast + cost/len(jobs)):.2f}× with the compiling')

    print(f'plain loop at 50 steps              {told(slow)}')
    print(f'engine at the shipped {shipped.steps} steps ({shipped.scheduler or type(own.scheduler).__name__}; for its quality see {Path(model_folder(EMBEDDED)).parent.name}/README.md) {1/cheap:8.2f} images/s')
    print(f'generation: ratio {loop/ours:.2f}, bound {bound/ours:.3f}, equal-quality {min(slow)/cheap:.1f}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='the same lines within about a minute')
    main(parser.parse_args().quick)
