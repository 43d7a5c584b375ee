"""How figures look: mplhep's style, jetlens's label, and one colour for each flavour and origin."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from jetlens.core.units import Feature
from jetlens.data.readers.ftag_variables import ORIGIN_TITLES, ORIGINS
from jetlens.summarise.jets.selection import NOT_POSITIVE

if TYPE_CHECKING:
    from jetlens.summarise.result import Result

# Petroff's ten colours (arXiv:2107.02270), told apart with colour-vision deficiencies too
_BLUE, _ORANGE, _RED, _GREY, _PURPLE = "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"
_BROWN, _DARK_ORANGE, _SAND, _SLATE, _CYAN = "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"
CYCLE = (_BLUE, _ORANGE, _RED, _PURPLE, _BROWN, _DARK_ORANGE, _SAND, _CYAN, _GREY)

VERTEX_COLOURS = (_BLUE, _DARK_ORANGE, _PURPLE, "#1b7f5c", _BROWN, _RED, _SLATE)
"""Dark enough for text on white."""

FLAVOUR_COLOURS = {
    "all": "#222222",
    "b": _BLUE,
    "c": _ORANGE,
    "u": _SLATE,
    "tau": _PURPLE,
    "background": _BLUE,
    "signal": _RED,
    "qcd": _BLUE,
    "zz": _RED,
    "gluon": _BLUE,
    "quark": _RED,
    "electron": _BLUE,
    "photon": _ORANGE,
    "pion": _RED,
    "kaon": _PURPLE,
    NOT_POSITIVE: _BROWN,
}
FLAVOUR_TITLES = {
    "all": "All jets",
    "b": r"$b$-jets",
    "c": r"$c$-jets",
    "u": "Light-flavour jets",
    "tau": r"$\tau$-jets",
    "background": "Background jets",
    "signal": "Signal jets",
    "qcd": "QCD jets",
    "zz": r"$ZZ$ jets",
    "gluon": "Gluon jets",
    "quark": "Quark jets",
    "electron": "Electrons",
    "photon": "Photons",
    "pion": "Pions",
    "kaon": "Kaons",
    "Hbb": "H → bb jets",
    "Hcc": "H → cc jets",
    "Hgg": "H → gg jets",
    "H4q": "H → 4q jets",
    "Hqql": "H → ℓνqq jets",
    "Zqq": "Z → qq jets",
    "Wqq": "W → qq jets",
    "Tbqq": "t → bqq jets",
    "Tbl": "t → bℓν jets",
    NOT_POSITIVE: r"Jets with sum $\leq 0$",
}
ORIGIN_COLOURS = {
    "pileup": _GREY,
    "fake": _SLATE,
    "primary": _SAND,
    "from_b": _BLUE,
    "from_bc": _CYAN,
    "from_c": _ORANGE,
    "from_tau": _PURPLE,
    "other_secondary": _RED,
    "unknown": "#dddddd",
}
TITLES_OF_ORIGINS = {**dict(zip(ORIGINS, ORIGIN_TITLES, strict=True)), "unknown": "Unknown"}

SCORE_AXIS = {
    "sum": "Attribution / sum in the jet",
    "abs": "Attribution / sum of absolute values in the jet",
    "max": "Attribution / largest absolute value in the jet",
    "none": "Attribution",
}
_RC: dict[str, Any] = {
    "font.size": 12,
    # fonts by their own names: a figure then looks the same when it is saved outside this style.
    # The second is for signs that the first lacks
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],
    "mathtext.fontset": "stixsans",
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "axes.labelsize": 13,
    "axes.titlesize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "jetlens",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "lines.linewidth": 1.6,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw in jetlens's style inside the block; settings outside stay as they are."""
    with mpl.rc_context(), mpl.style.context([mplhep.style.ATLAS, _RC]):
        yield


def figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) that no window or global state knows of."""
    return Figure(figsize=(width, height), layout="constrained")


def label(ax: Axes, right: str = "") -> None:
    """Write jetlens's label above a panel, and a note on the right."""
    ax.set_title(r"$\mathbfit{jetlens}$  Simulation", loc="left", fontsize=13)
    if right:
        ax.set_title(right, loc="right", fontsize=11)


def legend(ax: Axes, **look: Any) -> None:
    """Draw a legend where there is something to name."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**look)


def flavour_colour(name: str, position: int = 0) -> str:
    """Return a class's colour; those without a fixed one are coloured by position."""
    return FLAVOUR_COLOURS.get(name, CYCLE[position % len(CYCLE)])


