"""Jets of which one class is wider, and taggers of which is known what they look at."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from torch import Tensor

import jetlens as jl
from jetlens.core.batch import JetBatch

CLASSES = ("gluon", "quark")
NAMES = ("pt", "deta", "dphi")
WIDTHS = np.array([0.12, 0.07])
SCALES = [0.0, 1.0]


def jets(n: int, seed: int, places: int = 12) -> JetBatch:
    """Jets without a direction, each of its own width; gluon jets are wider on average."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    mask = np.arange(places) < rng.integers(5, places + 1, n)[:, None]
    wide = WIDTHS[label] * rng.lognormal(0, 0.5, n)
    radius = wide[:, None] * rng.weibull(1.5, (n, places))
    angle = 2 * np.pi * rng.random((n, places))
    pt = rng.exponential(10, (n, places)) + 0.5
    values = np.stack([pt, radius * np.cos(angle), radius * np.sin(angle)], -1)
    row = seed * n + np.arange(n)
    return jl.batch(
        {"constituents": (values, NAMES, mask)}, label=label, classes=CLASSES, row=row, event=row
    )


def tagger(across: float) -> jl.Tagger:
    """Look at the mean of ``deta ** 2 + across * dphi ** 2``, weighted by pt: less is quarks.

    With ``across=1`` that is the width squared; with -1 it is whether a jet is longer in one
    direction, which says nothing of how wide it is.
    """

    def says(_: torch.nn.Module, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        pt, deta, dphi = inputs["constituents"].unbind(-1)
        share = pt * masks["constituents"]
        share = share / share.sum(1, keepdim=True)
        found = (share * (deta**2 + across * dphi**2)).sum(1) - (0.75 if across > 0 else 0)
        return torch.stack([found, -found], 1)

    scaling = {"constituents": {"pt": (0.0, 10.0), "deta": (0.0, 0.1), "dphi": (0.0, 0.1)}}
    return jl.wrap(
        torch.nn.Identity(), {"constituents": NAMES}, CLASSES, scaling=scaling, call=says
    )


def moved(across: float, toward: str, n: int, seed: int, scale: float = 0.7) -> xr.Dataset:
    """Move all jets of the other class toward this one, by a scale, and by a control's steps.

    Misclassified ones would be no fair sample: where it is their shape that misleads a tagger, the
    way back changes how wide they are, whatever the tagger knows of that.
    """
    (other,) = {*CLASSES} - {toward}
    options = {"move": {"label": other}, "toward": toward, "normalise": "unit", "control": "turned"}
    constraints = {"inside": 0.6, "fixed_pt": True}
    return jl.explain(
        tagger(across),
        jets(n, seed),
        "nudge",
        scales=[0.0, scale],
        hold="pt",
        constraints=constraints,
        **options,
    )
