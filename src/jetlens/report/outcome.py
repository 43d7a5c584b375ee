"""What came out of a comparison, in a sentence or two made of its numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product

from markupsafe import Markup

from jetlens.plots.shared.panels import listed
from jetlens.report.facts import Numbers
from jetlens.report.numbers import measured
from jetlens.report.verdicts import LEVEL, NO, OPEN, YES, verdict, wide
from jetlens.summarise.trainings.performances import BACKGROUND, EFFICIENCY
from jetlens.summarise.trainings.retrained import RANDOM, REVERSE

Places = Mapping[str, str]


def best_of(
    axes: Mapping[str, Sequence[str]],
    numbers: Numbers,
    mistag: str,
    at: Collection[Sequence[str]] | None = None,
) -> list[Markup]:
    """Say which place on the last axis is best at each place of the others, and what it gains.

    A place is called best alone only where its interval is above those of all others; otherwise
    those that overlap with it are named.

    Parameters
    ----------
    axes
        The axes with their places, in the recipe's order.
    numbers
        What the comparison found.
    mistag
        The background efficiency in per cent at which signal efficiencies are compared.
    at
        Places on the other axes; left out, all.
    """
    if not axes or len(list(axes.values())[-1]) < 2:
        return []
    *others, last = axes
    found = []
    for there in product(*(axes[a] for a in others)) if at is None else at:
        said = _best(there, axes[last], numbers, mistag)
        if said is not None:
            where = ", ".join(f"{_short(a)} {p}" for a, p in zip(others, there, strict=True))
            found.append(Markup("At {}: {}").format(where, said) if where else said)
    if not found:
        return []
    head = Markup("Highest signal efficiency at {} % background. ").format(mistag)
    return [head + Markup(" ").join(found)]


def _best(
    there: Sequence[str], places: Sequence[str], numbers: Numbers, mistag: str
) -> Markup | None:
    """Return the sentence about one place of the other axes, if two places have numbers there."""
    names = {p: f"{EFFICIENCY}.{','.join((*there, p))}.at_{BACKGROUND}{mistag}" for p in places}
    each = {p: numbers.get(name) for p, name in names.items()}
    known = {p: n for p, n in each.items() if n is not None}
    if len(known) < 2:
        return None
    best = max(known, key=lambda p: known[p]["value"])
    close = [p for p, n in known.items() if p != best and n["high"] >= known[best]["low"]]
    if len(close) == len(known) - 1:
        return Markup("no one is best: the 68 % intervals of all overlap with {}'s, {}.").format(
            best, measured(known[best])
        )
    words = Markup("<b>{}</b>, {}").format(best, measured(known[best]))
    if close:
        words += Markup(", not told apart from {} (68 % intervals overlap)").format(listed(close))
    place = ",".join((*there, best))
    gained = numbers.get(f"gain.{place}.{EFFICIENCY}.at_{BACKGROUND}{mistag}.vs.{places[0]}")
    if gained is not None:
        words += Markup("; its gain over {} is {} ({} at {})").format(
            places[0], measured(gained), wide(gained), LEVEL
        )
    return words + Markup(".")


def orders_of(numbers: Mapping[str, Numbers]) -> list[Markup]:
    """Say whether inputs in the order of relevance do better than in other orders.

    Parameters
    ----------
    numbers
        Headline numbers by variation; only those that were retrained say something.
    """
    told = []
    for over, words in ((RANDOM, "random orders"), (REVERSE, "the reverse order")):
        name = f"retrained.advantage.auc.over.{over}"
        known = [found[name] for found in numbers.values() if name in found]
        if known:
            said = [verdict(n) for n in known]
            better, worse, rest = (said.count(v) for v in (YES, NO, OPEN))
            counts = [f"better in {better} of {len(known)} variations"] if better else []
            counts += [f"worse in {worse} of {len(known)}"] if worse else []
            counts += [f"not told apart in {rest} of {len(known)}"] if rest else []
            told.append(f"against {words} {', '.join(counts)}")
    if not told:
        return []
    words = "Retrained on the inputs of highest relevance first, by area under the curve"
    return [Markup("{}, told at {}: {}.").format(words, LEVEL, "; ".join(told))]


def _short(axis: str) -> str:
    return axis.rpartition(".")[2].replace("_", " ")
