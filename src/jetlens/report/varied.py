"""What was varied: each axis with its places, and what each variation trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from jetlens.report.content import Block, Paragraph, Section, Table
from jetlens.report.numbers import shown
from jetlens.report.setup import an_epoch
from jetlens.report.spent import trained
from jetlens.report.variants import Comparison, link

MOST = 6
"""Names of a collection's inputs that are written out."""


def varied(facts: Comparison) -> Section:
    """Return the section that tells it."""
    blocks: list[Block] = []
    for axis, alternatives in facts.recipe["vary"].items():
        if isinstance(alternatives, Mapping):
            rows = [
                [name, Markup("<br>").join(_changes(changes)) or "nothing"]
                for name, changes in alternatives.items()
            ]
            blocks.append(Table([axis, "what it changes"], rows, ""))
        else:
            values = ", ".join(shown(v) for v in alternatives)
            text = Markup("<code>{}</code>: {}.").format(axis, values)
            blocks.append(Paragraph(text))
    rows = [
        [
            link(v.name),
            v.tagger["use"],
            trained(facts, v.places, v.tagger["parameters"]),
            "; ".join(f"{c}: {_some(names)}" for c, names in v.tagger["inputs"].items()),
            ", ".join(map(str, v.epochs)),
            an_epoch(v.seconds) if v.seconds else "",
        ]
        for v in facts.variants
    ]
    head = ["variation", "tagger", "parameters trained", "inputs", "epochs", "an epoch"]
    caption = (
        "What each variation trains, the epochs that its trainings took, and the median time of "
        "an epoch with its validation, beside whatever else the machine did."
    )
    return Section("run", "What was varied", [*blocks, Table(head, rows, caption)])


def _some(names: Sequence[str]) -> str:
    """Return a few names, or the first and the last of many; each variation's page has them all."""
    if len(names) <= MOST:
        return ", ".join(names)
    return f"{names[0]}, {names[1]}, ... {names[-1]} ({len(names)})"


def _changes(tree: Mapping[str, Any], before: str = "") -> list[Markup]:
    """Return changes as lines of dotted keys and values."""
    found: list[Markup] = []
    for key, value in tree.items():
        if isinstance(value, Mapping) and "use" not in value:
            found += _changes(value, f"{before}{key}.")
        else:
            found.append(Markup("<code>{}</code> = {}").format(before + key, _value(value)))
    return found


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        rest = {k: v for k, v in value.items() if k != "use"}
        words = ", ".join(f"{k} {_value(v)}" for k, v in rest.items())
        return f"{value['use']}{f' ({words})' if words else ''}" if "use" in value else words
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    return shown(value)
