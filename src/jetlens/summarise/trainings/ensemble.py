"""The same summary of several taggers: retrainings of one, and variations of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.summarise.estimates import Numbers
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
    jets
        A key of the jets that it was tested on: where it is another, they are other jets.
    """

    variation: Mapping[str, str]
    repeat: int
    result: Result
    jets: str = ""


Pair = tuple[Member, Member]
"""Trainings of the same number, of two variations."""


@dataclass(frozen=True)
class StoredMember:
    """One tagger's result in its file; see `Member`."""

    variation: Mapping[str, str]
    repeat: int
    path: Path
    jets: str


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Results of one summary, for every variation and every retraining of it.

    Attributes
    ----------
    members
        In the recipe's order of variations, retrainings next to each other.
    against
        By axis, a place that others are compared with beside the first.
    """

    members: tuple[Member, ...]
    against: Mapping[str, str] = field(default_factory=dict)

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
        trained = Counter((tuple(m.variation.items()), m.repeat) for m in self.members)
        ((variation, repeat), times), *_ = trained.most_common()
        if times > 1:
            raise BadValueError(
                f"repeat {repeat} of variation {dict(variation)} is there {times} times: expected "
                "one result of each training"
            )

    @classmethod
    def load(
        cls, members: Iterable[StoredMember], against: Mapping[str, str] | None = None
    ) -> Ensemble:
        """Read results from their files."""
        read = (Member(m.variation, m.repeat, Result.load(m.path), m.jets) for m in members)
        return cls(tuple(read), against or {})

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

    def trainings(self) -> dict[Variation, dict[int, Member]]:
        """Return the retrainings of each variation, by their number."""
        found: dict[Variation, dict[int, Member]] = {}
        for member in self.members:
            found.setdefault(tuple(member.variation.items()), {})[member.repeat] = member
        return {variation: dict(sorted(each.items())) for variation, each in found.items()}

    def groups(self) -> dict[Variation, list[Result]]:
        """Return the results of each variation's retrainings, in the order of their numbers."""
        return {
            variation: [member.result for member in each.values()]
            for variation, each in self.trainings().items()
        }

    def split(self, axis: str) -> Iterator[tuple[Variation, Ensemble]]:
        """Go through the ensembles that differ along one axis alone, by their other places."""
        found: dict[Variation, list[Member]] = {}
        for m in self.members:
            others = tuple((k, v) for k, v in m.variation.items() if k != axis)
            found.setdefault(others, []).append(m)
        for others, members in found.items():
            yield others, Ensemble(tuple(members), self.against)

    def against_first(self) -> Iterator[tuple[Variation, str, list[Pair]]]:
        """Go through what is compared: a variation, the first place on an axis, and pairs.

        A variation's base has the first place on one axis, or that of `against`, and is otherwise
        the same; the first place is not compared with the other again. Paired are the trainings of
        the same number that were tested on the same jets, that of the variation first. Where there
        are none, as along axes that change the data, nothing is compared.
        """
        trainings = self.trainings()
        for axis, (first, *_) in self.axes.items():
            for place in dict.fromkeys((first, self.against.get(axis, first))):
                for variation, ours in trainings.items():
                    base = tuple((k, place if k == axis else v) for k, v in variation)
                    if dict(variation)[axis] in (first, place) or base not in trainings:
                        continue
                    others = trainings[base]
                    both = [(ours[r], others[r]) for r in ours if r in others]
                    pairs = [(a, b) for a, b in both if a.jets == b.jets]
                    if pairs:
                        yield variation, place, pairs

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
