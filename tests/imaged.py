"""Jets with images made up for tests, with prongs that are known, and explanations of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from jetlens.core import attention
from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch
from jetlens.core.attention import Tokens
from jetlens.core.attribution import PATCHES, Table
from jetlens.core.batch import JetBatch
from jetlens.core.units import Feature
from jetlens.explain.regions import with_regions
from jetlens.physics.image import pixelate, square

LOOKED = ("attention-fraction", "attention-overlay", "attention-distance")
"""Summaries of where in images a tagger looks, filled with jets made up for them."""

CLASSES = ("two", "four")
WINDOW, PIXELS, PATCH = 0.8, 24, 4
_EACH = 8  # particles of a prong


def jets(
    count: int = 200,
    prongs: int = 4,
    *,
    seed: int = 1,
    classes: tuple[str, ...] = CLASSES,
    absent: tuple[str, ...] = (),
    weighted: bool = True,
    start: int = 0,
    radius: float = 0.45,
) -> JetBatch:
    """Make up jets of two or four prongs around the axis, three jets an event; some have none.

    Prongs are given with noise, the partons as they are.
    """
    rng = np.random.default_rng([seed, start, 11])
    there = [i for i, c in enumerate(classes) if c not in absent]
    label = rng.choice(there, size=count) if there else np.full(count, -1)
    real = np.arange(max(prongs, 1)) < np.where(label == len(classes) - 1, 4, 2)[:, None]
    real[rng.random(count) < 0.04] = False
    angle = rng.uniform(0, 2 * np.pi, size=real.shape)
    distance = radius * np.sqrt(rng.random(real.shape))
    at = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=-1)
    share = rng.exponential(size=real.shape) + 0.2
    particles = np.repeat(at, _EACH, axis=1)
    particles = particles + 0.03 * rng.standard_normal(particles.shape)
    pt = np.repeat(share, _EACH, axis=1) * rng.exponential(size=particles.shape[:2]) * 20
    seen = np.repeat(real, _EACH, axis=1)
    image = pixelate(
        particles[..., 0],
        particles[..., 1],
        np.where(seen, pt, 0),
        window=square(WINDOW),
        pixels=PIXELS,
    )
    noisy = at + 0.01 * rng.standard_normal(at.shape)
    xy = ("x", "y", "pt")
    row = np.arange(start, start + count)
    made = batch(
        {
            "image": (image[:, None].astype(np.float32), ("pt",)),
            "prongs": (np.concatenate([noisy, share[..., None]], axis=2), xy, real),
            "partons": (np.concatenate([at, share[..., None]], axis=2), xy, real),
            "particles": (np.concatenate([particles, pt[..., None]], axis=2), xy, seen),
        },
        label=label,
        classes=classes,
        weight=rng.uniform(0.5, 1.5, size=count) if weighted else None,
        event=row // 3,
        row=row,
    )
    edges = np.linspace(-WINDOW, WINDOW, PIXELS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    places = {
        "x": (Feature("deta", label=r"$\Delta\eta$"), middles),
        "y": (Feature("dphi", unit="rad", label=r"$\Delta\phi$"), middles),
    }
    placed = replace(made["image"], places=places)
    return replace(made, collections={**made.collections, "image": placed})


def explained(
    some: JetBatch, looked: np.ndarray, patch: int | None = PATCH, seed: int = 1
) -> xr.Dataset:
    """Return an explanation of jets that looks at ``[jet, y, x]``, and says a class of each."""
    rng = np.random.default_rng([seed, int(some.row[0]) if len(some) else 0])
    output = rng.normal(size=(len(some), len(some.classes)))
    output[np.arange(len(some)), some.label] += 1.5 * (some.label >= 0)
    told = {} if patch is None else {PATCHES: json.dumps({"image": [patch, patch]})}
    found = attributions.build(
        some,
        {"image": ("pt",)},
        {},
        classes=some.classes,
        output=output,
        target=output.argmax(axis=1),
        importance={"image": looked.astype(np.float32)},
        tables=_attention(some, rng),
        attrs={"method": "made-up", "target": "predicted", **told},
    )
    return with_regions(found, some, some)


def looked(count: int = 200, prongs: int = 4, **options) -> xr.Dataset:
    """Make up jets and an explanation in patches, drawn to the pT but not only."""
    some = jets(count, prongs, **options)
    cells = PIXELS // PATCH
    pt = some["image"].values[:, 0].reshape(count, cells, PATCH, cells, PATCH).sum(axis=(2, 4))
    rng = np.random.default_rng([3, options.get("start", 0)])
    drawn = (pt + pt.mean()) * rng.exponential(size=pt.shape)
    return explained(some, drawn.repeat(PATCH, axis=1).repeat(PATCH, axis=2))


def _attention(some: JetBatch, rng: np.random.Generator) -> dict[str, Table]:
    """Make up two layers of two heads: the first looks near, the second anywhere."""
    cells = PIXELS // PATCH
    at = np.stack(np.divmod(np.arange(cells**2), cells), axis=1)
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    scores = rng.normal(size=(len(some), 2, 2, cells**2 + 1, cells**2 + 1))
    scores[:, 0, :, 1:, 1:] -= apart
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    tokens = Tokens(("class", *["image"] * cells**2), (-1, *range(cells**2)))
    names = ["0", "1"], ["0", "1"]
    axes = dict(zip(attention.axes("image", "image"), (*names, tokens, tokens), strict=True))
    table = Table(weights.astype(np.float32), axes, {"query": "image", "key": "image"})
    return {attention.variable("image", "image"): table}
