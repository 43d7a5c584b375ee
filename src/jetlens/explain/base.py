"""What an explainer is, and what every method that scores inputs shares."""

from __future__ import annotations

import abc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from jetlens import __version__
from jetlens.core import attribution
from jetlens.core.attribution import Table
from jetlens.core.batch import JetBatch
from jetlens.core.registry import arguments_of
from jetlens.explain.regions import with_regions
from jetlens.explain.targets import Target, resolve
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import Predictions, check_finite, predict
from jetlens.taggers.state import at_rest


class Explainer(abc.ABC):
    """A method of explanation: a frozen, keyword-only dataclass of its settings.

    Attributes
    ----------
    complete
        Whether the scores of a jet add up to output minus baseline output.
    conserves
        Whether every jet's account is closed: its scores and what was absorbed on the way
        (``relevance_absorbed``, by layer and cause) add up to what is explained
        (``relevance_in``), to 1e-9 of the sum of their sizes in double precision.
    needs
        What the tagger must give: ``"gradients"``, ``"attention"``, ``"streams"`` (what its head
        takes, stream by stream) or ``"nothing"``. Attention is the same for every target.
    at_once
        How many jets should be explained at a time, for methods of which the attribution of many
        jets is large; None if it does not matter.
    """

    complete: ClassVar[bool] = False
    conserves: ClassVar[bool] = False
    needs: ClassVar[str] = "gradients"
    at_once: ClassVar[int | None] = None

    @abc.abstractmethod
    def explain(
        self, tagger: Tagger, batch: JetBatch, target: Target | str, pool: JetBatch | None = None
    ) -> xr.Dataset:
        """Explain what the tagger says of each jet.

        Parameters
        ----------
        tagger
            The tagger; it is left as it was, after an exception too.
        batch
            The jets.
        target
            What is explained; a name means the logit of a class, as in `jetlens.explain`.
        pool
            Reference jets, for methods whose baseline comes from jets, and to compare regions of
            interest with; left out, the jets themselves.
        """


@dataclass(frozen=True)
class Scores:
    """What a method found, for packed jets.

    Attributes
    ----------
    scores
        By collection, of the shape of the packed inputs.
    per_jet
        More numbers for each jet ``[jet]``.
    tables
        More numbers for each jet ``[jet, ...]``, on axes with names; an array, unlike a tensor, is
        in the batch's own order already.
    importance
        By collection, one number for each particle ``[jet, particle]`` or pixel ``[jet, y, x]``.
    attrs
        What is said of them, beside where they come from.
    """

    scores: Mapping[str, Tensor] = field(default_factory=dict)
    per_jet: Mapping[str, Tensor] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    importance: Mapping[str, Tensor] = field(default_factory=dict)
    attrs: Mapping[str, str] = field(default_factory=dict)


class PackedExplainer(Explainer):
    """An explainer that is handed packed jets, and of which what it finds is put in place."""

    def try_out(self, tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
        """Refuse a tagger before it runs in any other way, if it can be seen that early."""

    @abc.abstractmethod
    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Return what the tagger says, each jet's class in the batch's order, and what is found."""

    def explain(
        self, tagger: Tagger, batch: JetBatch, target: Target | str, pool: JetBatch | None = None
    ) -> xr.Dataset:
        """Encode and pack the jets, explain them, and put all beside each other."""
        if not isinstance(target, Target):
            target = resolve(target, tagger)
        # tensors that are made in inference mode could not carry gradients
        with torch.inference_mode(False), at_rest(tagger):
            inputs, masks = encode(tagger, batch)
            self.try_out(tagger, inputs, masks)
            packed = pack(tagger, inputs, masks)
            label = batch.with_classes(tagger.classes).label
            said, chosen, found = self.found(tagger, packed, target, Context(batch, pool, label))
        built = _build(self, tagger, batch, target, packed, said, chosen, found)
        return with_regions(built, batch, batch if pool is None else pool)


class ScoringExplainer(PackedExplainer):
    """An explainer that gives inputs scores, or particles importance."""

    @abc.abstractmethod
    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Score packed jets; `chosen` is each packed jet's class, -1 for an expression."""

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Score what the tagger says of the jets.

        A method that runs the tagger on the jets as they are does all of it in one.
        """
        said = predict(tagger, packed)
        chosen = target.chosen(said.logits, context.label)
        return said, chosen, self.score(tagger, packed, chosen[packed.rows], target, context)


Choose = Callable[[Tensor, slice], Tensor]
"""From the logits of some packed jets, and which these are, to their classes ``[jet]``."""


class OnePassExplainer(ScoringExplainer):
    """A scoring explainer whose forward pass gives the logits, too."""

    @abc.abstractmethod
    def run(
        self, tagger: Tagger, packed: Packed, target: Target, choose: Choose
    ) -> tuple[Scores, Tensor]:
        """Return the scores of packed jets, and what the tagger says of them."""

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Take the tagger's logits from the forward pass that the scores need anyway."""
        if tagger.tasks or not len(packed):
            return super().found(tagger, packed, target, context)
        label = context.label[packed.rows.numpy()]
        scores, logits = self.run(
            tagger, packed, target, lambda said, jets: target.chosen(said, label[jets])
        )
        said = Predictions(packed.restore("", logits))
        check_finite(said.logits)
        return said, target.chosen(said.logits, context.label), scores

    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Score what is known to be explained."""
        return self.run(tagger, packed, target, lambda said, jets: chosen[jets])[0]


@dataclass(frozen=True)
class Context:
    """The physical jets behind the packed ones.

    Attributes
    ----------
    batch
        The jets.
    pool
        The reference jets that were given.
    label
        ``[jet]`` of the batch, by the tagger's classes; -1 if it is none of them.
    """

    batch: JetBatch
    pool: JetBatch | None
    label: NDArray[np.int64]


def _build(
    explainer: Explainer,
    tagger: Tagger,
    batch: JetBatch,
    target: Target,
    packed: Packed,
    said: Predictions,
    chosen: Tensor,
    found: Scores,
) -> xr.Dataset:
    def back(name: str, values: Tensor) -> np.ndarray:
        return packed.restore(name, values).cpu().numpy()

    return attribution.build(
        batch,
        tagger.inputs,
        {name: back(name, values) for name, values in found.scores.items()},
        classes=tagger.classes,
        output=said.logits.cpu().numpy(),
        target=chosen.cpu().numpy(),
        importance={name: back(name, values) for name, values in found.importance.items()},
        per_jet={name: back("", values) for name, values in found.per_jet.items()},
        tables={
            name: replace(table, values=back("", table.values))
            if isinstance(table.values, Tensor)
            else table
            for name, table in found.tables.items()
        },
        predictions={
            name: {task: t.cpu().numpy() for task, t in tasks.items()}
            for name, tasks in said.tasks.items()
        },
        attrs={
            "jetlens": __version__,
            "method": arguments_of(explainer)["use"],
            "options": json.dumps(arguments_of(explainer), default=_described),
            "target": target.text,
            "of": target.of,
            "complete": int(explainer.complete),
            "conserves": int(explainer.conserves),
            "scores": "in the tagger's input space: its scaled inputs",
            "tasks": json.dumps(tagger.tasks),
            **found.attrs,
        },
    )


def _described(value: object) -> object:
    """Say in words what has no JSON, such as the jets of one's own baseline."""
    if isinstance(value, JetBatch):
        return f"{len(value)} jets"
    if isinstance(value, np.ndarray):
        return value.tolist()
    return dict(value) if isinstance(value, Mapping) else str(value)
