"""From summed weights to limits: cuts chosen in one half of the events, events of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from jetlens.physics.limits import CONFIDENCE, discovery_significance, expected_limit
from jetlens.summarise.base import Numbers, named, ratio
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.gains import gain, over_trainings
from jetlens.summarise.trainings.retrainings import place_of

if TYPE_CHECKING:
    from jetlens.summarise.reach import Reach

Floats = NDArray[np.float64]

_SIGMAS = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True, eq=False)
class Yields:
    """What is left after a selection, by mass.

    Attributes
    ----------
    signal
        Events per fb of cross-section times branching ratio ``[mass, replica]``.
    background
        Events of all backgrounds ``[mass, replica]``; NaN where no cut is allowed.
    effective
        The effective number of simulated background events ``[mass]``.
    tightest
        Whether the simulated background ends where a half's cut is: a tighter one would leave too
        few ``[mass]``.
    """

    signal: Floats
    background: Floats
    effective: Floats
    tightest: NDArray[np.bool_]


def tagged(result: Result) -> Yields:
    """Return what passes the cuts on the discriminant, each half's cut applied to the other."""
    summary: Reach = result.summary  # type: ignore[assignment]
    sums, luminosity = result.sums, summary.luminosity
    above = np.flip(np.cumsum(np.flip(sums["score"].values, 3), axis=3), 3) * luminosity
    squares = np.flip(np.cumsum(np.flip(sums["score_squares"].values, 3), axis=3), 3)
    squares = squares[:, 1:].sum(axis=1) * luminosity**2  # [mass, half, bin]
    signal, background = above[:, 0], above[:, 1:].sum(axis=1)  # [mass, half, bin, replica]
    allowed = ratio(background[..., 0] ** 2, squares) >= summary.events
    # yields of a half, doubled, stand for those of the whole
    noise = np.sqrt(2 * background + (2 * summary.systematic * background) ** 2)
    merit = np.where(allowed[..., None], 2 * signal / (_SIGMAS / 2 + noise), -np.inf)
    cut = merit.argmax(axis=2)[:, ::-1, None]  # [mass, half, 1, replica]: the other half's
    there = allowed.any(axis=(1, 2))[:, None] & allowed.any(axis=2).all(axis=1)[:, None]
    s, b = (np.take_along_axis(x, cut, 2)[:, :, 0].sum(axis=1) for x in (signal, background))
    nominal = cut[..., 0]
    squared = np.take_along_axis(squares, nominal, 2)[..., 0].sum(axis=1)
    last = allowed.shape[2] - 1 - allowed[..., ::-1].argmax(axis=2)  # the tightest allowed
    return Yields(
        np.where(there, s, np.nan),
        np.where(there, b, np.nan),
        ratio(b[:, 0] ** 2, squared),
        (nominal[:, ::-1, 0] == last).any(axis=1),
    )


def cut_based(result: Result) -> Yields:
    """Return what passes the analysis without a tagger."""
    summary: Reach = result.summary  # type: ignore[assignment]
    content = result.sums["cut"].values * summary.luminosity
    squares = result.sums["cut_squares"].values[:, 1:].sum(axis=1) * summary.luminosity**2
    background = content[:, 1:].sum(axis=1)
    effective = ratio(background[:, 0] ** 2, squares)
    enough = (effective >= summary.events)[:, None]
    masses = np.zeros(len(effective), dtype=bool)
    return Yields(content[:, 0], np.where(enough, background, np.nan), effective, masses)


def reach(yields: Yields, summary: Reach, systematic: float | None = None) -> tuple[Floats, Floats]:
    """Return limits (fb) and significances ``[mass, replica]``; NaN where they are not defined."""
    relative = summary.systematic if systematic is None else systematic
    there = np.isfinite(yields.background) & (yields.signal > 0) & (yields.background > 0)
    s, b = (np.where(there, x, 1.0)[..., None] for x in (yields.signal, yields.background))
    limit = expected_limit(s, b, relative)
    significance = discovery_significance(summary.cross_section * s, b, relative)
    return np.where(there, limit, np.nan), np.where(there, significance, np.nan)


