"""Which step brings jets nearest to those of a class, and of what they come nearer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from jetlens.summarise.estimates import CONFIDENCE, Number, Numbers, given
from jetlens.summarise.sums.chance import mean_relative
from jetlens.summarise.sums.transport import DECIDED, Places, stepped

NEARER, FARTHER, OPEN = "nearer", "farther", "not told apart"
SAME = "does not change"
VERDICTS = (NEARER, FARTHER, OPEN, SAME)
"""What a step does to a distance; the last where it leaves the distance as it is."""
_SIGN = {NEARER: 1.0, FARTHER: -1.0, OPEN: 0.0}

Floats = NDArray[np.float64]


def verdicts(
    own: Floats,
    scale: Places,
    ends: tuple[Floats, Floats],
    width: Floats,
    enough: NDArray[np.bool_],
) -> list[list[str]]:
    """Say of each observable and class ``[observable][class]`` what a step did to it.

    Parameters
    ----------
    own
        Distances ``[observable, class, before and scale, replica]``, the nominal ones first.
    scale
        As of `stepped`.
    ends
        Of the intervals of their changes ``[observable, class]``.
    width
        ``[observable]``, what bins may have added to a distance: less than that is nothing.
    enough
        ``[class]``, whether there are jets enough to say anything.
    """
    low, high = ends
    least = width[:, None]
    said = np.where(high < -least, NEARER, np.where(low > least, FARTHER, OPEN))
    step = np.abs(stepped(own, scale) - own[:, :, 0]).max(axis=-1)
    said = np.where(step <= 1e-9 * own[:, :, 0, 0], SAME, said)
    found: list[list[str]] = np.where(enough, said, OPEN).tolist()
    return found


def nearest(own: Floats, scales: Floats, allowed: NDArray[np.bool_]) -> tuple[int, Floats] | None:
    """Return the allowed scale at which jets are nearest: its place, and scales ``[replica]``.

    Parameters
    ----------
    own
        As of `verdicts`.
    scales
        ``[scale]``.
    allowed
        ``[scale, replica]``.

    Returns
    -------
    None where no observable tells jets apart before the step, or no scale is allowed. Scales of
    replicas are NaN where the same holds of them.
    """
    mean = np.where(allowed, mean_relative(own), np.nan)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(mean).any(axis=0))
    if not known[0]:
        return None
    best = np.where(np.isfinite(mean), mean, np.inf).argmin(axis=0)
    return int(best[0]), np.where(known, scales[best], np.nan)


def verdict_numbers(
    own: Floats,
    scale: Places,
    ends: tuple[Floats, Floats],
    names: Sequence[str],
    classes: Sequence[str],
    said: list[list[str]],
    enough: NDArray[np.bool_],
) -> Numbers:
    """Return what a step does to each observable, as numbers, see `MovedObservables.numbers`.

    Parameters
    ----------
    own, scale, ends, enough
        As of `verdicts`.
    names, classes
        What the distances are of.
    said
        The verdicts.
    """
    found: Numbers = {}
    change = stepped(own, scale) - own[:, :, 0]
    low, high = ends
    for n, t in np.argwhere(np.broadcast_to(enough, (len(names), len(classes)))):
        of = f"{names[n]}.{classes[t]}"
        if told := _change(change[n, t], float(low[n, t]), float(high[n, t])):
            found[f"moved.change.{of}"] = told
        found |= exactly(f"moved.unchanged.{of}", float(said[n][t] == SAME))
        if said[n][t] != SAME:
            found |= exactly(f"moved.verdict.{of}", _SIGN[said[n][t]])
    return found


def _change(estimates: Floats, low: float, high: float) -> Number:
    """Return a change of distance with two intervals of one Gaussian.

    Parameters
    ----------
    estimates
        ``[replica]``, the nominal one first.
    low, high
        The ends of the interval of `DECIDED`.
    """
    value = float(estimates[0])
    half = (high - low) / 2 * norm.ppf((1 + CONFIDENCE) / 2) / norm.ppf((1 + DECIDED) / 2)
    ends = {"low": value - float(half), "high": value + float(half)}
    share = float(np.isfinite(estimates[1:]).mean())
    return given({"value": value, **ends, "low_95": low, "high_95": high}, share)


def exactly(name: str, value: float) -> Numbers:
    """Return a number that has no error."""
    return {name: dict.fromkeys(("value", "low", "high"), value)}
