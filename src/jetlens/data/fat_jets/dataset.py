"""Large jets of two or more processes, at particle level: such as ZZ against QCD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data.generated import Generated
from jetlens.data.images import Images
from jetlens.data.processes import process
from jetlens.data.tables.made_up import filled


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
    radius: float = 0.8
    pt_min: float = 200.0
    pt_max: float | None = None
    eta_max: float = 2.4
    mass: tuple[float, float] = (50.0, 150.0)
    pixels: int = 32
    window: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "processes", tuple(self.processes))
        object.__setattr__(self, "mass", tuple(self.mass))
        for name in self.processes:
            process(name)
        if len(self.processes) < 2 or len(set(self.processes)) < len(self.processes):
            raise BadValueError(
                f"processes = {list(self.processes)}: expected two or more different ones"
            )
        for name in ("radius", "pt_min", "eta_max"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise BadValueError(f"{name} = {getattr(self, name)}: expected a number above 0")
        if self.pt_max is not None and not self.pt_max > self.pt_min:
            raise BadValueError(f"pt_max = {self.pt_max}: expected above pt_min = {self.pt_min}")
        if len(self.mass) != 2 or not 0 <= self.mass[0] < self.mass[1]:
            raise BadValueError(f"mass = {list(self.mass)}: expected a range in GeV, as [50, 150]")
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

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Generate jets as tables: ``jets`` ``[jet]`` and ``constituents`` ``[jet, 100]``."""
        from jetlens.data.events.gather import fill
        from jetlens.data.fat_jets.arrays import empty

        rng = np.random.default_rng([self.seed, index])
        seeds = rng.integers(1, 900_000_000, len(self.processes))
        # shares of the whole are equal, whatever the partition
        row = index * self.partition + np.arange(count)
        label = rng.permutation(row % len(self.processes))
        tables = empty(count, self.processes)
        fill(tables, label, index, lambda k, n: self._of_process(k, int(seeds[k]), n))
        tables["jets"]["label"] = label
        return tables

    def foreseen(self, count: int) -> dict[str, NDArray[np.void]]:
        """Return the tables that jets will be in, filled with numbers that mean nothing."""
        from jetlens.data.fat_jets.arrays import empty

        return filled(empty(count, self.processes))

    def _of_process(self, k: int, seed: int, wanted: int) -> dict[str, NDArray[np.void]]:
        """Generate `wanted` jets of the process `k`; their events are numbered from 0."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.events.gather import gather
        from jetlens.data.events.generator import generator
        from jetlens.data.events.veto import wanted as in_sight
        from jetlens.data.fat_jets.arrays import Cuts, find, to_arrays

        card = process(self.processes[k])
        start = f"PhaseSpace:pTHatMin = {card.pthat * self.pt_min:.6g}"
        sight = in_sight(self.pt_min, self.mass[0], self.radius, self.eta_max)
        pythia = generator(card.name, *([start] if card.pthat else []), cuts=sight)
        pythia.seed(seed)
        cuts = Cuts(
            self.radius,
            self.pt_min,
            np.inf if self.pt_max is None else self.pt_max,
            self.eta_max,
            self.mass,
        )
        return gather(
            pythia,
            lambda record: find(record, cuts, card.match),
            lambda record, found: to_arrays(record, found, self.radius, self.processes),
            wanted,
            f"a jet of process {card.name!r} with radius = {self.radius}, pt_min = {self.pt_min}, "
            f"pt_max = {self.pt_max}, eta_max = {self.eta_max}, mass = {list(self.mass)}",
        ).tables
