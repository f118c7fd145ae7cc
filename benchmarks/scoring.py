"""Scoring a spectrum against the per-triple loop: `python benchmarks/scoring.py [--quick]`

The loop is what the published code does: CLIP's processor and model for each synthetic image, its source and its class text.
Ours reads the same images from the store, and embeds each source and class once. Same model, one process; the loop in the library's default float32,
ours in what the device is fastest in, as `Clip` has it (the difference of the scores is printed)."""
import argparse
import tempfile
import time
import warnings

import numpy as np
import pandas as pd
import torch

warnings.filterwarnings('ignore')
from discl.data.fashion import fashion_lt  # noqa: E402
from discl.models.clip import Clip  # noqa: E402
from discl.spectrum.scoring import score  # noqa: E402
from discl.core.images import decode_image, encode_image  # noqa: E402
from discl.spectrum.store import Store  # noqa: E402


def triple_loop(clip, sources, rows):
    "Scores, and seconds per image"
    at, out, start = {s: k for k, s in enumerate(sources.items.id)}, [], time.perf_counter()
    for r in rows.itertuples():
        with torch.no_grad():
            inputs = clip.processor(text=[clip.class_text.format(r.name)], images=[decode_image(r.image), sources.image(at[r.source])], return_tensors='pt', padding='max_length', truncation=True)
            o = clip.model(**inputs)
            v, t = (e/e.norm(dim=-1, keepdim=True) for e in (o.image_embeds, o.text_embeds))
            out.append(((v[0]@t[0]).item(), (v[0]@v[1]).item()))
    return np.array(out), (time.perf_counter() - start)/len(rows)


def main(quick):
    n, few = (16, 60) if quick else (64, 400)
    images, clip, plain, rng = fashion_lt()['train'], Clip(), Clip(dtype='float32'), np.random.default_rng(0)
    sources = images[images.items.id[:n]]
    rows = [dict(job=f'{s}-{k}', source=s, label=label, name=images.classes[label], lam=.5, seed=k, prompt='', image=encode_image(sources.image(i)) if k == 0 else data)
            for i, (s, label) in enumerate(zip(sources.items.id, sources.labels)) for k in range(32)
            for data in [encode_image(images.image(int(rng.integers(len(images)))))]]
    frame = pd.DataFrame(rows)
    few = frame.iloc[::len(frame)//few]
    triple_loop(plain, sources, few.iloc[:3])
    theirs, first = triple_loop(plain, sources, few)
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as d:
            store = Store(d)
            for i in range(0, len(frame), 512): store.append(frame.iloc[i:i + 512]) # shards as `generate` writes them
            start = time.perf_counter()
            assert score(store, sources, clip) == len(frame)
            times.append((time.perf_counter() - start)/len(frame))
            said = store.scores().set_index('job')
    second = triple_loop(plain, sources, few)[1]
    loop, ours = min(first, second), sorted(times)[1]
    gap = np.abs(theirs - said.loc[few.job, ['text_score', 'image_score']].to_numpy()).max()
    assert gap < .02, gap
    print(f'{len(frame)} images of {n} sources; the loop on {len(few)} of them; {torch.get_num_threads()} threads, torch {torch.__version__}; {clip.dtype}')
    print(f'per-triple loop {1/loop:8.1f} images/s\nscore           {1/ours:8.1f} images/s; largest difference of a score {gap:.1e}')
    print(f'scoring: ratio {loop/ours:.1f}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='the same line within a minute')
    main(parser.parse_args().quick)
