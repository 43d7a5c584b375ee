"""What numbers depend on: repeats, versions, seeds, hashes, the recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from jetlens.report.content import Listing, Section, Table
from jetlens.report.facts import Facts
from jetlens.report.numbers import measured, plain, shown
from jetlens.summarise.estimates import Number, mapped

_SPREAD = (
    "accuracy",
    "auc.",
    "efficiency.",
    "rejection.",
    "statement.",
    "top_origin.b.",
    "converged.all",
)
_FACTORS = ("rejection.",)  # without an upper end: the largest of a few would be their mean


def repeats(facts: Facts) -> Section:
    """Return the spread of the headline numbers over taggers trained with other seeds."""
    count = len(facts.repeats)
    rows: list[list[Any]] = []
    for name in facts.numbers:
        values = [r[name]["value"] for r in facts.repeats if name in r]
        if not name.startswith(_SPREAD) or len(values) < count or "@" in name:
            continue
        half = (facts.numbers[name]["high"] - facts.numbers[name]["low"]) / 2
        rows.append(
            [
                Markup("<code>{}</code>").format(name),
                measured(_spread(values, factors=name.startswith(_FACTORS))),
                plain(half, 2),
                *(plain(v) for v in values),
            ]
        )
    head = [
        "Number",
        "mean ± spread",
        "bootstrap error of one",
        *(f"#{k + 1}" for k in range(count)),
    ]
    own = "divisions of the events" if facts.recipe.get("resplit") else "seeds"
    caption = (
        f"The same study with {count} taggers, trained with {own} of their own. The spread is the "
        "standard deviation over them; beside it the statistical error of a single one. Of "
        "rejections both are geometric."
    )
    return Section("repeats", "Spread over repeats", [Table(head, rows, caption)])


def _spread(values: Sequence[float], factors: bool) -> Number:
    """Return the mean and its standard deviation over repeats; of factors those of logarithms."""
    if factors and min(values) > 0:
        return mapped(_spread(np.log(values).tolist(), factors=False), math.exp)
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    return {"value": mean, "low": mean - spread, "high": mean + spread}


def provenance(facts: Facts) -> Section:
    """Return versions, seeds, hashes and the recipe."""
    listing = Listing("The recipe, resolved", facts.recipe_text)
    return Section("provenance", "Provenance", [versions(facts.provenance), listing])


def versions(told: Mapping[str, Any]) -> Table:
    """Return versions, seeds and hashes as a table."""
    rows = [[str(k), shown(v)] for k, v in _flat(told)]
    return Table(["", ""], rows, "What the numbers depend on.")


def _flat(tree: Mapping[str, Any], before: str = "") -> Sequence[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}: ")
        else:
            found.append((before + name, value))
    return found
