"""Is a variation better than the first? Differences of paired trainings, with a verdict each.

Verdicts are given at 95 %: that one is better or worse is said where the interval of that
confidence lies on one side of no difference. It stands beside them: not to be told apart is not to
be as good, and its end says what one loses at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from markupsafe import Markup

from jetlens.report.content import Cell, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import in_percent, measured, plain
from jetlens.report.variants import of_arguments, with_arguments
from jetlens.summarise.estimates import PAIRS
from jetlens.summarise.trainings.gains import VERDICT

LEVEL = f"{100 * VERDICT:.0f} %"
YES, NO, OPEN = "better", "worse", "not told apart"
MARKS = {YES: "holds", NO: "fails", OPEN: "open"}
ONE_PAIR = " (one pair)"
OF_ONE = (
    "Of one pair of trainings the interval is the test sample's alone: its verdict is on these two "
    "taggers, not on others that are trained alike. "
)


def verdict(number: Mapping[str, float], zero: float = 0.0, small: bool = False) -> str:
    """Say whether the 95 % interval lies on one side of `zero`; with `small`, lower is better."""
    above, below = number["low_95"] > zero, number["high_95"] < zero
    if not above and not below:
        return OPEN
    return YES if above != small else NO


def judged(
    number: Mapping[str, float],
    words: Mapping[str, str] = MappingProxyType({}),
    zero: float = 0.0,
    small: bool = False,
) -> Markup:
    """Return a difference, its interval of 95 % in brackets, and its verdict in some words."""
    said = verdict(number, zero, small)
    mark = Markup('{} <span class="number">({})</span> {}')
    return mark.format(measured(number), wide(number), marked(number, said, words.get(said, said)))


def marked(number: Mapping[str, float], said: str, words: str, alone: str = ONE_PAIR) -> Markup:
    """Return a verdict in its colour; of one pair of trainings, it says so."""
    after = alone if number.get(PAIRS) == 1 else ""
    return Markup('<span class="verdict {}">{}{}</span>').format(MARKS[said], words, after)


def wide(number: Mapping[str, float]) -> str:
    """Return the interval that the verdict is by."""
    return f"{plain(number['low_95'], 2)} to {plain(number['high_95'], 2)}"


def lost(number: Mapping[str, float]) -> str:
    """Say what is lost at most, where what is better is more; nothing where that is nothing."""
    low = number["low_95"]
    return f"loses at most {plain(-low, 2)}" if low < 0 else ""


def _told(places: str, first: str, numbers: Numbers) -> Iterator[tuple[str, Markup]]:
    """Go through what is compared of one variation: words, and the difference with its verdict."""
    start, end = f"gain.{places}.", f".vs.{first}"
    for arguments, some in of_arguments(numbers).items():
        which = with_arguments(arguments)
        auc = some.get(f"{start}auc{end}")
        if auc is not None:
            yield f"area under the curve, difference{which}", judged(auc, _at_most(auc))
        for name, number in some.items():
            at = name.removeprefix(f"{start}rejection.at_").removesuffix(f".relative{end}")
            if name == f"{start}rejection.at_{at}.relative{end}":
                words = f"background rejection at {at} % signal efficiency, gain in %{which}"
                yield words, judged(in_percent(number))
        for name, number in some.items():
            mass = name.removeprefix(f"reach.ratio.{places}.").removesuffix(end)
            if name == f"reach.ratio.{places}.{mass}{end}":
                words = f"expected limit at {mass} GeV, ratio{which}"
                yield words, judged(number, zero=1.0, small=True)


def _at_most(number: Mapping[str, float]) -> dict[str, str]:
    """Say what is lost at most by what is not told apart."""
    return {OPEN: f"{OPEN}: {lost(number)}"}


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
            for words, cell in _told(",".join((*there, place)), first, numbers):
                cells.setdefault(words, {})[place] = cell
        found += [(there, words, by_place) for words, by_place in cells.items()]
    if not found:
        return None
    shown = [p for p in places if any(p in cell for _, _, cell in found)]
    rows = [[*there, words, *(cell.get(p, "") for p in shown)] for there, words, cell in found]
    caption = (
        f"Each against {first}, all else the same. {errors} The interval, of 68 %, is the error of "
        "the mean difference over the trainings (times Student's factor for so few) and the test "
        f"sample's bootstrap error, in quadrature. Verdicts are at {LEVEL}, by the interval in "
        "brackets: where it holds no difference, the two are not told apart, which is not to say "
        "that they are alike: what is lost at most is told beside it. One verdict in twenty is "
        f"chance. {OF_ONE}A ratio of limits below 1 is better."
    )
    return Table([*map(_short, others), f"against {first}", *shown], rows, caption)


def _short(axis: str) -> str:
    return axis.rpartition(".")[2].replace("_", " ")
