"""The variations of a study, and how pages speak of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from jetlens.core.batch import JETS
from jetlens.report.content import Cell, Picture
from jetlens.report.facts import Numbers

PAGE = "report.html"


@dataclass(frozen=True)
class Variant:
    """One variation.

    Attributes
    ----------
    name
        Its folder.
    places
        Its place on each axis.
    tagger
        ``use``, ``parameters`` and ``inputs``.
    epochs
        How many epochs each of its retrainings took.
    numbers
        Its own headline numbers.
    seconds
        How long each epoch of its retrainings took.
    """

    name: str
    places: Mapping[str, str]
    tagger: Mapping[str, Any]
    epochs: Sequence[int]
    numbers: Numbers
    seconds: Sequence[float] = ()


@dataclass(frozen=True)
class Comparison:
    """A study with variations.

    Attributes
    ----------
    recipe, recipe_text
        The recipe with its axes, as tables, and as text without what every variation replaces.
    variants
        The variations.
    pictures
        Names of summaries with the figures that compare them.
    numbers
        What the comparison found.
    provenance
        That of the first variation, of which all is shown that holds for every variation.
    retrained
        Names of variations with the curves of their retrainings on the most relevant inputs.
    rows
        What is tagged, in a word: jets, events or showers.
    """

    recipe: Mapping[str, Any]
    recipe_text: str
    variants: Sequence[Variant]
    pictures: Sequence[tuple[str, Picture]]
    numbers: Numbers
    provenance: Mapping[str, Any]
    retrained: Sequence[tuple[str, Picture]] = ()
    rows: str = JETS


def place_of(places: Mapping[str, str]) -> str:
    """Return the places as they stand in names of numbers."""
    return ",".join(places.values())


def axes_of(facts: Comparison) -> dict[str, list[str]]:
    """Return the axes with their places, in the recipe's order."""
    found: dict[str, dict[str, None]] = {}
    for variant in facts.variants:
        for axis, place in variant.places.items():
            found.setdefault(axis, {})[place] = None
    return {axis: list(places) for axis, places in found.items()}


def bases_of(facts: Comparison) -> dict[str, list[str]]:
    """Return the places that others are compared with: of each axis the first, and some another."""
    against = facts.recipe.get("against", {})
    axes = axes_of(facts)
    return {a: list(dict.fromkeys((axes[a][0], against.get(a, axes[a][0])))) for a in axes}


def told_at(variants: Sequence[Variant], numbers: Numbers, quantity: str) -> list[str]:
    """Return where a quantity of the variations is told, such as ``background_1``, or ``50``.

    Parameters
    ----------
    variants, numbers
        The variations, and what their comparison found.
    quantity
        The first word of its numbers' names, which end with ``.at_`` and this.
    """
    starts = tuple(f"{quantity}.{place_of(v.places)}.at_" for v in variants)
    found = (name.removeprefix(s) for name in numbers for s in starts if name.startswith(s))
    return list(dict.fromkeys(found))


def of_arguments(numbers: Numbers) -> dict[str, Numbers]:
    """Return the numbers of summaries that are there twice apart, by the arguments of the later.

    They stand behind an ``@`` in names; of the first summary, none do.
    """
    found: dict[str, dict[str, Mapping[str, float]]] = {"": {}}
    for whole_name, number in numbers.items():
        name, _, arguments = whole_name.partition("@")
        found.setdefault(arguments, {})[name] = number
    return dict(found)


def with_arguments(arguments: str) -> str:
    """Say in brackets what sets a second summary apart from the first."""
    words = re.sub("[_=:]", " ", arguments).replace(",", ", ")
    return f" ({words})" if words else ""


def link(name: str) -> Cell:
    """Return a link to a variation's own page."""
    return Markup('<a href="{}/{}">{}</a>').format(quote(name), PAGE, name)


def whole(words: str) -> Cell:
    """Return words that stay on one line."""
    return Markup('<span class="number">{}</span>').format(words)


def short(axis: str) -> str:
    """Return the last word of an axis's name."""
    return axis.rpartition(".")[2].replace("_", " ")
