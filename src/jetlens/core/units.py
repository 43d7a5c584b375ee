"""What one input variable is: its name, its unit, how it is shown to people.

A fact about a variable stands here in one line, or in the table of the reader that knows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jetlens.core.names import different, items


@dataclass(frozen=True)
class Feature:
    """One variable of a collection.

    Attributes
    ----------
    name
        Its name in the file and in the Python surface.
    unit
        The unit of the stored numbers, empty for a pure number.
    label
        LaTeX for figures, without the unit.
    shown_unit, shown_factor
        What people are shown: stored value times ``shown_factor``, in ``shown_unit``.
    """

    name: str
    unit: str = ""
    label: str = ""
    shown_unit: str | None = None
    shown_factor: float = 1.0

    @property
    def axis(self) -> str:
        """The label of an axis that shows this variable, with its unit."""
        return f"{self.title} [{self.shown}]" if self.shown else self.title

    @property
    def shown(self) -> str:
        """The unit that people are shown, empty for a pure number."""
        return self.unit if self.shown_unit is None else self.shown_unit

    @property
    def title(self) -> str:
        """The LaTeX label, or the plain name where there is none."""
        return self.label or self.name

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, for attributes in files."""
        return {
            "name": self.name,
            "unit": self.unit,
            "label": self.label,
            "shown_unit": self.shown_unit,
            "shown_factor": self.shown_factor,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Feature:
        """Rebuild a feature from `as_dict`."""
        return cls(**fields)


def features(names: Iterable[str | Feature], what: str = "features") -> tuple[Feature, ...]:
    """Turn names into features; those that are features already stay as they are.

    Parameters
    ----------
    names
        Different names, in a list, a tuple, an array.
    what
        What they name, for messages.
    """
    given = items(what, names)
    plain = different(what, (n.name if isinstance(n, Feature) else n for n in given))
    return tuple(
        n if isinstance(n, Feature) else Feature(name) for n, name in zip(given, plain, strict=True)
    )
