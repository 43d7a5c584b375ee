"""Quark and gluon jets as the public benchmark makes them (arXiv:1810.05165)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.registry import datasets
from jetlens.data import readers
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.generated import Generated
from jetlens.data.processes import process
from jetlens.data.readers import energyflow
from jetlens.data.tables.made_up import filled

if TYPE_CHECKING:
    from jetlens.data.events.generator import EventRecord

CARDS = ("z-gluon", "z-quark")
"""The processes of the classes, gluon and quark."""


@datasets.register("qg")
@dataclass(frozen=True, kw_only=True)
class QuarkGluon(Generated):
    """Quark and gluon jets of 500 to 550 GeV, half of each, as in EnergyFlow's benchmark.

    Pythia 8 at 14 TeV: a Z boson, which decays to neutrinos, beside a quark or a gluon. All other
    final particles are clustered (anti-kt, R = 0.4); jets have 500 < pt < 550 GeV and |y| < 1.7.
    The label is the parton's. Files are in EnergyFlow's own format.

    Parameters
    ----------
    jets
        Number of jets in all.
    withbc
        Whether quarks may be c and b, too; otherwise they are u, d and s.
    detector
        Whether charged particles are seen by a tracker: their momenta are as it measures them, and
        they have impact parameters. Jets are selected by their true momenta all the same.
    constituents
        How many particles of a jet to keep, the hardest; left out, all.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    """

    withbc: bool = False
    detector: bool = False
    constituents: int | None = None
    suffix: ClassVar[str] = ".npz"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.constituents is not None:
            check_whole("constituents", self.constituents)

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Generate ``jets`` ``[jet]`` and ``constituents`` ``[jet, longest]``."""
        from jetlens.data.events.gather import fill
        from jetlens.data.quark_gluon.jets import empty

        rng = np.random.default_rng([self.seed, index])
        # shares of the whole are equal, whatever the partition
        row = index * self.partition + np.arange(count)
        label = rng.permutation(row % len(CARDS))
        sources = rng.spawn(len(CARDS))
        tables = empty(count, self.detector)
        fill(tables, label, index, lambda k, n: self._of_class(k, sources[k], n))
        tables["jets"]["y"] = label
        longest = int((tables["constituents"]["pt"] > 0).sum(axis=1).max())
        return {**tables, "constituents": tables["constituents"][:, :longest]}

    def foreseen(self, count: int) -> dict[str, NDArray[np.void]]:
        """Return the tables that jets will be in, filled with numbers that mean nothing."""
        from jetlens.data.quark_gluon.jets import empty

        tables = filled(empty(count, self.detector))
        tables["jets"]["y"] = np.arange(count) % len(CARDS)
        tables["constituents"]["pid"] = 22  # a photon
        return tables

    def batch(self, tables: Mapping[str, NDArray[np.void]], first: int) -> JetBatch:
        """Return tables as a `JetBatch`, whose first jet has the global row `first`."""
        return energyflow.to_batch(arrays(tables), first, constituents=self.constituents)

    def write(self, path: Path, tables: Mapping[str, NDArray[np.void]]) -> None:
        """Write tables in EnergyFlow's format, whole or not at all."""
        energyflow.write(path, arrays(tables))

    def reopen(self, files: Sequence[Path]) -> Dataset:
        """Return the dataset of files that tables were written to."""
        return readers.open(files, format="energyflow", constituents=self.constituents)

    def _of_class(
        self, k: int, rng: np.random.Generator, wanted: int
    ) -> dict[str, NDArray[np.void]]:
        """Generate `wanted` jets of one class; their events are numbered from 0."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.events.gather import gather
        from jetlens.data.events.generator import generator
        from jetlens.data.events.veto import wanted as in_sight
        from jetlens.data.quark_gluon import jets as own
        from jetlens.data.quark_gluon.tracks import measured

        card = process(CARDS[k])
        start = f"PhaseSpace:pTHatMin = {card.pthat * own.PT[0]:.6g}"
        sight = in_sight(own.PT[0], 0.0, own.RADIUS, own.RAPIDITY, share=own.SIGHT)
        pythia = generator(card.name, start, cuts=sight._replace(invisible=(own.Z,)))
        pythia.seed(int(rng.integers(1, 900_000_000)))
        heaviest = own.HEAVIEST if self.withbc else own.LIGHT

        def to_arrays(record: EventRecord, jets: own.Selected) -> own.Tables:
            columns = own.particles(record, jets)
            if self.detector:
                columns |= measured(record, jets, columns, rng)
            return own.to_arrays(jets, columns, self.detector)

        return gather(
            pythia,
            lambda record: own.find(record, heaviest),
            to_arrays,
            wanted,
            f"a jet of process {card.name!r} of {own.PT[0]:g} to {own.PT[1]:g} GeV",
        ).tables


def arrays(tables: Mapping[str, NDArray[np.void]]) -> dict[str, NDArray[np.generic]]:
    """Return tables as the arrays of EnergyFlow's format."""
    jets, particles = tables["jets"], tables["constituents"]
    names = particles.dtype.names or ()
    return {
        "X": np.stack([particles[n] for n in names[:4]], axis=-1),
        "y": jets["y"],
        "event": jets["eventNumber"],
        "parton": jets["parton"],
        **{n: particles[n] for n in names[4:]},
    }
