"""How well taggers do that were trained on some of their inputs alone, in several orders."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic
from jetlens.summarise.estimates import Number, Numbers, bounded
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.gains import error_of_mean, with_error, with_verdict
from jetlens.summarise.trainings.performances import quantities
from jetlens.summarise.trainings.retrainings import over_trainings

RELEVANCE, RANDOM, REVERSE = "relevance", "random", "reverse"
ORDERS = (RELEVANCE, RANDOM, REVERSE)
QUANTITIES = ("auc", "accuracy")
FORMAT = "jetlens retrained 1"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Retrained:
    """Taggers of the first k inputs of several orders.

    Attributes
    ----------
    lines
        Orders of inputs: each with its kind (one of `ORDERS`) and the inputs' names.
    keep
        The numbers of inputs that were kept; the last is all of them.
    measured
        By quantity (area under the ROC curve, accuracy) ``[line, k, retraining, replica]`` on the
        test jets, which are the same for all; the first replica is nominal.
    first
        The inputs that the tagger cannot do without: they come first in every order.
    """

    lines: tuple[tuple[str, tuple[str, ...]], ...]
    keep: tuple[int, ...]
    measured: Mapping[str, Floats]
    first: tuple[str, ...] = ()

    name: ClassVar[str] = "retrained"

    @classmethod
    def of(
        cls,
        lines: Sequence[tuple[str, Sequence[str]]],
        keep: Sequence[int],
        results: Sequence[Sequence[Sequence[Result]]],
        first: Sequence[str] = (),
    ) -> Retrained:
        """Read what is needed from performances ``[line][k][retraining]``."""
        each = [[[quantities(r) for r in same] for same in line] for line in results]
        measured = {}
        for name in QUANTITIES:
            if all(name in q for line in each for same in line for q in same):
                table = [[[_shifted(*q[name]) for q in same] for same in line] for line in each]
                measured[name] = np.array(table)
        return cls(tuple((k, tuple(o)) for k, o in lines), tuple(keep), measured, tuple(first))

    def of_kind(self, kind: str) -> list[int]:
        """Return which lines are of one kind of order."""
        return [i for i, (own, _) in enumerate(self.lines) if own == kind]

    def points(self, kind: str, quantity: str) -> list[Number]:
        """Return the mean of one kind of order at each k; empty where it is not `given`.

        The interval is where another training, tested on another sample, would come out: the
        standard deviation over retrainings (and over orders, of random ones), and the test sample's
        error of the mean, in quadrature.
        """
        found = []
        for values in np.moveaxis(self.measured[quantity][self.of_kind(kind)], 1, 0):
            own = over_trainings([(float(r[0]), r) for r in values.reshape(-1, values.shape[-1])])
            found.append(bounded(own))
        return found

    def curve(self, kind: str, quantity: str) -> tuple[Floats, Floats, Floats]:
        """Return value, low and high ``[k]`` of `points`; NaN where one is not given."""
        each = self.points(kind, quantity)
        value, low, high = (
            np.array([p.get(end, np.nan) for p in each]) for end in ("value", "low", "high")
        )
        return value, low, high

    def advantage(self, over: str, quantity: str) -> Number:
        """Return how much better the order of relevance is, on average over k < all.

        It is the area between the curves over the number of k. Retrainings of one seed are
        compared with each other. The interval is the error of the mean: its standard error over
        retrainings (times Student's factor), that over random orders, and the test sample's error,
        in quadrature. Empty where it is not `given`.
        """
        table = self.measured[quantity][:, :-1].mean(axis=1)  # [line, retraining, replica]
        best, other = table[self.of_kind(RELEVANCE)][0], table[self.of_kind(over)]
        gained, orders = best - other.mean(axis=0), other[..., 0].mean(axis=1)
        replicas = gained.mean(axis=0)

        def at(confidence: float) -> Number:
            first, second = (error_of_mean(x, confidence) for x in (gained[:, 0], orders))
            spread = float(np.hypot(first, second))
            return with_error(float(replicas[0]), replicas, spread, confidence)

        return with_verdict(at)

    def numbers(self) -> Numbers:
        """Return ``retrained.<order>.auc.k=2``, ``retrained.advantage.auc.over.random``, ..."""
        found: Numbers = {}
        for quantity in self.measured:
            for kind in ORDERS:
                for k, number in zip(self.keep, self.points(kind, quantity), strict=True):
                    found[f"{self.name}.{kind}.{quantity}.k={k}"] = number
            for over in (RANDOM, REVERSE):
                name = f"{self.name}.advantage.{quantity}.over.{over}"
                found[name] = self.advantage(over, quantity)
        return {name: number for name, number in found.items() if number}

    def save(self, path: Path) -> None:
        """Write one ``npz`` file, atomically."""
        header: dict[str, Any] = {
            "format": FORMAT, "lines": self.lines, "keep": self.keep, "first": self.first
        }  # fmt: skip
        text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
        with atomic(path) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, header=text, **self.measured)

    @classmethod
    def load(cls, path: Path) -> Retrained:
        """Read what `save` wrote.

        Raises
        ------
        BadFileError
            If the file is not that.
        """
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                header = json.loads(file["header"].tobytes())
                if header.get("format") != FORMAT:
                    raise ValueError(f"format {header.get('format')!r}, not {FORMAT!r}")
                measured = {name: file[name] for name in file.files if name != "header"}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise BadFileError(f"{str(path)!r} is no result of retrainings: {error}") from error
        lines = tuple((kind, tuple(names)) for kind, names in header["lines"])
        return cls(lines, tuple(header["keep"]), measured, tuple(header["first"]))


def _shifted(value: float, replicas: Floats) -> Floats:
    """Return replicas ``[replica]`` moved so that the nominal one is the more accurate value."""
    moved: Floats = replicas + (value - replicas[0])
    return moved
