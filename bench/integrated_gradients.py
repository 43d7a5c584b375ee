"""Integrated gradients beside Captum, on the demo's tagger and its test jets, in one run.

Both explain the predicted class from zero, with the jet head alone. The scores are judged against
1,024 Gauss-Legendre steps in double precision: the relative L1 error of a jet is the sum of the
absolute differences over the sum of the absolute reference scores.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

import jetlens as jl
from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import pack
from jetlens.taggers.encode import encode

CAPTUM_STEPS = 50  # what its users get
TOLERANCES = (3e-2, 2e-2, 1e-2, 5e-3, 2e-3, 1e-3, 3e-4)  # ours, from loose to tight
INTERNAL_BATCHES = (64, 256, 1024, None)
REFERENCE_STEPS = 1024


@dataclass(frozen=True)
class Way:
    """One way to compute the scores: its time, and how far off they are."""

    name: str
    seconds: float
    error: float  # 99th percentile of the relative L1 error of a jet's scores
    completeness: float  # 99th percentile of |completeness error| over the sum of |scores|
    gradients: float  # a jet


def main(tagger: Tagger, jets: JetBatch, repeats: int = 3) -> list[Way]:
    """Time all ways on the same jets; print nothing."""
    head = copy.deepcopy(tagger)
    head.tasks = {}
    reference = _reference(head, jets)
    size = np.abs(reference).sum(1).clip(1e-6)  # a jet without tracks may have no scores at all

    def worst(scores: np.ndarray) -> float:
        return float(np.percentile(np.abs(scores - reference).sum(1) / size, 99))

    theirs = worst(_captum_trimmed(head, jets)[0])
    # the loosest tolerance at which our scores are at least as good as Captum's
    tolerance = next(
        (t for t in TOLERANCES if worst(_jetlens(head, jets, t)[0]) <= theirs), TOLERANCES[-1]
    )
    ways: dict[str, Callable[[], tuple[np.ndarray, np.ndarray, float]]] = {
        f"jetlens, tolerance {tolerance:g}": lambda: _jetlens(head, jets, tolerance),
        **{
            f"Captum, internal batch {size or 'none'}": lambda size=size: _captum(head, jets, size)
            for size in INTERNAL_BATCHES
        },
        "Captum, sorted and trimmed": lambda: _captum_trimmed(head, jets),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(repeats):
        for name, way in ways.items():  # in turn, so that a drift of the machine meets all alike
            start = time.perf_counter()
            found[name] = way()
            seconds[name].append(time.perf_counter() - start)
    table = []
    for name, (scores, gap, gradients) in found.items():
        table.append(
            Way(
                name,
                statistics.median(seconds[name]),
                worst(scores),
                float(np.percentile(np.abs(gap) / size, 99)),
                gradients,
            )
        )
    return table


def _flat(found) -> np.ndarray:
    parts = [found.jets_score.values, np.nan_to_num(found.tracks_score.values)]
    return np.concatenate([p.reshape(len(p), -1) for p in parts], 1)


def _jetlens(
    head: Tagger, jets: JetBatch, tolerance: float
) -> tuple[np.ndarray, np.ndarray, float]:
    found = jl.explain(head, jets, "integrated-gradients", tolerance=tolerance)
    return _flat(found), found.completeness_error.values, float(found.steps.mean())


def _reference(head: Tagger, jets: JetBatch) -> np.ndarray:
    double = copy.deepcopy(head).double()
    predicted = jl.explain(head, jets, "integrated-gradients", steps=2, rule="trapezoid").target
    scores = np.zeros(())
    for position, name in enumerate(head.classes):  # the class that the tagger itself predicts
        rows = np.flatnonzero(predicted.values == position)
        if not len(rows):
            continue
        found = _flat(
            jl.explain(
                double,
                jets.take(rows),
                "integrated-gradients",
                target=name,
                steps=REFERENCE_STEPS,
                rule="gauss-legendre",
            )
        )
        if not scores.shape:
            scores = np.zeros((len(jets), found.shape[1]))
        scores[rows] = found
    return scores


def _captum(
    head: Tagger, jets: JetBatch, internal: int | None
) -> tuple[np.ndarray, np.ndarray, float]:
    inputs, masks = encode(head, jets)
    with torch.no_grad():
        target = head(inputs, masks).argmax(-1)

    def forward(jets: Tensor, tracks: Tensor, mask: Tensor) -> Tensor:
        return head({"jets": jets, "tracks": tracks}, {"tracks": mask})

    explainer = IntegratedGradients(forward)
    # an internal batch is never smaller than the batch; without one, all its steps are held at once
    at_once = min(internal or 64, len(target))
    scores, gaps = [], []
    for start in range(0, len(target), at_once):
        rows = slice(start, start + at_once)
        one, gap = explainer.attribute(
            (inputs["jets"][rows], inputs["tracks"][rows]),
            target=target[rows],
            additional_forward_args=masks["tracks"][rows],
            n_steps=CAPTUM_STEPS,
            internal_batch_size=internal,
            return_convergence_delta=True,
        )
        scores.append(torch.cat([one[0], one[1].flatten(1)], 1).numpy())
        gaps.append(gap.numpy())
    return np.concatenate(scores), np.concatenate(gaps), CAPTUM_STEPS


def _captum_trimmed(head: Tagger, jets: JetBatch) -> tuple[np.ndarray, np.ndarray, float]:
    """Captum, handed the same length-sorted, trimmed batches of a frozen model."""
    frozen = copy.deepcopy(head).requires_grad_(False)
    inputs, masks = encode(frozen, jets)
    packed = pack(frozen, inputs, masks)

    def forward(jets: Tensor, tracks: Tensor, mask: Tensor) -> Tensor:
        return frozen({"jets": jets, "tracks": tracks}, {"tracks": mask})

    explainer = IntegratedGradients(forward)
    scores = {name: torch.zeros_like(values) for name, values in packed.inputs.items()}
    gaps = torch.zeros(len(jets), dtype=torch.float64)
    for rows in packed.chunks(rows_per_jet=CAPTUM_STEPS):
        cut, cut_masks = packed.cut(rows)
        with torch.no_grad():
            target = frozen(cut, cut_masks).argmax(-1)
        one, gap = explainer.attribute(
            (cut["jets"], cut["tracks"]),
            target=target,
            additional_forward_args=cut_masks["tracks"],
            n_steps=CAPTUM_STEPS,
            return_convergence_delta=True,
        )
        scores["jets"][rows] = one[0].to(scores["jets"])
        scores["tracks"][rows, : one[1].shape[1]] = one[1].to(scores["tracks"])
        gaps[rows] = gap.double()
    back = {name: packed.restore(name, values) for name, values in scores.items()}
    flat = torch.cat([back["jets"], back["tracks"].flatten(1)], 1).numpy()
    return flat, packed.restore("", gaps).numpy(), CAPTUM_STEPS
