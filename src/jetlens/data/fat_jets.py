"""Large jets of two or more processes, at particle level: such as ZZ against QCD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data import readers
from jetlens.data.base import Dataset, Generated
from jetlens.data.images import Imaged, Images
from jetlens.data.processes import process

EVENTS_AT_FIRST, EVENTS_AT_ONCE = 30, 300
IN_VAIN = 100_000  # events without a single jet after which there is no hope
_PROCESS_BITS, _EVENT_BITS = 8, 24  # processes of a dataset, events of a partition


@datasets.register("fat-jets")
@dataclass(frozen=True, kw_only=True)
class FatJets(Generated):
    """Large anti-kt jets of Pythia 8 collisions at particle level, equally many of each process.

    All final particles but neutrinos are clustered; jets are groomed by the modified mass drop
    (z = 0.1, beta = 0) and kept in a window of groomed mass.

    Parameters
    ----------
    processes
        Cards of `jetlens.data.processes`: the classes.
    jets
        Number of jets in all.
    radius
        Radius of the anti-kt algorithm.
    pt_min, pt_max
        Range of the jets' pt in GeV; no upper end if that is left out.
    eta_max
        Largest absolute pseudorapidity of a jet.
    mass
        Range of the groomed mass in GeV.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    pixels
        Pixels of the image in each direction.
    window
        How far the image reaches from the harder prong to each side, in distances of the prongs.
    """

    processes: tuple[str, ...] = ("qcd", "zz")
    jets: int = 40_000
    radius: float = 0.8
    pt_min: float = 200.0
    pt_max: float | None = None
    eta_max: float = 2.4
    mass: tuple[float, float] = (50.0, 150.0)
    seed: int = 1
    partition: int = 2_000
    pixels: int = 32
    window: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "processes", tuple(self.processes))
        object.__setattr__(self, "mass", tuple(self.mass))
        for name in self.processes:
            process(name)
        if len(self.processes) < 2 or len(set(self.processes)) < len(self.processes):
            raise BadValueError(
                f"processes = {list(self.processes)}: expected two or more different ones"
            )
        for name in ("jets", "partition"):
            if getattr(self, name) < 1:
                raise BadValueError(f"{name} = {getattr(self, name)}: expected 1 or more")
        for name in ("radius", "pt_min", "eta_max"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise BadValueError(f"{name} = {getattr(self, name)}: expected a number above 0")
        if self.pt_max is not None and not self.pt_max > self.pt_min:
            raise BadValueError(f"pt_max = {self.pt_max}: expected above pt_min = {self.pt_min}")
        if len(self.mass) != 2 or not 0 <= self.mass[0] < self.mass[1]:
            raise BadValueError(f"mass = {list(self.mass)}: expected a range in GeV, as [50, 150]")
        if self.seed < 0:
            raise BadValueError(f"seed = {self.seed}: expected 0 or more")
        self.images  # noqa: B018 (refuses pixels and windows that make no sense)

    @property
    def images(self) -> Images:
        """How the images are made."""
        return Images(
            pixels=self.pixels,
            window=self.window,
            frame="subjets",
            weight="log_pt_rel",
            weight_is_log=True,
        )

    def partitions(self) -> list[FatJetPartition]:
        """Return the partitions; the last one may be smaller."""
        return [
            FatJetPartition(self, k, min(self.partition, self.jets - first))
            for k, first in enumerate(range(0, self.jets, self.partition))
        ]

    def reopen(self, files: Sequence[Path]) -> Dataset:
        """Return the files' jets, with their images."""
        return Imaged(readers.open(files, format="ftag"), self.images)


@dataclass(frozen=True)
class FatJetPartition:
    """Partition `index` of a dataset, `jets` jets."""

    dataset: FatJets
    index: int
    jets: int

    def read(self) -> JetBatch:
        """Generate the jets as a `JetBatch`."""
        from jetlens.data.readers.ftag import to_batch

        return self.dataset.images.add(to_batch(self.arrays(), first=self._first))

    @property
    def _first(self) -> int:
        return self.index * self.dataset.partition

    def arrays(self) -> dict[str, NDArray[np.void]]:
        """Generate the jets as tables.

        Returns
        -------
        ``jets`` ``[jet]`` and ``constituents`` ``[jet, 100]``: the same bytes on every call.
        """
        from jetlens.data.fat_jet_arrays import empty

        names = self.dataset.processes
        rng = np.random.default_rng([self.dataset.seed, self.index])
        seeds = rng.integers(1, 900_000_000, len(names))
        # shares of the whole are equal, whatever the partition
        label = rng.permutation((self._first + np.arange(self.jets)) % len(names))
        wanted = np.bincount(label, minlength=len(names))
        tables = empty(self.jets, names)
        for k in range(len(names)):
            if not wanted[k]:
                continue
            made = self._of_process(k, int(seeds[k]), int(wanted[k]))
            made["jets"]["label"] = k
            made["jets"]["eventNumber"] += ((self.index << _PROCESS_BITS) + k) << _EVENT_BITS
            for name, table in made.items():
                tables[name][label == k] = table
        return tables

    def _of_process(self, k: int, seed: int, wanted: int) -> dict[str, NDArray[np.void]]:
        """Generate `wanted` jets of the process `k`; their events are numbered from 0."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.fat_jet_arrays import Cuts, find, to_arrays
        from jetlens.data.generator import generator
        from jetlens.data.veto import wanted as in_sight

        settings = self.dataset
        card = process(settings.processes[k])
        start = f"PhaseSpace:pTHatMin = {card.pthat * settings.pt_min:.6g}"
        sight = in_sight(settings.pt_min, settings.mass[0], settings.radius, settings.eta_max)
        pythia = generator(card.name, *([start] if card.pthat else []), cuts=sight)
        pythia.seed(seed)
        cuts = Cuts(
            settings.radius,
            settings.pt_min,
            np.inf if settings.pt_max is None else settings.pt_max,
            settings.eta_max,
            settings.mass,
        )
        made: list[dict[str, NDArray[np.void]]] = []
        jets = events = 0
        while jets < wanted:
            record = pythia.events(_next_batch(events, jets, wanted))
            found = find(record, cuts, card.match)
            if len(found):
                tables = to_arrays(record, found, settings.radius, settings.processes)
                tables["jets"]["eventNumber"] += events
                made.append(tables)
            jets += len(found)
            events += record.events
            tried = events + pythia.given_up
            if jets == 0 and tried >= IN_VAIN:
                raise BadValueError(
                    f"process {card.name!r}: no jet in {tried} events passes radius = "
                    f"{settings.radius}, pt_min = {settings.pt_min}, pt_max = {settings.pt_max}, "
                    f"eta_max = {settings.eta_max}, mass = {list(settings.mass)}"
                )
        return {name: np.concatenate([m[name] for m in made])[:wanted] for name in made[0]}


def _next_batch(events: int, jets: int, wanted: int) -> int:
    """Return how many events to generate next, so that few are thrown away at the end."""
    if jets == 0:
        return min(EVENTS_AT_FIRST, 5 * wanted + 4)
    return int(min(EVENTS_AT_ONCE, 1.05 * (wanted - jets) * events / jets + 4))