def quantities(result: Result) -> dict[str, Floats]:
    """Return every number's replicas ``[replica]``, the nominal one first, by name."""
    summary: Reach = result.summary  # type: ignore[assignment]
    found: dict[str, Floats] = {}
    by_tagger, by_cuts = tagged(result), cut_based(result)
    limits, significances = reach(by_tagger, summary)
    others, others_significances = reach(by_cuts, summary)
    without, _ = reach(by_tagger, summary, systematic=0.0)
    all_, window = (result.sums[n].values for n in ("all", "window"))
    for m, mass in enumerate(summary.masses):
        at = f"{mass:g}"
        found[f"limit.{at}"] = limits[m]
        found[f"significance.{at}"] = significances[m]
        found[f"limit_without_systematic.{at}"] = without[m]
        found[f"cut_based.limit.{at}"] = others[m]
        found[f"cut_based.significance.{at}"] = others_significances[m]
        found[f"gain.{at}"] = ratio(others[m], limits[m])
        found[f"acceptance.{at}"] = all_[m, 0]
        found[f"in_window.{at}"] = ratio(window[m, 0], all_[m, 0])
        for name, yields in (("tagger", by_tagger), ("cut_based", by_cuts)):
            passed = ratio(yields.signal[m], all_[m, 0] * summary.luminosity)
            found[f"{name}.signal_efficiency.{at}"] = passed
            found[f"{name}.background.{at}"] = yields.background[m]
    for p, name in enumerate(summary.processes[1:], 1):
        found[f"cross_section.{name}"] = all_[0, p]
    return {name: values for name, values in found.items() if values[0] > 0}


def numbers(result: Result) -> Numbers:
    """Return all of them with their intervals."""
    found: Numbers = {}
    for name, replicas in quantities(result).items():
        found |= named(f"reach.{name}", replicas)
    return found


def limited(result: Result) -> list[float]:
    """Return the masses whose cut is the tightest that the simulated background allows."""
    summary: Any = result.summary
    return [m for m, tight in zip(summary.masses, tagged(result).tightest, strict=True) if tight]


def compared(ensemble: Ensemble) -> Numbers:
    """Return the limits of every variation over its retrainings, and ratios between them.

    ``reach.<variation>.limit.1000`` and ``.significance.1000`` are means over retrainings.
    ``reach.ratio.<variation>.1000.vs.<first>`` is the geometric mean of the ratio of limits to the
    variation that has the first place on an axis and is otherwise the same: below 1, it is better.
    Retrainings of the same number are compared; the interval is the error of the mean.
    """
    measured = {
        variation: [quantities(r) for r in results]
        for variation, results in ensemble.groups().items()
    }
    found: Numbers = {}
    for variation, each in measured.items():
        for name in _common(each, ("limit.", "significance.", "cut_based.limit.", "gain.")):
            full = ".".join(w for w in ("reach", place_of(variation), name) if w)
            found[full] = over_trainings([(float(q[name][0]), q[name]) for q in each])
    for axis, places in ensemble.axes.items():
        if axis.partition(".")[0] == "data":
            continue  # the events are others
        for variation, each in measured.items():
            base = tuple((k, places[0] if k == axis else v) for k, v in variation)
            if base == variation or base not in measured:
                continue
            for name in _common([*each, *measured[base]], ("limit.",)):
                logs = [[np.log(q[name]) for q in group] for group in (each, measured[base])]
                pairs = [((a[0], a), (b[0], b)) for a, b in zip(*logs, strict=False)]
                number = {k: float(np.exp(v)) for k, v in gain(pairs).items()}
                at = name.removeprefix("limit.")
                found[f"reach.ratio.{place_of(variation)}.{at}.vs.{places[0]}"] = number
    return found


def _common(each: list[Mapping[str, Floats]] | list[dict[str, Floats]], starts: Any) -> list[str]:
    """Return the names that all have and that begin so, in their order."""
    return [n for n in each[0] if n.startswith(starts) and all(n in other for other in each)]
