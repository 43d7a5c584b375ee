"""Gradients and scans of moved jets beside plain passes of the same batches, in one run.

Jets have as many constituents as quark and gluon jets of 500 GeV do. The plain passes go through
the same chunks of packed jets, and nothing is made of what comes out; what is ours is `jl.explain`
as anybody calls it: jets go in, and attributions come out, in the jets' own order. *Packed* is the
part of it between these, of jets that are encoded and packed already, and *padded* the same with
all jets as long as the longest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

import jetlens as jl
from bench.turns import explained, medians
from jetlens.core.batch import JetBatch
from jetlens.core.registry import explainers, taggers
from jetlens.data.scaling.fit import fit
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode
from jetlens.taggers.state import at_rest

JETS, REPEATS = 400, 3
FEATURES = ("pt", "deta", "dphi", "m2", "charge")
CLASSES = ("gluon", "quark")
SCALES = [float(s) for s in np.linspace(0, 1, 20)]
MEAN, LONGEST = (33, 53), 139
"""Constituents of quark and gluon jets, and the most of any of them."""


@dataclass(frozen=True)
class Way:
    """One way through the jets, and its time over that of what it is compared with."""

    tagger: str
    name: str
    seconds: float
    ratio: float
    over: str
    most: float | None = None  # what the ratio is aimed at
    least: float | None = None


def jets(n: int) -> JetBatch:
    """Return `n` jets, half of them quark jets."""
    rng = np.random.default_rng(0)
    label = np.arange(n) % 2
    mean = np.array(MEAN[::-1])[label]
    count = rng.gamma(9.0, mean / 9.0).astype(int).clip(4, LONGEST)
    count[0] = LONGEST
    mask = np.arange(LONGEST) < count[:, None]
    pt = -np.sort(-0.3 - rng.pareto(1.2, mask.shape), axis=1)
    pt *= 525 / (pt * mask).sum(1, keepdims=True)
    angles = rng.normal(0, 0.12, (2, *mask.shape)).clip(-0.28, 0.28)
    charge = rng.integers(-1, 2, mask.shape)
    m2 = np.where(charge == 0, 0.0, 0.13957**2)
    values = np.stack([pt, *angles, m2, charge], -1).astype(np.float32)
    return jl.batch({"constituents": (values, FEATURES, mask)}, label=label, classes=CLASSES)


def all_taggers(batch: JetBatch) -> dict[str, Tagger]:
    """Return the taggers."""
    torch.manual_seed(0)
    inputs = {"constituents": FEATURES}
    scaling = fit([batch], inputs, floors={"constituents": {"pt": 0.1}})
    return {
        name: taggers.make(name, inputs=inputs, classes=CLASSES, scaling=scaling)
        for name in ("transformer", "cross-attention")
    }


def main(n: int = JETS, repeats: int = REPEATS) -> list[Way]:
    """Time all ways, in turn."""
    batch = jets(n)
    table = []
    for name, tagger in all_taggers(batch).items():
        with at_rest(tagger):
            table += _ways(name, tagger, batch, repeats)
    return table


def _ways(name: str, tagger: Tagger, batch: JetBatch, repeats: int) -> list[Way]:
    inputs, masks = encode(tagger, batch)
    packed = pack(tagger, inputs, masks)
    places = {k: torch.arange(m.shape[1]).expand(m.shape) for k, m in masks.items()}
    lengths = {k: torch.full((len(batch),), m.shape[1]) for k, m in masks.items()}
    padded = Packed(inputs, masks, torch.arange(len(batch)), places, lengths)
    scan = f"nudge, {len(SCALES)} scales"
    ways: dict[str, Callable[[], object]] = {
        "forward": lambda: _forward(tagger, packed),
        "forward and backward": lambda: _backward(tagger, packed),
    }
    for way, method, options in (
        ("gradient", "gradient", {}),
        (scan, "nudge", {"scales": SCALES, "constraints": {"inside": 0.4}}),
    ):
        ways[way] = partial(jl.explain, tagger, batch, method, **options)
        explainer = explainers.make(method, **options)
        for name_of, jets_of in (("packed", packed), ("padded", padded)):
            run = explained(explainer, tagger, jets_of, batch, "predicted")
            ways[f"{way}, {name_of}"] = run
    took = medians(ways, repeats)
    # the forward pass of the jets where they are comes with the backward pass
    passes = (len(SCALES) - 1) * took["forward"] + took["forward and backward"]
    plain = took["forward"], "forward", None, None
    over: dict[str, tuple[float, str, float | None, float | None]] = {
        "gradient": (took["forward and backward"], "forward and backward", 1.15, None),
        "gradient, packed": (took["forward and backward"], "forward and backward", None, None),
        "gradient, padded": (took["gradient, packed"], "packed", None, 2.0),
        scan: (passes, f"{len(SCALES)} forward, one backward", 1.0, None),
        f"{scan}, packed": (passes, f"{len(SCALES)} forward, one backward", None, None),
        f"{scan}, padded": (took[f"{scan}, packed"], "packed", None, 2.0),
    }
    table = []
    for way, seconds in took.items():
        other, words, most, least = over.get(way, plain)
        table.append(Way(name, way, seconds, seconds / other, words, most, least))
    return table


def _forward(tagger: Tagger, packed: Packed) -> None:
    with torch.no_grad():
        for some in packed.chunks():
            tagger(*packed.cut(some))


def _backward(tagger: Tagger, packed: Packed) -> None:
    for some in packed.chunks():
        inputs, masks = packed.cut(some)
        leaves = {k: v.detach().requires_grad_() for k, v in inputs.items()}
        tagger(leaves, masks).amax(1).sum().backward()


if __name__ == "__main__":
    torch.set_num_threads(2)
    for way in main(int(sys.argv[1]) if len(sys.argv) > 1 else JETS):
        print(way)
