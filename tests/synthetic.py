"""Attributions made up for tests: holes in masks, jets with no tracks, several jets an event.

Features and scores follow the physics loosely (b tracks are displaced), so that figures look like
something; the explainer is not involved.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch
from jetlens.core.attribution import Table
from jetlens.core.units import Feature
from jetlens.data.readers.ftag_variables import CLASSES, JET_FEATURES, TRACK_FEATURES

# share of each origin (pile-up ... other secondary) among the tracks of b, c, light and tau jets
_SHARES = np.array(
    [
        [0.06, 0.01, 0.48, 0.18, 0.22, 0.0, 0.0, 0.05],
        [0.08, 0.01, 0.60, 0.0, 0.0, 0.24, 0.0, 0.07],
        [0.12, 0.02, 0.78, 0.0, 0.0, 0.0, 0.0, 0.08],
        [0.10, 0.01, 0.29, 0.0, 0.0, 0.0, 0.56, 0.04],
    ]
)
_WIDTH = np.array([0.05, 0.4, 0.02, 0.25, 0.35, 0.12, 0.08, 0.9])  # d0 of each origin, in mm


def attribution(
    jets: int = 200,
    tracks: int = 12,
    *,
    seed: int = 1,
    classes: tuple[str, ...] = CLASSES,
    absent: tuple[str, ...] = (),
    weighted: bool = True,
    start: int = 0,
    image: bool = False,
    propagated: bool = False,
) -> xr.Dataset:
    """Make up an attribution of `jets` jets; no jet belongs to a class that is `absent`.

    With `image`, jets have an image of the tracks' pT around their axis, too; with `propagated`, it
    is told what relevance came in and what layers absorbed.
    """
    rng = np.random.default_rng([seed, start])
    there = [i for i, c in enumerate(classes) if c not in absent]
    label = rng.choice(there, size=jets) if there else np.full(jets, -1)
    flavour = np.array([CLASSES.index(c) if c in CLASSES else 2 for c in classes])[label]

    mask = rng.random((jets, tracks)) < rng.uniform(0.1, 1.0, size=(jets, 1))
    mask[rng.random(jets) < 0.04] = False
    cumulative = _SHARES.cumsum(axis=1)
    drawn = rng.random((jets, tracks))
    origin = (drawn[..., None] > cumulative[flavour][:, None, :]).sum(axis=2).clip(0, 7)
    vertex = np.where(origin == 2, 0, rng.integers(0, 4, size=(jets, tracks)))

    pt = np.exp(rng.normal(1.5, 0.9, size=(jets, tracks))) + 0.5  # GeV
    d0 = rng.standard_t(2.5, size=(jets, tracks)) * _WIDTH[origin]
    d0 = d0.clip(-3.5, 3.5)
    sigma = 0.01 + 0.06 / pt
    signed = np.where(np.isin(origin, (3, 4, 5, 6)), 0.8, 0.0)
    side = np.where(rng.random((jets, tracks)) < 0.5 + signed / 2, 1, -1)
    values = rng.normal(size=(jets, tracks, len(TRACK_FEATURES)))
    columns = {f.name: i for i, f in enumerate(TRACK_FEATURES)}
    values[..., columns["d0"]] = d0
    values[..., columns["z0SinTheta"]] *= 0.2 + 3 * (origin == 0)[...]
    values[..., columns["deta"]] *= 0.08
    values[..., columns["dphi"]] *= 0.08
    values[..., columns["qOverP"]] = 1e-3 / pt * side
    values[..., columns["IP3D_signed_d0_significance"]] = side * np.abs(d0) / sigma
    values[..., columns["IP3D_signed_z0_significance"]] *= 2
    values[..., columns["phiUncertainty"]] = 1e-4 + 2e-3 / pt
    values[..., columns["thetaUncertainty"]] = 1e-4 + 1.5e-3 / pt
    values[..., columns["qOverPUncertainty"]] = 5e-7 + 1e-5 / pt
    counts = [i for n, i in columns.items() if n.startswith("number")]
    values[..., counts] = rng.poisson(1.0, size=(jets, tracks, len(counts)))

    jet_values = np.stack(
        [2e4 + 8e4 * rng.exponential(size=jets), rng.uniform(-2.5, 2.5, size=jets)], axis=1
    )
    output = rng.normal(size=(jets, len(classes)))
    output[np.arange(jets), label] += 2.5 * (label >= 0)
    target = output.argmax(axis=1)

    size = 0.05 * np.exp(rng.normal(0, 0.7, size=len(TRACK_FEATURES)))
    size[counts] *= 0.15
    scores = rng.standard_t(3, size=values.shape) * size
    heavy = np.isin(origin, (3, 4, 5))
    scores[..., columns["IP3D_signed_d0_significance"]] += np.where(heavy, 0.25, -0.02)
    scores[..., columns["d0"]] += np.where(heavy, 0.1, 0.0)
    scores += 0.01
    jet_scores = rng.normal(size=(jets, 2)) * 0.08

    inputs = {
        "tracks": (values.astype(np.float32), TRACK_FEATURES, mask),
        "jets": (jet_values.astype(np.float32), JET_FEATURES),
    }
    given = {"tracks": scores, "jets": jet_scores}
    if image:
        angles = values[..., [columns["dphi"], columns["deta"]]]
        pixels, of_pixels = _images(np.where(mask, pt, 0), angles, label)
        inputs["image"] = (pixels, (Feature("pt", unit="GeV", label="$p_T$"),))
        given["image"] = of_pixels

    row = np.arange(start, start + jets)
    made = batch(
        inputs,
        label=label,
        classes=classes,
        weight=rng.uniform(0.5, 1.5, size=jets) if weighted else None,
        event=row // 3,
        row=row,
        truth={
            "tracks": {
                "origin": np.where(mask, origin, -1),
                "vertex": np.where(mask, vertex, -1),
            }
        },
    )
    total = np.where(mask[..., None], scores, 0).sum(axis=(1, 2)) + jet_scores.sum(axis=1)
    if image:
        total += given["image"].sum(axis=(1, 2, 3))
    error = 1e-4 * np.exp(rng.normal(size=jets)) * np.where(rng.random(jets) < 0.5, -1, 1)
    swap = rng.random(mask.shape) < 0.2
    absorbed = rng.normal(size=(jets, 2, 3)) * [0.3, 0.02, 0.0]
    per_jet = {"relevance_in": total + absorbed.sum(axis=(1, 2)) + 0.01 * error}
    axes = {"layer": ["head.0", "head.2"], "cause": ["bias", "stabiliser", "softmax"]}
    return attributions.build(
        made,
        {name: [f.name for f in parts[1]] for name, parts in inputs.items()},
        given,
        classes=classes,
        output=output,
        target=target,
        per_jet=(per_jet if propagated else {})
        | {
            "baseline_output": output[np.arange(jets), target] - total + error,
            "completeness_error": error,
            "converged": rng.random(jets) < 0.97,
        },
        predictions={
            "tracks": {
                "origin": np.where(mask, np.where(swap, 2, origin), -1),
                "vertex": np.where(mask, np.where(swap, 0, vertex), -1),
            }
        },
        tables={"relevance_absorbed": Table(absorbed, axes)} if propagated else {},
        attrs={"explainer": "made up"},
    )


def _images(
    pt: np.ndarray, angles: np.ndarray, label: np.ndarray, pixels: int = 10, reach: float = 0.25
) -> tuple[np.ndarray, np.ndarray]:
    """Fill pT into images ``[jet, channel, y, x]``; where there is pT, classes differ in score."""
    place = ((angles + reach) / (2 * reach) * pixels).astype(int)
    jet, track = np.nonzero((pt > 0) & (place >= 0).all(-1) & (place < pixels).all(-1))
    x, y = place[jet, track].T
    image = np.zeros((len(pt), 1, pixels, pixels), np.float32)
    np.add.at(image, (jet, 0, y, x), pt[jet, track])
    away = np.hypot(*np.meshgrid(*2 * [np.arange(pixels) - pixels / 2 + 0.5]))
    slope = np.where(label % 2, -1.0, 1.0)[:, None, None, None] * (1.5 - away)
    return image, 0.02 * slope * np.log1p(image)
