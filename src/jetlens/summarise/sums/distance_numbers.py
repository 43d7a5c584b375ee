"""Distances of moved jets to true classes as numbers: at every scale, and by observable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import Number, Numbers, given
from jetlens.summarise.sums.chance import (
    clear,
    gaussian,
    mean_relative,
    named_remaining,
    relative_squares,
)
from jetlens.summarise.sums.transport import Places, own_distances, stepped

Floats = NDArray[np.float64]


def mean_numbers(
    own: Floats,
    scales: Sequence[str],
    looked_at: int,
    groups: Sequence[str] | None = None,
    control: Floats | None = None,
) -> Numbers:
    """Return mean distances over those before: ``moved.distance.at.<scale>``, ``moved.distance``.

    With a control, what is left of them less the control's is ``moved.control.at.<scale>``.

    Parameters
    ----------
    own
        Distances ``[observable, class, before and scale, replica]``, the nominal ones first.
    scales
        What they are called.
    looked_at
        The place of that of ``moved.distance``.
    groups
        As of `mean_relative`.
    control
        Distances like `own`, after the control's steps.
    """
    mean = mean_relative(own, groups)
    each = [_mean(estimates) for estimates in mean]
    found = {f"moved.distance.at.{s}": number for s, number in zip(scales, each, strict=True)}
    found = {"moved.distance": each[looked_at]} | found
    if control is not None:
        less = mean - mean_relative(control, groups)
        found |= {
            f"moved.control.at.{s}": _mean(d, -np.inf) for s, d in zip(scales, less, strict=True)
        }
    return {name: number for name, number in found.items() if number}


def distance_numbers(
    every: Floats,
    scale: Places,
    names: Sequence[str],
    classes: Sequence[str],
    enough: NDArray[np.bool_],
) -> Numbers:
    """Return distances after a step, ``moved.distance.<observable>.<class>``, and to others.

    All are over the distance to the class stepped toward before the step, where that is more than
    chance.

    Parameters
    ----------
    every
        Distances ``[observable, toward, before and scale, class, replica]``.
    scale
        As of `stepped`.
    names, classes
        What they are of.
    enough
        ``[toward]``, whether there are jets enough to say anything.
    """
    own, found = own_distances(every), dict[str, Number]()
    after, other = stepped(own, scale), stepped(nearest_others(every), scale)
    for n, t in np.argwhere(clear(own) & enough):
        of, before = f"{names[n]}.{classes[t]}", own[n, t, 0]
        for name, there in ((of, after), (f"other.{of}", other)):
            square = relative_squares(there[n, t], before)
            found |= named_remaining(f"moved.distance.{name}", square)
    return found


def nearest_others(every: Floats) -> Floats:
    """Return distances to the nearest of the classes that are not stepped toward.

    ``[observable, toward, before and scale, replica]``; which is nearest, the nominal ones tell.
    """
    found = np.full((*every.shape[:3], every.shape[4]), np.nan)
    for t in range(every.shape[1]):
        others = np.delete(every[:, t], t, axis=2)
        if others.shape[2]:
            first = np.nan_to_num(others[..., :1], nan=np.inf).argmin(axis=2)
            found[:, t] = np.take_along_axis(others, first[:, :, None], axis=2)[:, :, 0]
    return found


def _mean(estimates: Floats, least: float = 0.0) -> Number:
    found = dict(zip(("value", "low", "high"), map(float, gaussian(estimates, least)), strict=True))
    return given(found, float(np.isfinite(estimates[1:]).mean()))
