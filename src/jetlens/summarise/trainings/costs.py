"""What taggers cost to train, and how well they tag: for every variation of a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from jetlens.core.batch import JETS
from jetlens.core.errors import BadFileError
from jetlens.core.files import write_text
from jetlens.summarise.estimates import Numbers

FORMAT = "jetlens costs 3"
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
    tested
        A key of the jets that it is tested on: where it is another, it has another task.
    read
        A key of the jets as taggers read them, with their images: where it is another of the same
        `tested`, costs are others for what is read and not for what is trained.
    """

    places: Mapping[str, str]
    costs: Mapping[str, Sequence[float]]
    found: Mapping[str, Number]
    tested: str = ""
    read: str = ""

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
    rows: str = JETS
    """What is trained on, in a word: jets, events or showers."""

    name: ClassVar[str] = "costs"

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The places on each axis."""
        found: dict[str, dict[str, None]] = {}
        for each in self.spent:
            for axis, place in each.places.items():
                found.setdefault(axis, {})[place] = None
        return {axis: tuple(places) for axis, places in found.items()}

    def common(self, some: Sequence[Spent]) -> dict[str, str]:
        """Return what sets some variations apart: axes of several places, of which they share one.

        Parameters
        ----------
        some
            Some of `spent`.
        """
        shared: dict[str, set[str]] = {}
        for each in some:
            for axis, place in each.places.items():
                shared.setdefault(axis, set()).add(place)
        several = (axis for axis, places in self.axes.items() if len(places) > 1)
        return {axis: next(iter(shared[axis])) for axis in several if len(shared[axis]) == 1}

    def numbers(self) -> Numbers:
        """Return ``cost.<variation>.<cost>``: means over retrainings, with their deviation."""
        found: Numbers = {}
        for each in self.spent:
            for cost in COSTS:
                mean, spread = each.mean(cost)
                if np.isfinite(mean):
                    number = {"value": mean, "low": mean - spread, "high": mean + spread}
                    found[f"cost.{','.join(each.places.values())}.{cost}"] = number
        return found

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        spent = [asdict(each) for each in self.spent]
        tree = {"format": FORMAT, "rows": self.rows, "spent": spent}
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
            return cls(tuple(Spent(**each) for each in tree["spent"]), tree["rows"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadFileError(f"{str(path)!r} does not hold {FORMAT!r}: {error}") from error
