"""The variations of a study, and how pages speak of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from jetlens.core.batch import JETS
from jetlens.report.content import Cell, Picture
from jetlens.report.facts import Numbers
from jetlens.report.numbers import shown

PAGE = "report.html"
_EXTENT = ("jets", "trainings", "keep")
"""Settings that say how much is explained, and not how."""


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
    tested
        A key of the jets that it is tested on: where it is another, it has another task.
    drawn
        How many jets of a class are drawn for a training, and of how many; none, if all are taken.
    """

    name: str
    places: Mapping[str, str]
    tagger: Mapping[str, Any]
    epochs: Sequence[int]
    numbers: Numbers
    seconds: Sequence[float] = ()
    tested: str = ""
    drawn: tuple[float, float] | None = None


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
    explanations
        The settings of explanations, by their names.
    assumptions
        What is to be known of the jets and the taggers, in sentences.
    """

    recipe: Mapping[str, Any]
    recipe_text: str
    variants: Sequence[Variant]
    pictures: Sequence[tuple[str, Picture]]
    numbers: Numbers
    provenance: Mapping[str, Any]
    retrained: Sequence[tuple[str, Picture]] = ()
    rows: str = JETS
    explanations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assumptions: Sequence[str] = ()


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


def baselines(facts: Comparison) -> list[Variant]:
    """Return the first variation of each task: it has the first place on each other axis."""
    found: dict[str, Variant] = {}
    for variant in facts.variants:
        found.setdefault(variant.tested, variant)
    return list(found.values())


def said_at(facts: Comparison, places: Mapping[str, str]) -> str:
    """Return places in words, on axes that have several: ``images 300, pixels 224``."""
    axes = axes_of(facts)
    return ", ".join(f"{short(a)} {place}" for a, place in places.items() if len(axes[a]) > 1)


def called(name: str, explanations: Mapping[str, Mapping[str, Any]]) -> str:
    """Return an explanation's name; of a method's second one with what sets it apart.

    Parameters
    ----------
    name
        Its name, such as ``attention-2``.
    explanations
        The settings of all, by their names.
    """
    own = explanations.get(name, {})
    first = explanations.get(str(own.get("use")), own)
    differ = {k: own.get(k) for k in {**own, **first} if own.get(k) != first.get(k)}
    words = [f"{k} {'as it is' if v is None else shown(v)}" for k, v in differ.items()
             if k not in _EXTENT]  # fmt: skip
    return f"{name} ({', '.join(words)})" if words else name


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


def short(axis: str) -> str:
    """Return the last word of an axis's name."""
    return axis.rpartition(".")[2].replace("_", " ")
