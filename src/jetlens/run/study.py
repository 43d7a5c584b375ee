"""One study under way: its recipe, its folder, and what its stages work with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jetlens import __version__
from jetlens.core.arguments import parameters
from jetlens.core.errors import BadFileError, BadRecipeError, JetlensError
from jetlens.core.files import remote
from jetlens.core.hashing import digest, mix
from jetlens.core.registry import arguments_of, datasets, summaries
from jetlens.data.base import Dataset, Part
from jetlens.data.generated import Generated
from jetlens.data.held import Held
from jetlens.data.images.imaged import Imaged
from jetlens.run.checks import images
from jetlens.run.executor import Executor
from jetlens.run.pool import Pool, choose
from jetlens.run.progress import Log
from jetlens.run.recipe import Recipe
from jetlens.run.recipe_file import build
from jetlens.run.shows import Shows
from jetlens.run.store import Store

PERFORMANCE = "performance"


@dataclass(frozen=True)
class Study:
    """A study, or one of its repeats.

    Attributes
    ----------
    recipe
        What is done.
    home
        The run's folder, where the jets lie.
    executor
        Where partitions are worked on.
    log
        What is told.
    device
        Where networks compute: ``"cpu"``, ``"cuda"``, ...
    number
        Which of the repeats this is, from 0.
    given
        A tagger that is there already, where none is to be trained.
    trust
        Whether the given one may be a pickle.
    name, places
        Where it is a variation: its folder's name, and its place on each axis.
    fits
        What methods were tried on and fit, by `jetlens.run.stages.trial`: the same of all
        variations and repeats.
    """

    recipe: Recipe
    home: Store
    executor: Executor
    log: Log
    device: str = "cpu"
    number: int = 0
    given: Path | None = None
    trust: bool = False
    name: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    fits: set[str] = field(default_factory=set, compare=False)

    @property
    def store(self) -> Store:
        """The folder of this repeat."""
        return self.home.repeat(self.number)

    @property
    def seed(self) -> int:
        """The seed of this repeat's training: the recipe's for the first, hashed from it after."""
        if self.number == 0:
            return self.recipe.seed
        return int(mix(self.number, salt=self.recipe.seed) >> 33)

    @property
    def division(self) -> int:
        """Which way of dividing the events into parts this repeat takes."""
        return self.number if self.recipe.resplit else 0

    @property
    def split_key(self) -> list[float]:
        """What the parts depend on, for keys of stages."""
        return [*self.recipe.split, *([self.division] if self.division else [])]

    def repeats(self) -> list[Study]:
        """Return all repeats of the study."""
        return [replace(self, number=k) for k in range(self.recipe.repeats)]

    def variations(self) -> list[Study]:
        """Return the variations of the study, each in a folder of its own; itself, if none is."""
        if not self.recipe.vary:
            return [self]
        return [
            replace(
                self,
                recipe=build(tree),
                home=Store(self.home.root / variation.name),
                name=variation.name,
                places=variation.places,
            )
            for variation, tree in self.recipe.variations()
        ]

    def source(self) -> Dataset:
        """Return the dataset that the recipe names.

        Raises
        ------
        BadFileError
            If its files are not there, or not what they should be.
        BadRecipeError
            If it does not take what the recipe gives it.
        """
        use, arguments = self.recipe.data.use, self.recipe.data.arguments
        if "seed" in parameters(datasets.get(use)) and "seed" not in arguments:
            arguments["seed"] = self.recipe.seed
        try:
            made: Dataset = datasets.make(use, **arguments)
        except JetlensError as error:
            if self.given is not None:  # of files that no recipe names
                raise
            kind = BadFileError if isinstance(error, BadFileError) else BadRecipeError
            raise kind(f"data: {error}") from None
        return made

    def jets(self) -> Dataset:
        """Return the jets: generated ones from their files; with images, if the recipe says so."""
        return self._imaged(self._stored())

    def _stored(self) -> Dataset:
        """Return the jets as they lie in files, or are made."""
        source = self.source()
        if isinstance(source, Generated):
            return source.reopen(self.files(source))
        return source

    def _imaged(self, jets: Dataset) -> Dataset:
        """Add the recipe's images."""
        made = images(self.recipe.data)
        return jets if made is None else Imaged(jets, made)

    def files(self, source: Generated) -> list[Path]:
        """Return the files that a generated dataset of this study was written to, in order."""
        return sorted(self.home.jets.glob(f"*{source.suffix}"))

    def held(self) -> Dataset:
        """Return the jets as they are read many times over: kept in memory, if there is room.

        The recipe's images are made anew each time: particles take less room.
        """
        return self._imaged(Held(self._stored(), self._stored_key()))

    def part(self, name: str) -> Part:
        """Return the train, validation or test part."""
        return Part(self.jets(), name, self.recipe.split, self.division)

    def tested(self) -> Dataset:
        """Return the jets that are tagged and explained: the test part; all, for a given tagger."""
        return self.part("test") if self.given is None else self.jets()

    @property
    def lenient(self) -> bool:
        """Whether a summary that an attribution does not allow is left out: one of several may not.

        So it is where taggers vary, where there are several explanations, and where the summaries
        were chosen without looking at the method.
        """
        return bool(self.name) or self.given is not None or len(self.recipe.explain) > 1

    def recipe_tree(self) -> dict[str, Any]:
        """Return the recipe as plain tables, without what a given tagger leaves no use for."""
        tree = self.recipe.relative_tree(self.home.root)
        if self.given is not None:
            for name in ("tagger", "train", "split"):
                del tree[name]
        return tree

    @property
    def tagger(self) -> Path:
        """The tagger's folder: the one given, or what this repeat trains."""
        return self.given or self.store.tagger

    def tagger_key(self) -> str:
        """Return a digest of the tagger's files."""
        return self.store.fingerprint([self.tagger])

    def shows(self, scores: bool) -> Shows:
        """Return the summaries that need scores, or those that need none.

        The tagger's performance is always among the latter.
        """
        wanted = [(s.use, s.arguments) for s in self.recipe.show]
        if not any(use == PERFORMANCE for use, _ in wanted):
            wanted.insert(0, (PERFORMANCE, {}))
        return tuple(
            (use, self._of_data(use) | arguments)
            for use, arguments in wanted
            if getattr(summaries.get(use), "needs_scores", True) == scores
        )

    def _of_data(self, use: str) -> dict[str, Any]:
        """Return what a summary has to know of the dataset, such as its masses."""
        source = self.source()
        names = (n for n in getattr(summaries.get(use), "of_data", ()) if hasattr(source, n))
        return {name: list(getattr(source, name)) for name in names}

    def pool(self) -> Pool:
        """Return the reference jets for baselines: of the training part, of each class as many.

        Without a training, of all jets.

        Raises
        ------
        BadValueError
            If there are none.
        """

        def part(whole: Dataset) -> Dataset:
            if self.given is not None:
                return whole
            return Part(whole, "train", self.recipe.split, self.division)

        key = self.jets_key(), *map(str, self.split_key if self.given is None else ())
        return choose(key, part(self._stored()), images(self.recipe.data))

    def jets_key(self) -> str:
        """Return a digest of the jets' files and how they are read, and of the recipe's images.

        Jets that are in no files have one of what makes them.
        """
        stored, made = self._stored_key(), self.recipe.data.images
        return stored if made is None else key(stored, made)

    def tested_key(self) -> str:
        """Return a digest of the jets that are tagged and explained, whatever images of them are.

        Taggers that have the same are tested on the same jets.
        """
        return key(self._stored_key(), self.split_key if self.given is None else "all")

    def _stored_key(self) -> str:
        source = self.source()
        if isinstance(source, Generated):
            return key(self.home.fingerprint(self.files(source)), arguments_of(source))
        files = getattr(source, "files", None)
        if files is not None:
            here = self.home.fingerprint([Path(f) for f in files if not remote(f)])
            elsewhere = [f for f in files if remote(f)]  # their names have to do
            how = self.recipe.data.model_dump(exclude={"images", "files"})
            return key(here, elsewhere, how)
        return key(self.recipe.data.model_dump(exclude={"images"}), self.recipe.seed)


def key(*parts: Any) -> str:
    """Return the key of a stage from plain values; this version of jetlens is a part of it."""
    return digest(__version__, *(json.dumps(p, sort_keys=True, default=_plain) for p in parts))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
