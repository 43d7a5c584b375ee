"""What can be compared: each shown summary, over the variations of a study and its retrainings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jetlens.core.batch import JETS
from jetlens.core.registry import figures, summaries
from jetlens.plots.entry import COMPARED
from jetlens.run.numbers import qualified, result_folders
from jetlens.run.study import Study
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, StoredMember


@dataclass(frozen=True)
class Shown:
    """One summary of a recipe, wherever it was filled.

    Attributes
    ----------
    prefix
        What goes before its numbers' names: the explanation, where there are several.
    folder, summary
        The folder of its results, and its registered name.
    number
        Which of the summaries of that name it is.
    members
        The files of its results.
    """

    prefix: str
    folder: str
    summary: str
    number: int
    members: list[StoredMember] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of its figure's files."""
        return f"{self.folder}-{self.summary}{COMPARED}" + f"-{self.number + 1}" * bool(self.number)

    def load(self, against: Mapping[str, str] | None = None) -> Ensemble:
        """Read the results, which are compared with the first place of an axis, and another."""
        return Ensemble.load(self.members, against)


def shown(studies: Sequence[Study]) -> list[Shown]:
    """Return the summaries that can be compared, with more than one result, in their order."""
    found: dict[tuple[str, str, int], Shown] = {}
    for study in studies:
        for repeat in study.repeats():
            for prefix, key, member in _members(repeat):
                found.setdefault(key, Shown(prefix, *key)).members.append(member)
    return [s for s in found.values() if len(s.members) > 1]


def called(shown: Sequence[Shown]) -> str:
    """Return what the rows are called that summaries are of; jets, if there are none."""
    return rows_of(Result.load(shown[0].members[0].path)) if shown else JETS


def _members(study: Study) -> Iterator[tuple[str, tuple[str, str, int], StoredMember]]:
    """Go through a study's results: prefix of their numbers, what they are, where they are."""
    jets = study.tested_key()
    for prefix, folder in result_folders(study):
        seen: dict[str, int] = {}
        for path in sorted(folder.glob("*.npz")):
            _, _, name = path.stem.partition("-")
            number = seen.setdefault(name, 0)
            seen[name] += 1
            if hasattr(summaries.get(name), "compare"):
                member = StoredMember(study.places, study.number, path, jets)
                yield prefix, (folder.name, name, number), member


def numbers_of(ensembles: Sequence[Shown], against: Mapping[str, str] | None = None) -> Numbers:
    """Return what the summaries say of the variations and retrainings.

    Parameters
    ----------
    ensembles
        The summaries.
    against
        By axis, a place that others are compared with beside the first.
    """
    parts: dict[str, list[tuple[dict[str, Any], Numbers]]] = {}
    for each in ensembles:
        ensemble = each.load(against)
        own = ensemble.members[0].result.arguments
        parts.setdefault(each.prefix, []).append((own, ensemble.numbers()))
    found: Numbers = {}
    for prefix, together in parts.items():
        found |= qualified(together, prefix)
    return found


def drawn(ensembles: Sequence[Shown]) -> list[Shown]:
    """Return those that have a figure."""
    return [s for s in ensembles if f"{s.summary}{COMPARED}" in figures]
