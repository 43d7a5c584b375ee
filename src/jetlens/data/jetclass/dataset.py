"""Jets of JetClass's ten kinds (arXiv:2202.03772), from Pythia 8 and a parametrised detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import datasets
from jetlens.data import readers
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.generated import Generated
from jetlens.data.readers import jetclass
from jetlens.data.readers.jetclass_files import write
from jetlens.data.readers.jetclass_variables import CLASSES
from jetlens.data.tables.made_up import filled

if TYPE_CHECKING:
    from jetlens.data.events.generator import EventRecord
    from jetlens.data.jetclass.columns import Tables
    from jetlens.data.jetclass.jets import Selected


@datasets.register("jetclass")
@dataclass(frozen=True, kw_only=True)
class JetClass(Generated):
    """Large jets of 500 to 1000 GeV of up to ten kinds, equally many of each, as in JetClass.

    Pythia 8 at 13 TeV: Higgs, W and Z bosons, quarks and gluons beside a Z boson that decays to
    neutrinos, and top pairs. Particle flow in a parametrised detector without pile-up; anti-kt,
    R = 0.8, |eta| < 2. A jet of a resonance holds all partons of its decay. Files are in JetClass's
    own layout, with the partons beside.

    Parameters
    ----------
    classes
        The kinds; left out, all ten.
    jets
        Number of jets in all.
    constituents
        How many particles of a jet to keep, the hardest; left out, all.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    """

    classes: tuple[str, ...] = CLASSES
    constituents: int | None = None
    suffix: ClassVar[str] = ".root"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "classes", tuple(self.classes))
        for name in self.classes:
            look_up("class of jets", name, dict.fromkeys(CLASSES))
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise BadValueError(
                f"classes = {list(self.classes)}: expected two or more different ones of "
                f"{', '.join(CLASSES)}"
            )
        if self.jets < len(self.classes):
            raise BadValueError(
                f"jets = {self.jets}: expected one or more of each of the {len(self.classes)} "
                f"classes {', '.join(self.classes)}"
            )
        if self.constituents is not None:
            check_whole("constituents", self.constituents)

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Generate ``jets`` ``[jet]``, ``constituents`` ``[jet, longest]``, ``partons``."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.events.gather import fill
        from jetlens.data.jetclass.columns import empty

        rng = np.random.default_rng([self.seed, index])
        # shares of the whole are equal, whatever the partition
        row = index * self.partition + np.arange(count)
        label = rng.permutation(row % len(self.classes))
        sources = rng.spawn(len(self.classes))
        tables = empty(count)
        fill(tables, label, index, lambda k, n: self._of_class(k, sources[k], n))
        tables["jets"]["label"] = label
        longest = int(tables["constituents"]["valid"].sum(axis=1).max())
        return {**tables, "constituents": tables["constituents"][:, :longest]}

    def foreseen(self, count: int) -> dict[str, NDArray[np.void]]:
        """Return the tables that jets will be in, filled with numbers that mean nothing."""
        from jetlens.data.jetclass.columns import empty

        tables = filled(empty(count))
        tables["jets"]["label"] = np.arange(count) % len(self.classes)
        return tables

    def batch(self, tables: Mapping[str, NDArray[np.void]], first: int) -> JetBatch:
        """Return tables as a `JetBatch`, whose first jet has the global row `first`."""
        from jetlens.data.jetclass.columns import branches

        return jetclass.to_batch(
            branches(tables, self.classes),
            first,
            classes=self.classes,
            constituents=self.constituents,
        )

    def write(self, path: Path, tables: Mapping[str, NDArray[np.void]]) -> None:
        """Write tables in JetClass's layout, whole or not at all."""
        from jetlens.data.jetclass.columns import branches

        write(path, branches(tables, self.classes))

    def reopen(self, files: Sequence[Path]) -> Dataset:
        """Return the dataset of files that tables were written to."""
        return readers.open(
            files, format="jetclass", classes=self.classes, constituents=self.constituents
        )

    def _of_class(self, k: int, rng: np.random.Generator, wanted: int) -> Tables:
        """Generate `wanted` jets of one class; their events are numbered from 0."""
        from jetlens.data.events.gather import gather
        from jetlens.data.events.generator import generator
        from jetlens.data.jetclass.columns import to_arrays
        from jetlens.data.jetclass.jets import KINDS, PT, find
        from jetlens.data.processes import process

        kind = KINDS[self.classes[k]]
        card = process(kind.card)
        pythia = generator(card.name, f"PhaseSpace:pTHatMin = {card.pthat * PT[0]:.6g}")
        pythia.seed(int(rng.integers(1, 900_000_000)))

        def to_tables(record: EventRecord, jets: Selected) -> Tables:
            return to_arrays(record, jets, kind)

        return gather(
            pythia,
            lambda record: find(record, kind, rng),
            to_tables,
            wanted,
            f"a jet of process {card.name!r} of {PT[0]:g} to {PT[1]:g} GeV with all its partons",
        ).tables
