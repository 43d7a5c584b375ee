"""Classes of jets and origins of tracks: what they are called, and their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jetlens.data.readers.ftag_variables import ORIGIN_TITLES, ORIGINS
from jetlens.plots.shared.style import (
    BLUE,
    BROWN,
    CYAN,
    CYCLE,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SAND,
    SLATE,
)
from jetlens.plots.shared.words import within
from jetlens.summarise.jets.selection import NOT_POSITIVE

if TYPE_CHECKING:
    from jetlens.summarise.result import Result

FLAVOUR_COLOURS = {
    "all": "#222222",
    "b": BLUE,
    "c": ORANGE,
    "u": SLATE,
    "tau": PURPLE,
    "background": BLUE,
    "signal": RED,
    "qcd": BLUE,
    "zz": RED,
    "gluon": BLUE,
    "quark": RED,
    "electron": BLUE,
    "photon": ORANGE,
    "pion": RED,
    "kaon": PURPLE,
    NOT_POSITIVE: BROWN,
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
    "pileup": GREY,
    "fake": SLATE,
    "primary": SAND,
    "from_b": BLUE,
    "from_bc": CYAN,
    "from_c": ORANGE,
    "from_tau": PURPLE,
    "other_secondary": RED,
    "unknown": "#dddddd",
}
TITLES_OF_ORIGINS = {**dict(zip(ORIGINS, ORIGIN_TITLES, strict=True)), "unknown": "Unknown"}


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


def class_name(name: str) -> str:
    """Return what a class is called in a sentence: ``signal``, ``$b$``, ``light``, ``$ZZ$``."""
    if name == "u":
        return "light"
    return within(flavour_title(name)).removesuffix("-jets").removesuffix(" jets")
