"""Attributions made up for tests: holes in masks, jets with no tracks, several jets an event.

Features and scores follow the physics loosely (b tracks are displaced), so that figures look like
something; the explainer is not involved.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

import imaged
from jetlens.core import attention
from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch
from jetlens.core.attention import Tokens
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
OBJECTS = 9
CONSTITUENT_FEATURES = (
    Feature("pt_frac", label=r"$p_T / p_T^\mathrm{jet}$"),
    Feature("deta", label=r"$\Delta\eta$"),
    Feature("dphi", unit="rad", label=r"$\Delta\phi$"),
)
OBJECT_FEATURES = ("pt", "eta", "phi", "mass", "energy")
_WIDTH = np.array([0.05, 0.4, 0.02, 0.25, 0.35, 0.12, 0.08, 0.9])  # d0 of each origin, in mm


ATTENDED = (
    "attention-map",
    "attention-rank",
    "attention-entropy",
    "cross-attention",
    "importance-plane",
    "importance-by-type",
    "stream-use",
)
"""Summaries of attention, importance and streams, filled with events made up for them."""


GRADED = ("wanted-change", "vector-field", "correlations")
"""Summaries of gradients, filled with quark and gluon jets made up for them."""

SCANNED = ("nudge-scan", "moved-observables")
"""Summaries of jets that were moved by a scan of scales, made up for them."""


FLIPPED = ("flip-distance",)
"""Summaries of jets that were moved to where their decision flips, made up for them."""


def made_for(name: str, *arguments: int, **options: Any) -> xr.Dataset:
    """Make up what a summary takes."""
    if name in ATTENDED:
        return attended(*arguments, **options)
    if name in imaged.LOOKED:
        return imaged.looked(*arguments, **options)
    if name in GRADED:
        return graded(*arguments, **options)
    if name in SCANNED:
        return scanned(*arguments, **options)
    if name in FLIPPED:
        return flipping(*arguments, **options)
    return attribution(*arguments, image=True, propagated=True, events=True, **options)


def particles(name: str) -> str:
    """Return which particles a summary takes."""
    if name in imaged.LOOKED:
        return "prongs"
    return "constituents" if name in (*ATTENDED, *GRADED, *SCANNED, *FLIPPED) else "tracks"


def classes_for(name: str) -> tuple[str, ...]:
    """Return the classes that are made up for a summary."""
    if name in imaged.LOOKED:
        return imaged.CLASSES
    if name in ATTENDED:
        return ("background", "signal")
    return ("gluon", "quark") if name in (*GRADED, *SCANNED, *FLIPPED) else CLASSES


def bare(jets: xr.Dataset, collection: str) -> xr.Dataset:
    """Return the same jets without a particle: all their places are padding."""
    whats = ("score", "value", "importance", "moved", "flip_step")
    gone = [f"{collection}_{what}" for what in whats]
    gone += [str(v) for v in jets.data_vars if str(v).startswith(f"attention_{collection}")]
    nothing = {v: jets[v].copy(data=np.full(jets[v].shape, np.nan)) for v in gone if v in jets}
    return jets.assign({f"{collection}_mask": jets[f"{collection}_mask"] & False} | nothing)


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
    events: bool = False,
) -> xr.Dataset:
    """Make up an attribution of `jets` jets; no jet belongs to a class that is `absent`.

    With `image`, jets have an image of the tracks' pT around their axis, too; with `propagated`, it
    is told what relevance came in and what layers absorbed. With `events`, jets are whole events,
    with the variables of a heavy resonance's two fat jets.
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
    jet_features = JET_FEATURES
    if events:
        of_events = _events(label, np.random.default_rng([seed, start, 1]))
        jet_features = (*JET_FEATURES, *(Feature(name) for name in of_events))
        jet_values = np.column_stack([jet_values, *of_events.values()])
        jet_scores = np.pad(jet_scores, ((0, 0), (0, len(of_events))))

    inputs = {
        "tracks": (values.astype(np.float32), TRACK_FEATURES, mask),
        "jets": (jet_values.astype(np.float32), jet_features),
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


def _events(label: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Make up variables of events with two fat jets: of the first class, from a resonance."""
    signal = label == 0
    mass = np.where(signal, rng.choice([500.0, 750, 1000, 1500, 2000], size=len(label)), 0)
    own = rng.normal(125, 10, size=(2, len(label)))
    other = 40 + rng.exponential(60, size=(2, len(label)))
    m_1, m_2 = np.where(signal, own, other)
    broad = 400 + rng.exponential(400, size=len(label))
    return {
        "m_hh": np.where(signal, mass * rng.normal(0.98, 0.04, size=len(label)), broad),
        "m_1": m_1,
        "m_2": m_2,
        "deta_hh": rng.exponential(np.where(signal, 0.5, 1.5)),
        "resonance_mass": mass,
        "process": np.where(signal, 0, 1 + (rng.random(len(label)) < 0.1)),
        "xsec_weight": np.where(signal, 1e-3, 0.5) * rng.uniform(0.5, 1.5, size=len(label)),
        "tag_1": np.where(signal, 0.6, 0.02) * (m_1 > 60),
        "tag_2": np.where(signal, 0.5, 0.01) * (m_2 > 60),
    }


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


def attended(
    jets: int = 200,
    constituents: int = 12,
    *,
    seed: int = 1,
    classes: tuple[str, ...] = ("background", "signal"),
    absent: tuple[str, ...] = (),
    weighted: bool = True,
    start: int = 0,
    layers: int = 2,
    heads: int = 3,
) -> xr.Dataset:
    """Make up attention, importance and the use of streams for events of two large jets.

    Constituents are in order of pT, up to holes. In events of the last class each of the two jets
    has two prongs, and the leading constituents receive most of the attention.
    """
    rng = np.random.default_rng([seed, start, 7])
    there = [i for i, c in enumerate(classes) if c not in absent]
    label = rng.choice(there, size=jets) if there else np.full(jets, -1)
    prongs = label == len(classes) - 1

    mask = rng.random((jets, constituents)) < rng.uniform(0.3, 1.0, size=(jets, 1))
    mask[rng.random(jets) < 0.04] = False
    pt = -np.sort(-(rng.exponential(size=(jets, constituents)) ** 2), axis=1) + 1e-3
    fat_jet = rng.integers(0, 2, size=mask.shape)
    fraction = np.zeros(mask.shape)
    for side in (0, 1):
        own = np.where(mask & (fat_jet == side), pt, 0)
        fraction += own / np.maximum(own.sum(axis=1, keepdims=True), 1e-9)
    # the harder subjet is on the right and below, the other above
    second = rng.random(mask.shape) < np.where(prongs, 0.45, 0.15)[:, None]
    spread = rng.standard_t(3, size=(2, *mask.shape)) * np.where(prongs, 0.06, 0.14)[:, None]
    deta = spread[0] + np.where(second, -0.05, 0.08)
    dphi = spread[1] + np.where(second, 0.45, -0.3)
    flip = np.where(rng.random((jets, 2)) < 0.5, 1, -1)[np.arange(jets)[:, None], fat_jet]
    distance = np.hypot(*spread)
    kind = (rng.random(mask.shape)[..., None] > np.cumsum([0.55, 0.1, 0.33, 0.01])).sum(axis=-1)

    here = rng.random((jets, OBJECTS)) < 0.9
    here[rng.random(jets) < 0.03] = False
    values = rng.normal(size=(jets, OBJECTS, 5)).astype(np.float32)
    output = rng.normal(size=(jets, len(classes)))
    output[np.arange(jets), label] += 2.0 * (label >= 0)
    row = np.arange(start, start + jets)
    particles = np.stack([fraction, deta, dphi], axis=-1).astype(np.float32)
    told = {"fat_jet": fat_jet, "type": kind, "flip": flip}
    made = batch(
        {
            "constituents": (particles, CONSTITUENT_FEATURES, mask),
            "objects": (values, OBJECT_FEATURES, here),
        },
        label=label,
        classes=classes,
        weight=rng.uniform(0.5, 1.5, size=jets) if weighted else None,
        event=row // 3,
        row=row,
        truth={
            "constituents": {name: np.where(mask, v, -1) for name, v in told.items()}
            | {"dr_subjet": np.where(mask, distance, np.nan).astype(np.float32)}
        },
    )
    steep = np.where(prongs, 0.5, 0.08)[:, None] * np.arange(constituents)
    wanted = {"constituents": -steep, "objects": 1.5 * np.eye(OBJECTS)[np.where(prongs, 0, 8)]}
    real = {"constituents": mask, "objects": here}
    tables = {}
    for query, key in (("constituents", "constituents"), ("constituents", "objects")):
        shape = (jets, layers, heads, real[query].shape[1], real[key].shape[1])
        noise = rng.normal(size=shape) * np.arange(1, heads + 1)[:, None, None]
        found = _softmax(noise + wanted[key][:, None, None, None, :], real[query], real[key])
        tokens = [
            Tokens((c,) * n, tuple(range(n))) for c, n in ((query, shape[3]), (key, shape[4]))
        ]
        names = [f"{query}.{k}" for k in range(layers)], [str(h) for h in range(heads)]
        axes = attention.axes(query, key)
        told = {"query": query, "key": key}
        tables[attention.variable(query, key)] = Table(
            found.astype(np.float32), dict(zip(axes, (*names, *tokens), strict=True)), told
        )
    use = rng.dirichlet((2, 6), size=jets)
    tables["stream_share"] = Table(use, {"stream": ["constituents", "objects"]})
    loss = rng.normal([0.1, 0.6], 0.4, size=(jets, 2))
    tables["permutation_loss"] = Table(loss, {"stream": ["constituents", "objects"]})
    return attributions.build(
        made,
        {name: made[name].names for name in real},
        {},
        classes=classes,
        output=output,
        target=output.argmax(axis=1),
        importance={
            "constituents": fraction * rng.exponential(size=mask.shape) * (distance + 0.02) ** -0.5,
            "objects": rng.exponential(size=here.shape),
        },
        tables=tables,
        attrs={"method": "made up"},
    )


def with_attention(jets: xr.Dataset, weight: np.ndarray) -> xr.Dataset:
    """Let all constituents share their attention by weights ``[jet, place]`` of the real ones."""
    name = attention.variable("constituents", "constituents")
    mask = jets["constituents_mask"].values
    logits = np.log(np.maximum(weight.astype(np.float64), 1e-300))
    found = _softmax(logits[:, None, None, None, :], mask, mask)
    return jets.assign({name: jets[name].copy(data=np.broadcast_to(found, jets[name].shape))})


def leading(mask: np.ndarray) -> np.ndarray:
    """Return 1 for the first particle of each jet, 0 for the others ``[jet, place]``."""
    return 1.0 * (mask & (mask.cumsum(axis=1) == 1))


GRADED_FEATURES = (
    Feature("pt", unit="GeV", label="$p_T$"),
    Feature("deta", label=r"$\Delta\eta$"),
    Feature("dphi", unit="rad", label=r"$\Delta\phi$"),
    Feature("charge", label="$q$"),
    Feature("is_photon", label="photon"),
    Feature("is_muon", label="muon"),
)


def graded(
    jets: int = 200,
    constituents: int = 12,
    *,
    seed: int = 1,
    classes: tuple[str, ...] = ("gluon", "quark"),
    absent: tuple[str, ...] = (),
    weighted: bool = True,
    start: int = 0,
    unit: str = "spread",
) -> xr.Dataset:
    """Make up gradients of the last class's logit, and jets that were moved along them.

    The gradient points to the axis, the more so in jets of the first class, and the leading
    particles would have to be harder; no particle is a muon. Misclassified jets are moved.
    """
    rng = np.random.default_rng([seed, start, 11])
    there = [i for i, c in enumerate(classes) if c not in absent]
    label = rng.choice(there, size=jets) if there else np.full(jets, -1)
    narrow = label == len(classes) - 1
    mask = rng.random((jets, constituents)) < rng.uniform(0.3, 1.0, size=(jets, 1))
    mask[rng.random(jets) < 0.04] = False
    pt = 1 + 30 * rng.exponential(size=mask.shape) ** 2
    width = np.where(narrow, 0.08, 0.14)[:, None] / (1 + np.log(pt))
    angles = rng.standard_t(4, size=(2, *mask.shape)) * width
    charge = rng.integers(-1, 2, size=mask.shape)
    photon = (charge == 0) & (rng.random(mask.shape) < 0.7)
    value = np.stack([pt, *angles, charge, photon, np.zeros(mask.shape)], axis=-1)
    output = rng.normal(size=(jets, len(classes)))
    output[np.arange(jets), label] += 1.5 * (label >= 0)
    score = rng.normal(size=value.shape) * [0.05, 0.04, 0.04, 0.01, 0.005, 0]
    score[..., 0] += 0.02 * np.log(pt)
    pull = np.where(narrow, 0.3, 0.6)[:, None]
    for axis in (1, 2):
        score[..., axis] -= pull * angles[axis - 1]
    row = np.arange(start, start + jets)
    made = batch(
        {"constituents": (value.astype(np.float32), GRADED_FEATURES, mask)},
        label=label,
        classes=classes,
        weight=rng.uniform(0.5, 1.5, size=jets) if weighted else None,
        event=row // 3,
        row=row,
    )
    found = attributions.build(
        made,
        {"constituents": made["constituents"].names},
        {"constituents": score.astype(np.float32)},
        classes=classes,
        output=output,
        target=np.full(jets, len(classes) - 1),
        attrs={"method": "made up", "options": json.dumps({"unit": unit}), "target": classes[-1]},
    )
    scales = np.array([0.5, 1.0])
    step = score * [20, 0.1, 0.1, 0, 0, 0]
    moved = value[:, None] + scales[:, None, None] * step[:, None]
    there = mask & (label != output.argmax(axis=1))[:, None]
    moved = np.where(there[:, None, :, None], moved, np.nan)
    axes = ("jet", "scale", "constituents", "constituents_feature")
    return found.assign(constituents_moved=(axes, moved)).assign_coords(scale=scales)


SCALES = (0.0, 0.3, 1.0, 3.0)


def scanned(jets: int = 200, constituents: int = 12, **options: Any) -> xr.Dataset:
    """Make up misclassified jets that are moved toward their label by a scan of scales.

    They become narrower or wider, as jets of that class are; only charge, type and the number of
    particles stay. Half of them are decided otherwise at a scale of about one.
    """
    found = graded(jets, constituents, **options)
    label, output = found["label"].values, found["output"].values
    start = int(found["row"].values[0]) if jets else 0
    rng = np.random.default_rng([start, 13])
    wrong = (label >= 0) & (label != output.argmax(axis=1))
    step = np.array(SCALES)[:, None]
    factor = np.where(label == output.shape[1] - 1, -0.25, 0.25)[:, None, None] * step
    value = found["constituents_value"].values[:, None].astype(float)
    there = np.repeat(value, len(SCALES), axis=1)
    there[..., 1:3] *= np.exp(factor)[..., None]
    there[..., 0] *= np.exp(-0.3 * factor)
    gain = rng.exponential(1.5, jets)[:, None] * step.T
    said = np.repeat(output[:, None], len(SCALES), axis=1)
    said[np.arange(jets), :, label] += gain
    reasons = {
        "negative": gain > 3.0,
        "outside": rng.random((jets, 1)) < 0.1 * step.T,
        "off_shell": np.zeros(gain.shape, bool),
    }
    axes = ("jet", "scale", "constituents", "constituents_feature")
    flags = {f"unphysical_{k}": (axes[:2], v & wrong[:, None]) for k, v in reasons.items()}
    any_of = np.any([v for _, v in flags.values()], axis=0)
    return (
        found.drop_vars(("constituents_moved", "scale"))
        .assign(
            constituents_moved=(axes, np.where(wrong[:, None, None, None], there, np.nan)),
            moved_output=(("jet", "scale", "class"), np.where(wrong[:, None, None], said, np.nan)),
            target=("jet", np.where(wrong, label, output.argmax(axis=1))),
            unphysical=(axes[:2], any_of),
            bent=(axes[:2], any_of),
            **flags,
        )
        .assign_coords(scale=np.array(SCALES))
        .assign_attrs(
            method="nudge",
            toward="label",
            options=json.dumps({"normalise": "unit", "move": "wrong"}),
        )
    )


def flipping(jets: int = 200, constituents: int = 12, **options: Any) -> xr.Dataset:
    """Make up jets that were moved to where their decision flips, the leading particles farthest.

    One in five was not moved, and of the others one in four never flips; only pt and angles move,
    those of the first class twice as far.
    """
    found = graded(jets, constituents, **options).drop_vars(("constituents_moved", "scale"))
    start = int(found["row"].values[0]) if jets else 0
    rng = np.random.default_rng([start, 17])
    tried = rng.random(jets) < 0.8
    scale = np.where(tried & (rng.random(jets) < 0.75), rng.exponential(1.0, jets), np.nan)
    far = np.where(found["label"].values == 0, 2.0, 1.0)[:, None, None]
    pt = found["constituents_value"].values[..., :1]
    step = rng.normal(size=found["constituents_value"].shape) * [0.3, 0.2, 0.1, 0, 0, 0]
    step *= far * np.log(np.maximum(pt, 1.5))
    step[np.isnan(scale)] = np.nan
    return found.assign(
        flip_scale=("jet", scale),
        tried=("jet", tried),
        constituents_flip_step=(found["constituents_value"].dims, step),
    ).assign_attrs(
        method="flip",
        toward="other",
        options=json.dumps({"normalise": "unit", "scales": [0, 0.1, 1, 5]}),
    )


def _softmax(logits: np.ndarray, query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Normalise over real keys ``[jet, layer, head, query, key]``; padding is NaN."""
    real = (query[:, :, None] & key[:, None, :])[:, None, None]
    weight = np.where(real, np.exp(logits), 0)
    total = weight.sum(axis=-1, keepdims=True)
    return np.where(real, weight / np.where(total > 0, total, 1), np.nan)
