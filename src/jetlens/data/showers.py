"""Calorimeter showers with timing: electrons, photons, charged pions and kaons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.names import different
from jetlens.core.registry import datasets
from jetlens.core.units import Feature
from jetlens.data.checks import check_whole
from jetlens.data.generated import Generated
from jetlens.data.tables.columns import classes_column, described, numbered
from jetlens.physics.showers import shower
from jetlens.physics.showers.calorimeter import Calorimeter
from jetlens.physics.showers.spots import Points, joined, summed
from jetlens.physics.showers.table import HIGHEST, LOWEST

Floats = NDArray[np.float64]
Tables = dict[str, NDArray[np.void]]

PARTICLES = tuple(shower.MASSES)

HITS = (
    Feature("x", "mm", r"$x$"),
    Feature("y", "mm", r"$y$"),
    Feature("z", "mm", r"$z$"),
    Feature("energy", "GeV", r"$E$", "MeV", 1e3),
    Feature("time", "ns", r"$t - t_\mathrm{light}$"),
)
JETS = (
    Feature("energy", "GeV", r"$\sum E$"),
    Feature("hits", "", "Hits"),
    Feature("depth", "mm", r"$\langle z \rangle$"),
    Feature("width", "mm", r"$\sqrt{\langle r^2 \rangle}$"),
    Feature("time", "ns", r"$\langle t - t_\mathrm{light} \rangle$"),
)
TRUTH = (
    Feature("momentum", "GeV", r"$p$"),
    Feature("true_energy", "GeV", r"$E_\mathrm{true}$"),
    Feature("beta", "", r"$\beta$"),
    Feature("flight", "ns", r"$t_\mathrm{flight} - t_\mathrm{light}$"),
    Feature("start", "mm", r"$z_\mathrm{start}$"),
    Feature("electromagnetic", "GeV", r"$E_\mathrm{em}$"),
    Feature("invisible", "GeV", r"$E_\mathrm{invisible}$"),
    Feature("leaked", "GeV", r"$E_\mathrm{leaked}$"),
    Feature("late", "GeV", r"$E_\mathrm{late}$"),
)
HIT_TYPE = np.dtype([*map(described, HITS), ("valid", np.dtype("?"))])


@datasets.register("showers")
@dataclass(frozen=True, kw_only=True)
class Showers(Generated):
    """Showers in a segmented block of lead tungstate, of equally many particles of each kind.

    A row is a shower. Its ``hits`` are cells, the most energetic first: the cell's middle ``x``,
    ``y`` and ``z`` (from the face), the measured ``energy``, and the ``time`` of the hit less the
    time that light takes along z from where the particle started to the same depth. ``jets`` sums
    up all hits, those that are not kept included. Particles start `distance` before the face, fly
    along z, and enter anywhere in the middle cell; they are those that reach it undecayed.

    Parameters
    ----------
    particles
        Two or more of ``"electron"``, ``"photon"``, ``"pion"`` and ``"kaon"``: the classes.
    momentum
        The least and the largest momentum in GeV, within 1 and 10; between them, its logarithm is
        uniform, for every kind of particle.
    distance
        Flight to the face of the calorimeter, in mm.
    jitter
        How well it is known when a particle started, the same for all its hits, in ns.
    cell, layer
        Width (x, y) and thickness (z) of the cells, in mm.
    width, depth
        Of the block, in mm.
    threshold
        Energy from which on a cell is hit, in GeV.
    gate
        What comes later than this after light is not measured, in ns.
    hits
        Hits that are kept of a shower, the most energetic.
    jets
        Number of showers in all.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Showers a partition.
    """

    particles: tuple[str, ...] = PARTICLES
    momentum: tuple[float, float] = (LOWEST, HIGHEST)
    distance: float = 1800.0
    jitter: float = 0.02
    cell: float = 20.0
    layer: float = 20.0
    width: float = 820.0
    depth: float = 1000.0
    threshold: float = 0.005
    gate: float = 10.0
    hits: int = 128
    partition: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "particles", different("particles", self.particles))
        object.__setattr__(self, "momentum", tuple(map(float, self.momentum)))
        for name in self.particles:
            look_up("particle", name, shower.MASSES)
        if len(self.particles) < 2:
            raise BadValueError(
                f"particles = {list(self.particles)}: expected two or more of "
                f"{', '.join(PARTICLES)}, for they are the classes"
            )
        if len(self.momentum) != 2 or not LOWEST <= self.momentum[0] <= self.momentum[1] <= HIGHEST:
            raise BadValueError(
                f"momentum = {list(self.momentum)}: expected the least and the largest, from "
                f"{LOWEST:g} to {HIGHEST:g} GeV, for which hadronic showers are parametrised"
            )
        for name in ("distance", "jitter"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise BadValueError(f"{name} = {getattr(self, name)}: expected 0 or more")
        check_whole("hits", self.hits)
        self.calorimeter  # noqa: B018 (refuses blocks that make no sense)

    @property
    def calorimeter(self) -> Calorimeter:
        """The block of cells."""
        return Calorimeter(
            cell=self.cell,
            layer=self.layer,
            width=self.width,
            depth=self.depth,
            threshold=self.threshold,
            gate=self.gate,
        )

    def tables(self, index: int, count: int) -> Tables:
        """Make showers as tables: ``jets`` ``[jet]`` and ``hits`` ``[jet, hit]``."""
        rng = np.random.default_rng([self.seed, index])
        row = index * self.partition + np.arange(count)
        label = rng.permutation(row % len(self.particles))  # equal numbers in the whole
        low, high = np.log(self.momentum)
        momentum = np.exp(rng.uniform(low, high, count)).clip(*self.momentum)
        x, y = rng.uniform(-self.cell / 2, self.cell / 2, (2, count))
        known, spots = self._developed(label, momentum, x, y, rng)
        read = self.calorimeter.read(spots, count, rng)
        began = self.jitter * rng.normal(size=count)
        hits = read.hits._replace(time=read.hits.time + began[read.hits.shower])
        known |= {"momentum": momentum, "leaked": read.leaked, "late": read.late}
        jets = np.zeros(count, dtype=self._jet_type)
        for name, values in (_means(hits, count) | known).items():
            jets[name] = values
        jets["label"], jets["eventNumber"] = label, row
        return {"jets": jets, "hits": _table(hits, count, self.hits)}

    @property
    def _jet_type(self) -> np.dtype[np.void]:
        return np.dtype(
            [
                *map(described, JETS),
                *(described(f, truth=True) for f in TRUTH),
                classes_column(numbered(self.particles)),
                ("eventNumber", np.dtype("i8")),
            ]
        )

    def _developed(
        self, label: NDArray[np.int64], momentum: Floats, x: Floats, y: Floats,
        rng: np.random.Generator,
    ) -> tuple[dict[str, Floats], Points]:  # fmt: skip
        """Draw the showers of all kinds: what is known of each, and their spots."""
        names = {"true_energy": "energy", **{n: n for n in ("beta", "flight", "start")}}
        names |= {n: n for n in ("electromagnetic", "invisible")}
        known = {name: np.zeros(len(label)) for name in names}
        spots = []
        for i, particle in enumerate(self.particles):
            own = np.flatnonzero(label == i)
            found = shower.develop(particle, momentum[own], self.distance, x[own], y[own], rng)
            for name, field in names.items():
                known[name][own] = getattr(found, field)
            spots.append(found.spots._replace(shower=own[found.spots.shower]))
        return known, joined(spots)


def _means(hits: Points, count: int) -> dict[str, Floats]:
    """Return sums and means over the hits of showers; where there are none, 0."""

    def total(values: Floats) -> Floats:
        return summed(hits.shower, values, count)

    energy = total(hits.energy)
    some = np.maximum(energy, 1e-9)
    x, y, z, time = (total(hits.energy * a) / some for a in (hits.x, hits.y, hits.z, hits.time))
    away = (hits.x - x[hits.shower]) ** 2 + (hits.y - y[hits.shower]) ** 2
    return {
        "energy": energy,
        "hits": total(np.ones(len(hits.energy))),
        "depth": z,
        "width": np.sqrt(total(hits.energy * away) / some),
        "time": time,
    }


def _table(hits: Points, count: int, most: int) -> NDArray[np.void]:
    """Return the table of the first hits of each shower."""
    table = np.zeros((count, most), dtype=HIT_TYPE)
    first = np.searchsorted(hits.shower, np.arange(count))
    place = np.arange(len(hits.shower)) - first[hits.shower]
    at = hits.shower[place < most], place[place < most]
    for name in ("x", "y", "z", "energy", "time"):
        table[name][at] = getattr(hits, name)[place < most]
    table["valid"][at] = True
    return table
