"""The same summary of several taggers: retrainings of one, and variations of a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.summarise.base import Numbers
from jetlens.summarise.result import Result

Variation = tuple[tuple[str, str], ...]
"""What sets a study apart from its neighbours: pairs of an axis's name and the place on it."""


@dataclass(frozen=True, eq=False)
class Member:
    """One tagger's result.

    Attributes
    ----------
    variation
        Its place on each axis of the recipe's ``[vary]``, such as ``{"model": "image"}``; empty
        where nothing varies.
    repeat
        Which of the retrainings it is, from 0. Those of the same number, in two variations, share
        their seed.
    result
        What was summed up.
    """

    variation: Mapping[str, str]
    repeat: int
    result: Result


@dataclass(frozen=True)
class StoredMember:
    """One tagger's result in its file; see `Member`."""

    variation: Mapping[str, str]
    repeat: int
    path: Path


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Results of one summary, for every variation and every retraining of it.

    Attributes
    ----------
    members
        In the recipe's order of variations, retrainings next to each other.
    """

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise BadValueError("nothing to compare: there is no result")
        first = self.members[0]
        for member in self.members[1:]:
            if member.result.name != first.result.name:
                raise BadValueError(
                    f"results of {first.result.name!r} and {member.result.name!r} cannot be "
                    "compared: expected those of one summary"
                )
            if set(member.variation) != set(first.variation):
                raise BadValueError(
                    f"variations {dict(member.variation)} and {dict(first.variation)} do not have "
                    "the same axes"
                )

    @classmethod
    def load(cls, members: Iterable[StoredMember]) -> Ensemble:
        """Read results from their files."""
        return cls(tuple(Member(m.variation, m.repeat, Result.load(m.path)) for m in members))

    @property
    def name(self) -> str:
        """The registered name of the summary."""
        return self.members[0].result.name

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The places on each axis, in the recipe's order."""
        found: dict[str, dict[str, None]] = {}
        for member in self.members:
            for axis, place in member.variation.items():
                found.setdefault(axis, {})[place] = None
        return {axis: tuple(places) for axis, places in found.items()}

    def groups(self) -> dict[Variation, list[Result]]:
        """Return the retrainings of each variation, by their number."""
        found: dict[Variation, list[tuple[int, Result]]] = {}
        for m in self.members:
            found.setdefault(tuple(m.variation.items()), []).append((m.repeat, m.result))
        return {
            variation: [result for _, result in sorted(results, key=lambda pair: pair[0])]
            for variation, results in found.items()
        }

    def split(self, axis: str) -> Iterator[tuple[Variation, Ensemble]]:
        """Go through the ensembles that differ along one axis alone, by their other places."""
        found: dict[Variation, list[Member]] = {}
        for m in self.members:
            others = tuple((k, v) for k, v in m.variation.items() if k != axis)
            found.setdefault(others, []).append(m)
        for others, members in found.items():
            yield others, Ensemble(tuple(members))

    def against_first(self) -> Iterator[tuple[Variation, Variation, str]]:
        """Go through what is compared: a variation, its base, and the base's place.

        A variation's base has the first place on one axis and is otherwise the same. Along axes
        that change the data nothing is compared: the test jets are others.
        """
        groups = self.groups()
        for axis, (first, *_) in self.axes.items():
            if axis.partition(".")[0] == "data":
                continue
            for variation in groups:
                base = tuple((k, first if k == axis else v) for k, v in variation)
                if base != variation and base in groups:
                    yield variation, base, first

    def numbers(self) -> Numbers:
        """Return what the summary's ``compare`` finds.

        Raises
        ------
        UnsupportedError
            If the summary does not compare.
        """
        compare: Any = getattr(self.members[0].result.summary, "compare", None)
        if compare is None:
            raise UnsupportedError(f"the summary {self.name!r} says nothing of several taggers")
        found: Numbers = compare(self)
        return found
