"""Jets of constituents that can be moved, and a small tagger of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.batch import JetBatch
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit
from jetlens.taggers.encode import encode

CLASSES = ("gluon", "quark")
FEATURES = ("pt", "deta", "dphi", "m2", "charge", "is_photon", "d0_significance")
JETS = ("pt", "multiplicity")
RADIUS = 0.4
PION = 0.13957**2


def jets(n: int = 30, places: int = 8, seed: int = 1) -> JetBatch:
    """Random jets in double precision; masks have holes, the first jet has no particles."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, places)) < 0.6
    mask[0], mask[1], mask[2] = False, True, np.arange(places) == 3
    photon = rng.random((n, places)) < 0.3
    pt = rng.exponential(8.0, (n, places)) + 0.3
    distance, angle = RADIUS * rng.random((n, places)), 2 * np.pi * rng.random((n, places))
    values = np.stack(
        [
            pt,
            distance * np.cos(angle),
            distance * np.sin(angle),
            np.where(photon, 0.0, PION),
            np.where(photon, 0.0, rng.choice([-1.0, 1.0], (n, places))),
            photon,
            np.where(photon, 0.0, rng.normal(size=(n, places))),
        ],
        -1,
    )
    own = np.stack([(pt * mask).sum(1) + 1, mask.sum(1)], -1)
    return jl.batch(
        {"jets": (own.astype(float), JETS), "constituents": (values, FEATURES, mask)},
        label=rng.integers(0, 2, n),
        classes=CLASSES,
        event=np.arange(n) // 2,
        row=500 + np.arange(n),
    )


class Set(nn.Module):
    """A deep set over constituents, beside what is known of the jet."""

    def __init__(self, features: int = len(FEATURES), own: int = len(JETS)) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(features, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU())
        self.all = nn.Sequential(nn.Linear(16 + own, 16), nn.GELU(), nn.Linear(16, len(CLASSES)))

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        each = self.each(inputs["constituents"]) * masks["constituents"][..., None]
        return self.all(torch.cat([each.sum(1), inputs["jets"]], 1))


def tagger(logarithm: bool = False, scaled: bool = True, seed: int = 3) -> jl.Tagger:
    """Return a tagger in double precision, with the logarithm of pt or pt itself."""
    torch.manual_seed(seed)
    inputs = {"jets": JETS, "constituents": FEATURES}
    floors = {"constituents": {"pt": 0.5}} if logarithm else None
    scaling = fit([jets(200, seed=8)], inputs, floors=floors) if scaled else Scaling()
    made = jl.wrap(Set().double(), inputs, CLASSES, scaling=scaling)
    with torch.no_grad():  # let it decide for both classes
        logits = made(*encode(made, jets(200, seed=8)))
        made.module.all[-1].bias[1] -= (logits[:, 1] - logits[:, 0]).median()
    return made
