"""Words of figures: names in sentences, physics signs, what was counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jetlens.core.units import Feature

if TYPE_CHECKING:
    from jetlens.summarise.result import Result

SCORE_AXIS = {
    "sum": "Attribution / sum in the jet",
    "abs": "Attribution / sum of absolute values in the jet",
    "max": "Attribution / largest absolute value in the jet",
    "none": "Attribution",
}
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
_JETS = re.compile(
    r"(?<!fat )(?<!large )(?<!both )(?<!two )(?<!\b[bc]-)\b[jJ]et(s?)\b"
)  # an event has two
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def said_of(rows: str, words: str) -> str:
    """Return words that say jets, said of what rows are called, such as showers.

    Two jets, large jets and b-jets stay what they are.
    """

    def other(found: re.Match[str]) -> str:
        name = rows if found[1] else rows.removesuffix("s")
        return name.capitalize() if found[0][0].isupper() else name

    return _JETS.sub(other, words)


def within(words: str) -> str:
    """Return words as they stand within a sentence: ``signal jets``, but ``QCD jets``."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


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


def features(result: Result) -> tuple[Feature, ...]:
    """Return the features that a result is about."""
    return tuple(Feature.from_dict(d) for d in result.sums.attrs["features"])


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
