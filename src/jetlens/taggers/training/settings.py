"""What can be set in a training."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

EPOCHS = 10
"""Epochs where neither they nor steps are asked for."""

LOOKS = 10
"""How often a training of so many steps is looked at where that is not said."""

LOSSES = {"jet": 1.0, "tracks.origin": 0.5, "tracks.vertex": 1.5}
"""How GN2 adds its heads' losses up (arXiv:2505.19689)."""


class TrainSettings(BaseModel):
    """How a tagger is trained; a recipe's table ``train``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    epochs: Count | None = EPOCHS
    """Passes over the training jets, at most; none where `steps` are asked for."""
    steps: Count | None = None
    """Optimiser steps, at most, in the place of epochs: the same work for few jets and for many,
    which are passed over as often as it takes."""
    looks: Count = LOOKS
    """In how many parts `steps` are taken. Each counts as an epoch: for the losses that are told,
    for `patience`, and where a training that was killed goes on."""
    batch: Count = 256
    """Jets in a step (in each process)."""
    together: Count = 16
    """Batches' worth of jets that are sorted by length together, which saves padding. 1: batches
    are random, which is better where the length tells the classes apart; on a processor it costs
    little more, as a batch is passed in parts of like length."""
    rate: Positive = 2e-3
    """The highest learning rate of the one-cycle schedule."""
    start_rate: Positive = 1e-5
    end_rate: Positive = 1e-6
    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of the steps in which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    clip: Positive | None = 1.0
    """The largest norm of a gradient; none: as it comes."""
    patience: Count = 5
    """Epochs without a lower validation loss of the jet head before training stops."""
    losses: dict[str, Annotated[float, Field(ge=0)]] = LOSSES
    """What each head's loss counts; heads that are not named count 1."""
    class_weights: dict[str, Positive] = {}
    """What a jet counts by class; classes that are not named count 1."""
    resample: Literal["auto", "weight", "thin", "none"] = "auto"
    """How flavours are brought to one distribution in (pt, eta): see `jetlens.data.resample`.
    ``"auto"``: by weight where the jets have these, and not at all where they do not."""
    resample_to: str = "minimum"
    """That distribution: the rarest flavour's in each bin, or a class."""
    scaling: Literal["standard", "unit"] = "standard"
    """How inputs are scaled, by mean and deviation or to 0..1: `jetlens.data.scaling.fit.fit`."""
    log: dict[str, dict[str, Positive]] = {}
    """Features whose logarithm is scaled instead, by collection, with the least value that it is
    taken of: ``{objects = {pt = 1.0}}``. Those that a tagger does not take are passed over."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    per_class: Count | None = None
    """Jets of each class that are trained on, drawn by the seed from the train part, and as many at
    most from the validation part. None: all there are."""
    pool: Count = 500_000
    """Jets held in memory at a time. More are streamed from their partitions in every epoch."""
    cache: bool = True
    """Whether what the frozen part of a tagger gives is kept, if it has one, so that each jet goes
    through it once; otherwise it does in every epoch."""
    cache_memory: Count = 2**31
    """Bytes of it from which on it lies in a file beside the tagger, while that is trained."""
    accelerator: str = "auto"
    devices: int | str = 1
    num_nodes: Count = 1
    precision: Literal["32-true", "64-true", "16-mixed", "bf16-mixed", "bf16-true"] = "32-true"
    """``"bf16-mixed"`` can be twice as fast on a processor that multiplies numbers of that kind,
    and half as fast on another one, even if it says that it can: time a few steps of both."""

    @model_validator(mode="before")
    @classmethod
    def _one_length(cls, given: Any) -> Any:
        """Refuse epochs beside steps; these have none by default."""
        if not isinstance(given, Mapping):
            return given
        epochs, steps = given.get("epochs"), given.get("steps")
        if epochs is not None and steps is not None:
            raise ValueError(
                f"epochs = {epochs!r} and steps = {steps!r}: expected one of them, as a training "
                "is as long as either says"
            )
        if steps is None and given.get("looks", LOOKS) != LOOKS:
            raise ValueError(
                f"looks = {given['looks']!r} says in how many parts `steps` are taken: expected "
                "steps, too; each of the epochs is looked at"
            )
        return {**given, "epochs": EPOCHS if steps is None and epochs is None else epochs}

    def key(self) -> dict[str, Any]:
        """Return what a training's outcome depends on: not where it is computed."""
        unset = set()
        if self.steps is None:
            unset |= {"steps", "looks"}
        elif self.looks == LOOKS:
            unset.add("looks")
        found = self.model_dump(exclude={"accelerator", "devices", "num_nodes"} | unset)
        if self.resample == "auto":  # the same, but where weights are refused before any training
            found["resample"] = "weight"
        return found

    @property
    def length(self) -> str:
        """How long a training is at most, in words."""
        number, unit = (self.steps, "step") if self.epochs is None else (self.epochs, "epoch")
        return f"{number} {unit}{'s' * (number != 1)}"

    @property
    def stretches(self) -> tuple[int, ...] | None:
        """How many steps are in each stretch that counts as an epoch; None where epochs do."""
        if self.steps is None:
            return None
        looks = min(self.looks, self.steps)
        ends = [self.steps * i // looks for i in range(looks + 1)]
        return tuple(b - a for a, b in itertools.pairwise(ends))
