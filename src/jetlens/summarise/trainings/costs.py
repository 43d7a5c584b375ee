"""What taggers cost to train, and how well they tag: for every variation of a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from jetlens.core.errors import BadFileError
from jetlens.core.files import write_text

FORMAT = "jetlens costs 1"
QUANTITIES = ("auc", "accuracy")
IMAGES, TRAINED, FLOPS, SECONDS = "jets", "trained", "flops", "seconds"
COSTS = (IMAGES, TRAINED, FLOPS, SECONDS)

Number = Mapping[str, float]


@dataclass(frozen=True)
class Spent:
    """One variation.

    Attributes
    ----------
    places
        Its place on each axis of the recipe's ``[vary]``.
    costs
        By one of `COSTS`, of each retraining: jets that were trained on (of all classes),
        parameters that were trained, floating-point operations, and seconds.
    found
        By one of `QUANTITIES`: ``value``, ``low`` and ``high`` over the retrainings.
    """

    places: Mapping[str, str]
    costs: Mapping[str, Sequence[float]]
    found: Mapping[str, Number]

    def mean(self, cost: str) -> tuple[float, float]:
        """Return a cost's mean over retrainings, and its standard deviation; NaN if unknown."""
        values = np.asarray(self.costs.get(cost, ()), dtype=np.float64)
        if not len(values):
            return float("nan"), float("nan")
        return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0


@dataclass(frozen=True, eq=False)
class Costs:
    """All variations, in their order."""

    spent: tuple[Spent, ...]

    name: ClassVar[str] = "costs"

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The places on each axis."""
        found: dict[str, dict[str, None]] = {}
        for each in self.spent:
            for axis, place in each.places.items():
                found.setdefault(axis, {})[place] = None
        return {axis: tuple(places) for axis, places in found.items()}

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        tree = {"format": FORMAT, "spent": [asdict(each) for each in self.spent]}
        write_text(path, json.dumps(tree, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Costs:
        """Read what `save` wrote.

        Raises
        ------
        BadFileError
            If it is something else.
        """
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            if tree["format"] != FORMAT:
                raise KeyError(tree["format"])
            return cls(tuple(Spent(**each) for each in tree["spent"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadFileError(f"{str(path)!r} does not hold {FORMAT!r}: {error}") from error
