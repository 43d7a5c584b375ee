"""What the trainings of each variation take, beside how well its taggers do."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from jetlens.plots.shared.words import said_of
from jetlens.report.content import Block, Cell, Table
from jetlens.report.numbers import measured, plain
from jetlens.report.variants import Comparison, axes_of, place_of, short
from jetlens.report.words import whole
from jetlens.summarise.estimates import mapped
from jetlens.summarise.trainings.costs import FLOPS, IMAGES, SECONDS, TRAINED

COSTS = {
    IMAGES: ("jets trained on", 1.0),
    TRAINED: ("trained parameters", 1.0),
    FLOPS: ("TFLOP", 1e-12),
    SECONDS: ("seconds", 1.0),
}
"""Each cost in words, and what it is multiplied by."""
_QUANTITIES = {"accuracy": "accuracy", "auc": "area under the curve"}


def spent(facts: Comparison, errors: str) -> list[Block]:
    """Return the table of costs and performance; nothing, if no cost is known.

    Parameters
    ----------
    facts
        The comparison.
    errors
        What intervals of the performance are.
    """
    axes = axes_of(facts)
    rows: list[list[Cell]] = []
    for variant in facts.variants:
        place = place_of(variant.places)
        costs = {c: facts.numbers.get(f"cost.{place}.{c}") for c in COSTS}
        if not any(costs.values()):
            continue
        found = [facts.numbers.get(f"{q}.{place}") for q in _QUANTITIES]
        rows.append(
            [
                *(whole(variant.places[a]) for a in axes),
                *(_cost(costs[c], scale) for c, (_, scale) in COSTS.items()),
                *("" if number is None else measured(number) for number in found),
            ]
        )
    if not rows:
        return []
    words = (said_of(facts.rows, name) for name, _ in COSTS.values())
    head = [*map(short, axes), *words, *_QUANTITIES.values()]
    caption = (
        "What one training takes: jets of all classes, parameters that are trained, floating-point "
        "operations (what is frozen is run once a jet; validation is not counted), and seconds "
        "beside whatever else the machine did, with their standard deviation over the trainings "
        f"where that is seen. Of accuracy and area: {errors[:1].lower()}{errors[1:]}"
    )
    return [Table(head, rows, said_of(facts.rows, caption))]


def trained(facts: Comparison, places: Mapping[str, str], parameters: int) -> Cell:
    """Say how many of a variation's parameters are trained, where that is not all of them."""
    number = facts.numbers.get(f"cost.{place_of(places)}.{TRAINED}")
    if number is None or number["value"] == parameters:
        return plain(parameters)
    return Markup("{} of {}").format(plain(number["value"]), plain(parameters))


def _cost(number: Mapping[str, float] | None, scale: float) -> Cell:
    if number is None:
        return ""
    if number["low"] == number["high"]:
        return plain(number["value"] * scale)
    return measured(mapped(number, lambda end: end * scale))
