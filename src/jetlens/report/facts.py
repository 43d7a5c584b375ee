"""What a report is written from: plain facts about a run, and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jetlens.core.batch import JETS
from jetlens.report.content import Picture
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.retrained import Retrained

UNLABELLED = ""
"""Stands for jets of none of the tagger's classes."""

Numbers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Explanation:
    """One explanation: its settings and what was summed up.

    Attributes
    ----------
    name
        Its name among the run's results.
    settings
        The recipe's words: ``use``, ``target``, ``select`` and the method's own.
    jets, kept
        Jets explained, and those whose attributions are stored.
    results
        Results with their figures, in the recipe's order.
    """

    name: str
    settings: Mapping[str, Any]
    jets: int
    kept: int
    results: Sequence[tuple[Result, Picture]]

    @property
    def rows(self) -> str:
        """What is explained, in a word: jets, or showers."""
        return _rows(self.results)


@dataclass(frozen=True)
class Worth:
    """Retrainings on the most relevant inputs: what came out, its figure, and how they are ranked.

    Attributes
    ----------
    result, picture
        What came out, and its figure.
    jets
        Validation jets that the ranking is of, at most.
    method
        The explanation that ranked the inputs.
    """

    result: Retrained
    picture: Picture
    jets: int
    method: str


@dataclass(frozen=True)
class Facts:
    """A run.

    Attributes
    ----------
    recipe, recipe_text
        The resolved recipe, as tables and as it stands in the run's folder.
    tagger
        ``use``, ``parameters``, ``classes`` and ``inputs`` of the tagger.
    history
        Its training, as the tagger's folder holds it; empty where it was not trained here.
    test
        Jets of the test part by class, and `UNLABELLED` ones; all jets, if no tagger is trained.
    performance
        Results that need no scores with their figures, the tagger's performance among them.
    explanations
        The explanations.
    numbers
        The headline numbers.
    repeats
        The headline numbers of every repeat, the first included.
    provenance
        Versions, seeds and hashes.
    together
        Figures over all repeats.
    retrained
        Retrainings on the most relevant inputs, if there are some.
    variation
        The name of this variation, where the run is one of several.
    seconds
        How long each epoch of the training took.
    left_out
        Explanations that do not fit this tagger, each with the reason.
    assumptions
        What the dataset says of itself: what is selected, what is assumed.
    """

    recipe: Mapping[str, Any]
    recipe_text: str
    tagger: Mapping[str, Any]
    history: Mapping[str, Any]
    test: Mapping[str, int]
    performance: Sequence[tuple[Result, Picture]]
    explanations: Sequence[Explanation]
    numbers: Numbers
    repeats: Sequence[Numbers] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    together: Sequence[Picture] = ()
    retrained: Worth | None = None
    variation: str = ""
    seconds: Sequence[float] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    assumptions: str = ""

    @property
    def rows(self) -> str:
        """What is tagged, in a word: jets, or showers."""
        return _rows([*self.performance, *(r for e in self.explanations for r in e.results)])


def _rows(results: Sequence[tuple[Result, Picture]]) -> str:
    return next((rows_of(result) for result, _ in results), JETS)