def flavour_title(name: str) -> str:
    """Return what a class's jets are called."""
    return FLAVOUR_TITLES.get(name, f"{name} jets")


def shown_groups(result: Result) -> list[str]:
    """Return the groups that are drawn: the classes that hold jets, or else all jets."""
    used = result.sums["jets"].sel(count="used")
    groups = [str(g) for g in used["group"].values if int(used.sel(group=g)) > 0]
    return [g for g in groups if g != "all"] or groups


def within(words: str) -> str:
    """Return words as they stand within a sentence: ``signal jets``, but ``QCD jets``."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def class_name(name: str) -> str:
    """Return what a class is called in a sentence: ``signal``, ``$b$``, ``light``, ``$ZZ$``."""
    if name == "u":
        return "light"
    return within(flavour_title(name)).removesuffix("-jets").removesuffix(" jets")


def features(result: Result) -> tuple[Feature, ...]:
    """Return the features that a result is about."""
    return tuple(Feature.from_dict(d) for d in result.sums.attrs["features"])


def tex(words: str) -> str:
    """Write the physics signs of a sentence in TeX, for figures."""
    for sign, written in _SIGNS.items():
        words = words.replace(sign, written)
    return words


def plain(title: str) -> str:
    """Write a TeX label in plain signs, for captions: ``τ₂₁`` and ``pT``."""
    title = re.sub(r"\\mathrm\{([^}]*)\}", r"\1", title)
    title = re.sub(r"\\([A-Za-z]+)\s?", lambda name: _COMMANDS.get(name[1], name[1]), title)
    title = re.sub(r"_\{?(\d+)\}?", lambda index: index[1].translate(_LOWERED), title)
    return re.sub(r"[_{}$]", "", title.replace("^", " "))


_SIGNS = {
    "s(d₀)": "$s(d_0)$",
    "|d₀|": "$|d_0|$",
    "σ(φ)": r"$\sigma(\phi)$",
    "|Δη|": r"$|\Delta\eta|$",
    "b-jets": "$b$-jets",
    "c-jets": "$c$-jets",
}
_COMMANDS = {
    "alpha": "α",
    "beta": "β",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "phi": "φ",
    "sigma": "σ",
    "tau": "τ",
    "Delta": "Δ",
    "sin": "sin ",
}
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def no_ticks(ax: Axes, axis: Literal["x", "y"]) -> None:
    """Leave an axis of names without tick marks."""
    sides = ("left", "right") if axis == "y" else ("top", "bottom")
    ax.tick_params(axis=axis, which="both", length=0, **dict.fromkeys(sides, False))


def boxes(
    ax: Axes,
    places: Sequence[float] | np.ndarray[Any, Any],
    quantiles: np.ndarray[Any, Any],
    width: float,
    colour: str,
    *,
    horizontal: bool = False,
) -> None:
    """Draw boxes of quantiles ``[place, 5]``: whisker, box, median, box, whisker."""
    for place, five in zip(places, quantiles, strict=True):
        if not np.isfinite(five).all():
            continue
        low, bottom, middle, top, high = five
        begin = place - width / 2
        corner, size = (begin, bottom), (width, top - bottom)
        whiskers = ([place, place], [low, bottom]), ([place, place], [top, high])
        median = ([begin, begin + width], [middle, middle])
        if horizontal:
            corner, size = corner[::-1], size[::-1]
            whiskers = tuple((y, x) for x, y in whiskers)  # type: ignore[assignment]
            median = median[::-1]
        for line in whiskers:
            ax.plot(*line, color=colour, linewidth=1.1)
        ax.add_patch(
            Rectangle(corner, *size, facecolor=colour, edgecolor=colour, alpha=0.45, linewidth=0.8)
        )
        ax.plot(*median, color="black", linewidth=1.4, solid_capstyle="butt")


def counted(result: Result) -> str:
    """Say how many jets a result saw, selected and used."""
    jets = result.sums["jets"].sel(group="all")
    if "normalise" in jets.dims:
        jets = jets.sel(normalise="sum")
    seen, selected, used = (int(jets.sel(count=c)) for c in ("seen", "selected", "used"))
    words = f"{selected:,} jets"
    if getattr(result.summary, "select", "all") == "correct":
        words = f"{selected:,} correctly tagged of {seen:,} jets ({seen - selected:,} dropped)"
    apart = selected - used
    if apart:
        words += f"; {apart:,} whose attributions do not add up to more than zero are kept apart"
    return words + "."
