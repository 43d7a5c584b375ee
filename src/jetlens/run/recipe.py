"""A recipe: one tree of frozen models; what is not understood is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jetlens.core.errors import BadRecipeError, expected
from jetlens.core.files import write_text
from jetlens.run import overrides, variations
from jetlens.run.variations import Variation
from jetlens.taggers.training.settings import TrainSettings

_SHARES = "expected three shares that add up to 1, as [0.7, 0.1, 0.2]"

FROM_THE_RUN = frozenset({"seed", "accelerator", "devices"})
"""Training settings that follow the recipe's seed and the run's device where they are not set."""


class Frozen(BaseModel):
    """What every table of a recipe is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Used(BaseModel):
    """A registered name and its constructor arguments."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    use: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What stands beside `use`: the constructor's arguments."""
        return dict(self.model_extra or {})


class Data(Used):
    """The jets: a dataset, and how images are made of them."""

    images: dict[str, Any] | None = None
    """Arguments of `jetlens.data.images.Images`: images as jets are read, of whatever dataset."""


class Explain(Used):
    """One explanation: a method, what it explains, which jets it is asked about."""

    target: str = "predicted"
    """A class, ``"predicted"``, ``"label"``, or a discriminant."""
    of: Literal["logit", "probability", "log-odds"] = "logit"
    select: Literal["all", "correct"] = "all"
    """``"correct"``: only jets whose predicted class is their label."""
    jets: Annotated[int, Field(ge=1)] | None = None
    """Explain so many, of each class as many: its first (all of the test part, if left out)."""
    keep: Annotated[int, Field(ge=0)] = 0
    """Store the attributions of so many of these, of each class as many; all are summarised."""
    trainings: Annotated[int, Field(ge=1)] | None = None
    """Explain the taggers of the first so many `repeats` (all of them, if left out)."""

    @field_validator("target", mode="before")
    @classmethod
    def _one(cls, target: Any) -> Any:
        if isinstance(target, list):
            raise ValueError(
                "expected one target, since summaries add up one: an [[explain]] for each"
            )
        return target


class Retrain(Frozen):
    """Retrainings on the most relevant inputs alone, which judge a ranking by relevance."""

    explain: str | None = None
    """The explanation whose relevance ranks the inputs, by its name among the results (the first
    where it is left out)."""
    keep: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] | None = None
    """Numbers of inputs to keep (each that is possible, where it is left out)."""
    random: Annotated[int, Field(ge=1)] = 3
    """Random orders to compare with."""
    repeats: Annotated[int, Field(ge=2)] = 3
    """Trainings of each set of inputs."""
    jets: Annotated[int, Field(ge=1)] = 2_000
    """Validation jets whose relevance ranks the inputs."""


class Recipe(Frozen):
    """A study, from collisions to report."""

    title: str = "A jetlens study"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    repeats: Annotated[int, Field(ge=1)] = 1
    """Taggers trained, with seeds of their own; the report shows their spread."""
    resplit: bool = False
    """Whether each of them divides the events into train, validation and test anew."""
    data: Data
    split: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """Shares of train, validation and test."""
    tagger: Used = Used(use="gn2")
    train: TrainSettings = TrainSettings()
    explain: tuple[Explain, ...] = ()
    show: tuple[Used, ...] = ()
    retrain: Retrain | None = None
    presets: dict[str, dict[str, Any]] = {}
    vary: dict[str, list[Any] | dict[str, dict[str, Any]]] = {}
    """Axes: dotted keys with their values, or names with tables of alternatives."""
    leave_out: tuple[dict[str, Annotated[tuple[str, ...], Field(min_length=1)]], ...] = ()
    """Combinations of places on these axes that are not run, each as places by axis."""

    against: dict[str, str] = {}
    """By axis, a place that others are compared with beside the first."""

    @field_validator("leave_out", mode="before")
    @classmethod
    def _tuples(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple) or not all(isinstance(e, dict) for e in given):
            raise ValueError('expected a list of tables, such as [{ model = ["whole"] }]')
        return tuple(
            {axis: tuple(v) if isinstance(v, list) else v for axis, v in each.items()}
            for each in given
        )

    @model_validator(mode="after")
    def _known_axes(self) -> Recipe:
        told = [("leave_out", axis) for each in self.leave_out for axis in each]
        for name, axis in [*told, *(("against", axis) for axis in self.against)]:
            if axis not in self.vary:
                raise ValueError(f"{name}: no axis {axis!r}; {expected(axis, self.vary)}")
        for each in self.leave_out:
            if not each:
                raise ValueError("leave_out has an empty table, which would leave out everything")
        return self

    @field_validator("split", mode="before")
    @classmethod
    def _three(cls, split: Any) -> Any:
        if not isinstance(split, list | tuple) or len(split) != 3:
            raise ValueError(_SHARES)
        return tuple(split)

    @field_validator("split")
    @classmethod
    def _whole(cls, split: tuple[float, float, float]) -> tuple[float, float, float]:
        if not (min(split) >= 0 and abs(sum(split) - 1) <= 1e-6):  # nan is no share
            raise ValueError(_SHARES)
        return split

    def tree(self) -> dict[str, Any]:
        """Return the recipe as the plain tables that TOML holds."""
        tree: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        for name in FROM_THE_RUN - self.train.model_fields_set:
            del tree["train"][name]
        return {k: v for k, v in tree.items() if v not in ({}, [])}

    def explanations(self) -> dict[str, Explain]:
        """Return the explanations by name: the method's, numbered where it is there twice."""
        found: dict[str, Explain] = {}
        for entry in self.explain:
            before = sum(other.use == entry.use for other in found.values())
            found[entry.use if not before else f"{entry.use}-{before + 1}"] = entry
        return found

    def variations(self) -> list[tuple[Variation, dict[str, Any]]]:
        """Return the variations of ``[vary]``, each with its plain tables."""
        found = []
        for variation in variations.variations(self.vary, self.leave_out) if self.vary else ():
            tree = {
                k: v for k, v in self.tree().items() if k not in ("vary", "leave_out", "against")
            }
            try:
                for changes in variation.changes:
                    overrides.apply(tree, changes)
            except BadRecipeError as error:
                raise BadRecipeError(f"vary, {variation.name}: {error}") from None
            tree["title"] = f"{self.title} ({variation.name})"
            found.append((variation, tree))
        if self.vary and not found:
            raise BadRecipeError("leave_out leaves out every variation of [vary]")
        return found

    def write(self, path: Path) -> None:
        """Write the recipe as TOML, atomically; names of data files become relative to it."""
        write_text(path, tomli_w.dumps(self.relative_tree(path.parent)))

    def relative_tree(self, folder: Path) -> dict[str, Any]:
        """Return `tree` with the data's file names relative to a folder."""
        tree = self.tree()
        files = tree["data"].get("files")
        if files is not None:
            names = [files] if isinstance(files, str) else files
            tree["data"]["files"] = [
                n if n.startswith("$") else os.path.relpath(n, folder.resolve()) for n in names
            ]
        return tree
