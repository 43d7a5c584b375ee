"""What the caption of the figure of moved jets' observables says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.plots.shared.by_class import measured
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.moved import left_out, toward, unused, which, with_error
from jetlens.plots.shared.words import plain
from jetlens.summarise.estimates import LEAST, interval, ratio
from jetlens.summarise.jets.moved import BENT, SCALE, UNPHYSICAL, nothing_moved
from jetlens.summarise.jets.moved_scale import EVERY, MIDDLE, OWN, Looked
from jetlens.summarise.result import Result
from jetlens.summarise.sums.chance import clear, gaussian, mean_relative
from jetlens.summarise.sums.nearest import SAME, VERDICTS

Floats = NDArray[np.float64]


def caption(result: Result) -> str:
    """Say how to read the figure, which scale is recommended, and what jets become."""
    summary: Any = result.summary
    moved, jets = int(result.sums["moved"].sum()), result.sums["jets"].sel(group="all")
    if nothing := nothing_moved(result.sums):
        return f"{nothing} {left_out(result)}".rstrip()
    own = summary.own_distances(result)
    words = (
        f"{moved:,} {which(result)} moved toward {toward(result)}, beside "
        f"{int(jets.sel(count='used')):,} jets by true class; observables are computed anew from "
        "the moved particles. Of the tagger's inputs, each particle is an entry. "
        "Below each distribution, its ratio to that of the class stepped "
        "toward. On the right, Wasserstein distances to the true classes without what chance adds "
        "to them, with 68 % intervals (bootstrap over events) that reach down to zero where chance "
        f"may be all there is; {_precision(result, own)}. {left_out(result)}"
    )
    best = summary.recommended(result, own)
    scale = _none(result, own) if best is None else _recommendation(result, own, best)
    scale += _by_class(result, own)
    looked: Looked = summary.looked_at(result, own)
    scale += _drawn(result, looked)
    verdicts = _verdicts(result, own, looked.places)
    control = _controlled(result, own, looked.places)
    return f"{words}{scale} {verdicts} {control}{unused(result)}".rstrip()


def _none(result: Result, own: Floats) -> str:
    """Say why no scale is recommended."""
    if int(result.sums["moved"].sum()) < LEAST:
        return "No scale is recommended: too few jets are moved."
    if clear(own).any():
        return (
            "No scale is recommended: all of them bend the steps of too many jets, or bring these "
            "farther than a control does."
        )
    return (
        "No scale is recommended: no observable tells these jets from the class that they are "
        "moved toward."
    )


def _drawn(result: Result, looked: Looked) -> str:
    """Say by which scales jets are drawn as moved, and why by these."""
    told: dict[str, list[str]] = {OWN: [], EVERY: [], MIDDLE: []}
    for t, why in enumerate(looked.why):
        if result.sums["moved"].values[t] >= LEAST:
            toward = plain(class_name(str(result.sums["toward"].values[t])))
            scale = float(result.sums[SCALE].values[looked.places[t]])
            told[why].append(f"by {scale:g} toward {toward}")
    words = {
        OWN: "as is recommended toward that class alone",
        EVERY: "where no step is, as is recommended toward any class",
        MIDDLE: "where no step is recommended, the middle one of the scales",
    }
    listed = [f"{' and '.join(told[why])}, {said}" for why, said in words.items() if told[why]]
    return f" Moved jets are drawn {'; '.join(listed)}." if listed else ""


def _recommendation(result: Result, own: Floats, best: tuple[int, Floats]) -> str:
    """Say which scale is recommended and why."""
    summary: Any = result.summary
    place, scales = best
    _, low, high = (float(v) for v in interval(scales))
    every = result.sums[SCALE].values
    mean = gaussian(mean_relative(own, summary.groups(result)))
    range_ = f"{scales[0]:g} (68 % of bootstrap replicas: {low:g} to {high:g})"
    allowed = summary.allowed(result)[:, 0]
    if every[place] == 0:
        most = f" that is bent for {100 * summary.most_bent:.0f} % of the jets at most"
        step = "no step" + ("" if allowed.all() else most)
        return f"The recommended scale is {range_}: {step} brings these jets nearer to the class."
    among = ""
    if not allowed.all():
        among = (
            f", of the scales up to {every[allowed][-1]:g} at which constraints bend the steps of "
            f"no more than {100 * summary.most_bent:.0f} % of the jets (the others are shaded),"
        )
    used = int(clear(own).any(axis=1).sum())
    words = (
        f"The recommended scale is {range_}: it is that at which{among} the distance to the class "
        f"stepped toward, over that before the step and averaged over the {used} observables and "
        f"inputs that tell the jets from that class at first (those about the same count once), is "
        f"least, {_at(mean, place)}"
    )
    if place + 1 < len(every):
        words += f" (at {every[place + 1]:g}, {_at(mean, place + 1)})"
    shares = {n: 100 * s for n, s in summary.shares(result, place).items()}
    words += f". There, {_whole(shares['flipped'])} % of decisions flip"
    if BENT in shares:
        words += (
            f", and {_whole(shares[BENT])} % of the steps have to be bent by constraints; raw "
            f"steps in all features, also those that are held still, would be unphysical of "
            f"{_whole(shares[UNPHYSICAL])} %"
        )
    return words + "."


def _by_class(result: Result, own: Floats) -> str:
    """Say which scale is recommended of jets that are moved toward one class alone."""
    summary: Any = result.summary
    found = []
    for t, name in enumerate(str(c) for c in result.sums["toward"].values):
        best = summary.recommended(result, own, t)
        if best is not None:
            _, low, high = (float(v) for v in interval(best[1]))
            found.append(f"{plain(class_name(name))} {best[1][0]:g} ({low:g} to {high:g})")
    if len(found) < 2:
        return ""
    return f" Toward one class alone it is: {', '.join(found)}."


def _at(mean: tuple[Floats, Floats, Floats], place: int) -> str:
    """Write the mean at one scale with its interval."""
    return with_error(*(float(v[place]) for v in mean))


def _whole(estimates: Floats) -> str:
    """Write a number in per cent; without an interval where all replicas are the same."""
    return f"{estimates[0]:.0f}" if np.ptp(estimates) == 0 else measured(estimates)


def _verdicts(result: Result, own: Floats, places: NDArray[np.int64]) -> str:
    """Count what has come nearer, and what not."""
    counted = _counted(result, own, places)
    return f"Observables and inputs, at 95 % (one verdict in twenty is chance): {counted}."


def _counted(
    result: Result, own: Floats, places: NDArray[np.int64], control: Floats | None = None
) -> str:
    """Count the verdicts of each class: ``toward quark, by 0.7: 3 nearer, 1 farther``."""
    summary: Any = result.summary
    verdicts, found = summary.verdicts(result, own, places, control), []
    for t, name in enumerate(str(c) for c in result.sums["toward"].values):
        if result.sums["moved"].values[t] < LEAST:
            continue
        column = [row[t] for row in verdicts]
        listed = ", ".join(_times(v, column.count(v)) for v in VERDICTS if v in column)
        scale = float(result.sums[SCALE].values[places[t]])
        found.append(f"toward {plain(class_name(name))}, by {scale:g}: {listed}")
    return "; ".join(found)


def _controlled(result: Result, own: Floats, places: NDArray[np.int64]) -> str:
    """Say what the control is, and count what has come nearer than by it."""
    control = result.summary.control(result)  # type: ignore[attr-defined]
    if control is None:
        return ""
    return (
        "Faint lines are jets that were moved by control steps, as long and turned at random: only "
        "what comes nearer than by these has the network picked up. "
        f"Than by the control: {_counted(result, own, places, control)}. "
    )


def _times(verdict: str, times: int) -> str:
    """Say how often there is a verdict: ``3 nearer``, ``2 do not change``."""
    return f"{times} {'do not change' if verdict == SAME and times > 1 else verdict}"


def _precision(result: Result, own: Floats) -> str:
    """Say how large a share of a clear distance before the step one bin's width is at most."""
    summary: Any = result.summary
    some = clear(own)
    share = ratio(summary.bin_width(result)[:, None], own[:, :, 0, 0])[some]
    if not share.size:
        return "before the step, none of these is more than chance"
    return f"bins change what they are before the step by {100 * share.max():.1g} % at most"
