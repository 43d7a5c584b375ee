"""The table of moved jets: which observables have come nearer to the class stepped toward."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.words import said_of
from jetlens.report.content import Cell, Table
from jetlens.report.numbers import measured, plain
from jetlens.report.words import html
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.jets.moved import SCALE
from jetlens.summarise.jets.moved_scale import EVERY, MIDDLE, OWN, Looked
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.result import Result
from jetlens.summarise.sums.chance import LIMIT, clear, remaining_number, squares
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME
from jetlens.summarise.sums.transport import DECIDED

Floats = NDArray[np.float64]

_MARKS = {NEARER: "holds", FARTHER: "fails", OPEN: "open", SAME: "same"}
_WHY = {
    OWN: "that recommended toward the class alone",
    EVERY: "(of all) that toward any class, where no step is recommended toward this one",
    MIDDLE: "(middle) the middle one of those tried, where no step is recommended",
}

_AS_BEFORE = "the same"
_CAPTION = (
    "Does the network pick up what makes the classes? Wasserstein distances of the jets moved "
    "toward a class to true jets of it, before and after a step, without what chance adds to "
    "them, with 68 % intervals; where one is not told from chance, what it is below at 95 %. "
    "The step's scale is {scale}. Nearer: the step makes the jets more like those of the class in "
    "this observable. Verdicts are at {level}, by the interval of the change of distances as they "
    "are found (1.96 times the deviation of bootstraps over events, and what their bins hide; "
    "clear of zero by more than a bin may have added); one in twenty is chance. Where before and "
    "after are {open}, the interval holds zero; where the distance {same}, the step leaves the "
    "observable as it is. Recommended scales were chosen with the same jets, by the mean over all "
    "rows of a class that tell them from it, those that are about the same counting once; the last "
    "column has the verdicts at all scales. Where the distance before is no more than chance, the "
    "jets are like those of the class to begin with, and farther is all they can go. "
)
_CONTROLLED = (
    "A control step is as long, of the same particles, and turned about the jet's axis at random, "
    "so that it knows nothing of the jet. Nearer than the control: the direction of the gradient "
    "makes the jets more like those of the class, so that the network has picked the observable "
    "up. What is nearer, or farther, than before and not than the control is what any step of this "
    "length does."
)
_UNCONTROLLED = (
    'Without a control (control = "turned" of nudge) it is not known what any step of this length '
    "would do: nearer does not yet say that the network has picked the observable up."
)


def observables_table(result: Result) -> Table | None:
    """Return a verdict for every observable and input, or nothing where few jets are moved."""
    summary: Any = result.summary
    shown = [t for t, jets in enumerate(result.sums["moved"].values) if jets >= LEAST]
    if not shown:
        return None
    own, control = summary.own_distances(result), summary.control(result)
    looked: Looked = summary.looked_at(result, own)
    places, told = looked.places, clear(own)
    scales = [float(s) for s in result.sums[SCALE].values]
    every = [summary.verdicts(result, own, k, control) for k in range(len(scales))]
    titles = [html(feature.axis) for feature in summary.features(result)]
    judged = _judged(result, own, places)
    against = None if control is None else _judged(result, own, places, control)
    rows: list[list[Cell]] = []
    for t, n in product(shown, range(len(titles))):
        toward = html(class_name(str(result.sums["toward"].values[t])))
        before, after = (_cell(own[n, t, k]) for k in (0, 1 + places[t]))
        row = [titles[n], toward, before if told[n, t] else before + " (chance)", after]
        row += judged[n][t]
        if control is not None and against is not None:
            row += [_cell(control[n, t, 1 + places[t]]), *against[n][t]]
        row.append(_scale(scales[places[t]], looked.why[t]))
        rows.append([*row, ranges(scales, [v[n][t] == NEARER for v in every])])
    head = ["Observable or input", "toward", "distance before", "after", "change, 95 %", "verdict"]
    if control is not None:
        head += ["after the control", "less the control, 95 %", "than the control"]
    end = "nearer at scales" if control is None else "nearer than the control at scales"
    there = {looked.why[t] for t in shown}
    scale = "; ".join(words for why, words in _WHY.items() if why in there)
    caption = _CAPTION.format(scale=scale, level=f"{100 * DECIDED:.0f} %", open=OPEN, same=SAME)
    caption += _UNCONTROLLED if control is None else _CONTROLLED
    return Table([*head, "scale", end], rows, said_of(rows_of(result), caption))


def _judged(
    result: Result, own: Floats, places: NDArray[np.int64], control: Floats | None = None
) -> list[list[list[Cell]]]:
    """Return changes of distances ``[observable][toward]`` and what they say: two cells each."""
    summary: Any = result.summary
    _, low, high = summary.changes(result, own, places, control)
    found = []
    for n, verdicts in enumerate(summary.verdicts(result, own, places, control)):
        row = []
        for t, said in enumerate(verdicts):
            told = said != SAME and bool(np.isfinite(low[n, t]))
            ends = f"{plain(float(low[n, t]), 2)} to {plain(float(high[n, t]), 2)}" if told else ""
            words = _AS_BEFORE if said == SAME and control is not None else said
            mark = Markup('<span class="verdict {}">{}</span>').format(_MARKS[said], words)
            row.append([ends, mark])
        found.append(row)
    return found


def _scale(scale: float, why: str) -> str:
    """Write a scale, and why it is looked at where it is not the recommended one."""
    return f"{scale:g}" if why == OWN else f"{scale:g} ({why})"


def _cell(estimates: Floats) -> Cell:
    """Write a distance ``[replica]`` without what chance adds, or what it is below at 95 %."""
    number = remaining_number(squares(estimates))
    if LIMIT in number:
        return f"< {plain(number[LIMIT], 2)}"
    return measured(number) if number else ""


def ranges(scales: list[float], some: list[bool]) -> str:
    """Write at which scales something is so: ``0.1 to 1, 5``."""
    found = []
    for so, run in groupby(zip(scales, some, strict=True), key=lambda pair: pair[1]):
        ends = [f"{scale:g}" for scale, _ in run]
        if so:
            found.append(ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}")
    return ", ".join(found)
