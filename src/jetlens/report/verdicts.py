"""Is a variation better than the first? Differences of paired trainings, with a verdict each.

Verdicts are given at 95 %: that one is better or worse is said where the interval of that
confidence lies on one side of no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from markupsafe import Markup

from jetlens.report.content import Cell, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import in_percent, measured
from jetlens.report.variants import of_arguments, with_arguments
from jetlens.summarise.trainings.gains import VERDICT

LEVEL = f"{100 * VERDICT:.0f} %"
YES, NO, OPEN = "better", "worse", "not told apart"
MARKS = {YES: "holds", NO: "fails", OPEN: "open"}


def verdict(number: Mapping[str, float], zero: float = 0.0, small: bool = False) -> str:
    """Say whether the 95 % interval lies on one side of `zero`; with `small`, lower is better."""
    above, below = number["low_95"] > zero, number["high_95"] < zero
    if not above and not below:
        return OPEN
    return YES if above != small else NO


def _told(
    places: str, first: str, numbers: Numbers
) -> Iterator[tuple[str, Mapping[str, float], str]]:
    """Go through what is compared of one variation: words, number, verdict."""
    start, end = f"gain.{places}.", f".vs.{first}"
    for arguments, some in of_arguments(numbers).items():
        which = with_arguments(arguments)
        auc = some.get(f"{start}auc{end}")
        if auc is not None:
            yield f"area under the curve, difference{which}", auc, verdict(auc)
        for name, number in some.items():
            at = name.removeprefix(f"{start}rejection.at_").removesuffix(f".relative{end}")
            if name == f"{start}rejection.at_{at}.relative{end}":
                per_cent = in_percent(number)
                words = f"background rejection at {at} % signal efficiency, gain in %{which}"
                yield words, per_cent, verdict(per_cent)
        for name, number in some.items():
            mass = name.removeprefix(f"reach.ratio.{places}.").removesuffix(end)
            if name == f"reach.ratio.{places}.{mass}{end}":
                words = f"expected limit at {mass} GeV, ratio{which}"
                yield words, number, verdict(number, 1.0, small=True)


def against_first(
    axes: Mapping[str, Sequence[str]], numbers: Numbers, errors: str, base: str | None = None
) -> Table | None:
    """Return every place on the last axis against one, by all that is compared.

    Parameters
    ----------
    axes
        The axes with their places, in the recipe's order.
    numbers
        What the comparison found.
    errors
        What is to be said of the trainings.
    base
        What they are compared with; left out, the first place.
    """
    if not axes:
        return None
    *others, last = axes
    first = axes[last][0] if base is None else base
    places = [place for place in axes[last] if place != first]
    found: list[tuple[tuple[str, ...], str, dict[str, Cell]]] = []
    for there in product(*(axes[a] for a in others)):
        cells: dict[str, dict[str, Cell]] = {}
        for place in places:
            for words, number, said in _told(",".join((*there, place)), first, numbers):
                mark = Markup('{} <span class="verdict {}">{}</span>')
                cells.setdefault(words, {})[place] = mark.format(
                    measured(number), MARKS[said], said
                )
        found += [(there, words, cell) for words, cell in cells.items()]
    if not found:
        return None
    shown = [p for p in places if any(p in cell for _, _, cell in found)]
    rows = [[*there, words, *(cell.get(p, "") for p in shown)] for there, words, cell in found]
    caption = (
        f"Each against {first}, all else the same. {errors} The interval, of 68 %, is the error of "
        "the mean difference over the trainings (times Student's factor for so few) and the test "
        f"sample's bootstrap error, in quadrature. Verdicts are at {LEVEL}: where the interval of "
        "that confidence holds no difference, the two are not told apart; one verdict in twenty is "
        "chance. A ratio of limits below 1 is better."
    )
    return Table([*map(_short, others), f"against {first}", *shown], rows, caption)


def beaten(
    axes: Mapping[str, Sequence[str]], numbers: Numbers, base: str | None = None
) -> list[Markup]:
    """Say in a sentence each whether a place is beaten, by the area under the curve.

    Parameters
    ----------
    axes, numbers, base
        As of `against_first`.
    """
    found = []
    for there, place, first in _pairs(axes, base):
        number = numbers.get(f"gain.{','.join((*there, place))}.auc.vs.{first}")
        if number is None:
            continue
        words = {
            YES: f"{place} beats {first}",
            NO: f"{place} does worse than {first}",
            OPEN: f"{place} is not told apart from {first}",
        }[verdict(number)]
        where = "".join(f"{_short(a)} {p}: " for a, p in zip(axes, there, strict=False))
        found.append(Markup("{}{}, {}").format(where, words, measured(number)))
    if not found:
        return []
    return [
        Markup("By area under the curve (differences with 68 % intervals, told at {}): {}.").format(
            LEVEL, Markup("; ").join(found)
        )
    ]


def _pairs(
    axes: Mapping[str, Sequence[str]], base: str | None
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Go through the places of the last axis but one, at each place of the others."""
    if axes:
        *others, last = axes
        first = axes[last][0] if base is None else base
        for there in product(*(axes[a] for a in others)):
            for place in axes[last]:
                if place != first:
                    yield there, place, first


def _short(axis: str) -> str:
    return axis.rpartition(".")[2].replace("_", " ")
