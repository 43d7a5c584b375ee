"""Which step brings jets nearest to those of a class, and of what they come nearer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from jetlens.summarise.estimates import CONFIDENCE, Numbers, given
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
    control: Floats | None = None,
) -> list[list[str]]:
    """Say of each observable and class ``[observable][class]`` what a step did to it.

    Or what it did that a control's did not.

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
    control
        Distances like `own`, after the control's steps.
    """
    low, high = ends
    least = width[:, None]
    said = np.where(high < -least, NEARER, np.where(low > least, FARTHER, OPEN))
    other = own[:, :, 0] if control is None else stepped(control, scale)
    step = np.abs(stepped(own, scale) - other).max(axis=-1)
    said = np.where(step <= 1e-9 * own[:, :, 0, 0], SAME, said)
    found: list[list[str]] = np.where(enough, said, OPEN).tolist()
    return found


def nearest(
    own: Floats,
    scales: Floats,
    allowed: NDArray[np.bool_],
    groups: Sequence[str] | None = None,
    control: Floats | None = None,
) -> tuple[int, Floats] | None:
    """Return the allowed scale at which jets are nearest: its place, and scales ``[replica]``.

    With a control, it is none at which jets are farther than after the control's step.

    Parameters
    ----------
    own
        As of `verdicts`.
    scales
        ``[scale]``.
    allowed
        ``[scale, replica]``.
    groups
        As of `mean_relative`.
    control
        As of `verdicts`.

    Returns
    -------
    None where no observable tells jets apart before the step, or no scale is allowed. Scales of
    replicas are NaN where the same holds of them.
    """
    mean = mean_relative(own, groups)
    if control is not None:
        allowed = allowed & (mean <= mean_relative(control, groups))
    mean = np.where(allowed, mean, np.nan)
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
    for n, t, of in _each(names, classes, enough):
        found |= _change(f"moved.change.{of}", change[n, t], *(float(e[n, t]) for e in ends))
        found |= exactly(f"moved.unchanged.{of}", float(said[n][t] == SAME))
        if said[n][t] != SAME:
            found |= exactly(f"moved.verdict.{of}", _SIGN[said[n][t]])
    return found


def control_numbers(
    own: Floats,
    control: Floats,
    scale: Places,
    ends: tuple[Floats, Floats],
    names: Sequence[str],
    classes: Sequence[str],
    said: list[list[str]],
    enough: NDArray[np.bool_],
) -> Numbers:
    """Return what a step does that the control's does not, as `verdict_numbers` does.

    Parameters
    ----------
    control
        Distances like `own`, after the control's steps.

    The other parameters are those of `verdict_numbers`.
    """
    found: Numbers = {}
    change = stepped(own, scale) - stepped(control, scale)
    for n, t, of in _each(names, classes, enough):
        if said[n][t] != SAME:
            found |= _change(f"moved.control.{of}", change[n, t], *(float(e[n, t]) for e in ends))
            found |= exactly(f"moved.picked_up.{of}", _SIGN[said[n][t]])
    return found


def _each(
    names: Sequence[str], classes: Sequence[str], enough: NDArray[np.bool_]
) -> Iterator[tuple[int, int, str]]:
    """Yield the places of observables and classes of enough jets, and what numbers call them."""
    for n, t in np.argwhere(np.broadcast_to(enough, (len(names), len(classes)))).tolist():
        yield n, t, f"{names[n]}.{classes[t]}"


def _change(name: str, estimates: Floats, low: float, high: float) -> Numbers:
    """Return a change of distance with two intervals of one Gaussian, or nothing without replicas.

    Parameters
    ----------
    name
        What it is called.
    estimates
        ``[replica]``, the nominal one first.
    low, high
        The ends of the interval of `DECIDED`.
    """
    value = float(estimates[0])
    half = (high - low) / 2 * norm.ppf((1 + CONFIDENCE) / 2) / norm.ppf((1 + DECIDED) / 2)
    ends = {"low": value - float(half), "high": value + float(half)}
    share = float(np.isfinite(estimates[1:]).mean())
    found = given({"value": value, **ends, "low_95": low, "high_95": high}, share)
    return {name: found} if found else {}


def exactly(name: str, value: float) -> Numbers:
    """Return a number that has no error."""
    return {name: dict.fromkeys(("value", "low", "high"), value)}
