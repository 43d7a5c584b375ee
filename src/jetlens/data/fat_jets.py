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
        from jetlens.data.fat_jet_arrays import empty

        rng = np.random.default_rng([self.seed, index])
        seeds = rng.integers(1, 900_000_000, len(self.processes))
        # shares of the whole are equal, whatever the partition
        row = index * self.partition + np.arange(count)
        label = rng.permutation(row % len(self.processes))
        wanted = np.bincount(label, minlength=len(self.processes))
        tables = empty(count, self.processes)
        for k in np.flatnonzero(wanted):
            made = self._of_process(int(k), int(seeds[k]), int(wanted[k]))
            made["jets"]["label"] = k
            made["jets"]["eventNumber"] += ((index << _PROCESS_BITS) + k) << _EVENT_BITS
            for name, table in made.items():
                tables[name][label == k] = table
        return tables

    def _of_process(self, k: int, seed: int, wanted: int) -> dict[str, NDArray[np.void]]:
        """Generate `wanted` jets of the process `k`; their events are numbered from 0."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.fat_jet_arrays import Cuts, find, to_arrays
        from jetlens.data.generator import generator
        from jetlens.data.veto import wanted as in_sight

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
        made: list[dict[str, NDArray[np.void]]] = []
        jets = events = 0
        while jets < wanted:
            record = pythia.events(_next_batch(events, jets, wanted))
            found = find(record, cuts, card.match)
            if len(found):
                tables = to_arrays(record, found, self.radius, self.processes)
                tables["jets"]["eventNumber"] += events
                made.append(tables)
            jets += len(found)
            events += record.events
            tried = events + pythia.given_up
            if jets == 0 and tried >= IN_VAIN:
                raise BadValueError(
                    f"process {card.name!r}: no jet in {tried} events passes radius = "
                    f"{self.radius}, pt_min = {self.pt_min}, pt_max = {self.pt_max}, "
                    f"eta_max = {self.eta_max}, mass = {list(self.mass)}"
                )
        return {name: np.concatenate([m[name] for m in made])[:wanted] for name in made[0]}


def _next_batch(events: int, jets: int, wanted: int) -> int:
    """Return how many events to generate next, so that few are thrown away at the end."""
    if jets == 0:
        return min(EVENTS_AT_FIRST, 5 * wanted + 4)
    return int(min(EVENTS_AT_ONCE, 1.05 * (wanted - jets) * events / jets + 4))
