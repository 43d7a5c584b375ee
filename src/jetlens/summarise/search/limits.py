"""From what is left of signal and backgrounds to limits and significances, and what they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.limits import discovery_significance, expected_limit
from jetlens.summarise.estimates import Numbers, bounded, named, ratio
from jetlens.summarise.result import Result
from jetlens.summarise.search.tagging import rates
from jetlens.summarise.search.yields import Yields, by_cuts, by_tagger, tagged
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.gains import factor
from jetlens.summarise.trainings.retrainings import factor_over_trainings, place_of

WITH_LIMIT = "trainings_with_limit"
"""What the number of trainings that have a limit is called, where some have none."""
FEWEST = 2
"""Of several trainings, the fewest whose limits stand for all."""

Floats = NDArray[np.float64]


def reach(yields: Yields, summary: Any, systematic: float | None = None) -> tuple[Floats, Floats]:
    """Return limits (fb) and significances ``[mass, replica]``; NaN where they are not defined."""
    relative = summary.systematic if systematic is None else systematic
    there = np.isfinite(yields.background) & (yields.signal > 0) & (yields.background > 0)
    s, b = (np.where(there, x, 1.0)[..., None] for x in (yields.signal, yields.background))
    limit = expected_limit(s, b, relative)
    significance = discovery_significance(summary.cross_section * s, b, relative)
    return np.where(there, limit, np.nan), np.where(there, significance, np.nan)


def quantities(result: Result) -> dict[str, Floats]:
    """Return every number's replicas ``[replica]``, the nominal one first, by name."""
    summary: Any = result.summary
    found: dict[str, Floats] = {}
    chance = rates(result.sums)
    tagger, cuts = by_tagger(result, chance), by_cuts(result, chance)
    limits, significances = reach(tagger, summary)
    others, others_significances = reach(cuts, summary)
    without, _ = reach(tagger, summary, systematic=0.0)
    accepted = result.sums["accepted"].values
    all_, window = (tagged(result.sums[n].values, chance) for n in ("all", "window"))
    for m, mass in enumerate(summary.masses):
        at = f"{mass:g}"
        found[f"limit.{at}"] = limits[m]
        found[f"significance.{at}"] = significances[m]
        found[f"limit_without_systematic.{at}"] = without[m]
        found[f"cut_based.limit.{at}"] = others[m]
        found[f"cut_based.significance.{at}"] = others_significances[m]
        found[f"gain.{at}"] = ratio(others[m], limits[m])
        found[f"acceptance.{at}"] = accepted[m, 0]
        found[f"acceptance_and_tags.{at}"] = all_[m, 0]
        found[f"in_window.{at}"] = ratio(window[m, 0], all_[m, 0])
        for name, yields in (("tagger", tagger), ("cut_based", cuts)):
            passed = ratio(yields.signal[m], all_[m, 0] * summary.luminosity)
            found[f"{name}.signal_efficiency.{at}"] = passed
            found[f"{name}.background.{at}"] = yields.background[m]
    for p, name in enumerate(summary.processes[1:], 1):
        found[f"cross_section.{name}"] = all_[0, p]
        found[f"cross_section_before_tags.{name}"] = accepted[0, p]
    return {name: values for name, values in found.items() if values[0] > 0}


def numbers(result: Result) -> Numbers:
    """Return all of them with their intervals."""
    found: Numbers = {}
    for name, replicas in quantities(result).items():
        own = named(f"reach.{name}", replicas)
        if name.startswith(_SHARES):
            own = {k: bounded(number) for k, number in own.items()}
        found |= own
    return found


def limited(result: Result) -> list[float]:
    """Return the masses whose limit has the tightest cut that the simulated background allows."""
    summary: Any = result.summary
    yields = by_tagger(result, rates(result.sums))
    edge = yields.tightest & np.isfinite(yields.background[:, 0])
    return [m for m, at in zip(summary.masses, edge, strict=True) if at]


def compared(ensemble: Ensemble) -> Numbers:
    """Return the limits of every variation over its retrainings, and ratios between them.

    ``reach.<variation>.limit.1000`` and ``.significance.1000`` are geometric means over
    retrainings.
    ``reach.ratio.<variation>.1000.vs.<first>`` is the geometric mean of the ratio of limits to the
    variation that has the first place on an axis and is otherwise the same: below 1, it is better.
    Retrainings of the same number are compared; the interval is the error of the mean.

    Where the test sample of a retraining holds too little background for a limit, those of the
    others stand for all (of `FEWEST` at least), and ``reach.<variation>.trainings_with_limit.1000``
    is their number.
    """
    summary: Any = ensemble.members[0].result.summary
    measured = {member: quantities(member.result) for member in ensemble.members}
    trainings = ensemble.trainings()
    found: Numbers = {}
    for variation, members in trainings.items():
        each = [measured[member] for member in members.values()]
        start = ".".join(w for w in ("reach", place_of(variation)) if w)
        for name in _names(each, _COMPARED):
            there = [q[name] for q in each if name in q]
            if len(there) >= min(FEWEST, len(each)):
                found[f"{start}.{name}"] = factor_over_trainings([(float(q[0]), q) for q in there])
        for mass in summary.masses:
            many = sum(f"limit.{mass:g}" in q for q in each)
            if many < len(each):
                counted = dict.fromkeys(("value", "low", "high"), float(many))
                found[f"{start}.{WITH_LIMIT}.{mass:g}"] = counted
    for variation, first, pairs in ensemble.against_first():
        both = [(measured[ours], measured[others]) for ours, others in pairs]
        for name in _names([ours for ours, _ in both], ("limit.",)):
            shared = [(a[name], b[name]) for a, b in both if name in a and name in b]
            if len(shared) < min(FEWEST, len(both)):
                continue
            at = name.removeprefix("limit.")
            found[f"reach.ratio.{place_of(variation)}.{at}.vs.{first}"] = factor(
                [((float(a[0]), a), (float(b[0]), b)) for a, b in shared]
            )
    return {name: number for name, number in found.items() if number}


_SHARES = ("acceptance", "in_window", "tagger.signal_efficiency", "cut_based.signal_efficiency")
_COMPARED = ("limit.", "significance.", "cut_based.limit.", "cut_based.significance.", "gain.")


def _names(each: Sequence[Mapping[str, Floats]], starts: tuple[str, ...]) -> list[str]:
    """Return the names that begin so, of all trainings."""
    return list(dict.fromkeys(n for q in each for n in q if n.startswith(starts)))
