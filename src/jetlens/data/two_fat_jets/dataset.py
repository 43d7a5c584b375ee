"""Events of two large jets: a heavy Higgs boson that decays to hh -> 4b, and its backgrounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import datasets
from jetlens.data.checks import check_whole
from jetlens.data.generated import Generated
from jetlens.data.processes import processes
from jetlens.data.tables.made_up import filled
from jetlens.data.two_fat_jets.missing import RESOLUTION, smear

if TYPE_CHECKING:
    from jetlens.data.events.generator import Generator

SIGNAL = "heavy-higgs"
LOWEST, HIGHEST = 500.0, 2500.0  # masses of the resonance in GeV
WIDTH = 0.005  # of the mass
SIGNAL_FB = 1.0  # cross-section times branching ratio that signal is normalised to
LIGHT = 125.0  # mass of the light Higgs bosons in GeV
START = 0.5  # pt of the hard scatter of backgrounds, in pt_min
GOLDEN = (5**0.5 - 1) / 2


@datasets.register("two-fat-jets")
@dataclass(frozen=True, kw_only=True)
class TwoFatJets(Generated):
    """Events of two large anti-kt jets: half H -> hh -> 4b, half backgrounds (arXiv:2401.00452).

    A row is an event, its collections ``constituents`` (the particles of both jets), ``objects``
    (nine momenta, see `jetlens.data.two_fat_jets.columns.OBJECTS`) and ``jets`` (variables of the
    event). Pythia 8 at particle level; the missing momentum is the neutrinos', and a fluctuation.

    Parameters
    ----------
    masses
        Masses of the heavy Higgs boson in GeV, 500 to 2500: equally many events of each.
    backgrounds
        Cards of `jetlens.data.processes`, and their shares of the background's events; left out,
        ``{ qcd = 0.9, ttbar = 0.1 }``.
    jets
        Number of events in all, half of them signal.
    radius
        Radius of the anti-kt algorithm.
    pt_min
        Least pt of either jet in GeV.
    eta_max
        Largest absolute pseudorapidity of either jet.
    constituents
        Particles that are kept of each jet, the hardest first.
    bias
        Backgrounds are generated more often by (pt of the hard scatter / pt_min) to this power, so
        that some reach high masses; ``xsec_weight`` takes it back. 0: as nature would.
    missing_resolution
        Of both components of the missing momentum, over the root of the sum of transverse energies,
        in GeV^1/2; see `jetlens.data.two_fat_jets.missing`. 0: neutrinos are measured exactly.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Events a partition.
    """

    masses: tuple[float, ...] = (500.0, 750.0, 1000.0, 1500.0, 2000.0)
    backgrounds: Mapping[str, float] = field(default_factory=lambda: {"qcd": 0.9, "ttbar": 0.1})
    radius: float = 1.0
    pt_min: float = 200.0
    eta_max: float = 2.0
    constituents: int = 50
    bias: float = 4.0
    missing_resolution: float = RESOLUTION

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "masses", tuple(map(float, self.masses)))
        object.__setattr__(self, "backgrounds", dict(self.backgrounds))
        _check_masses(self.masses)
        _check_shares(self.backgrounds)
        for name in ("radius", "pt_min", "eta_max"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise BadValueError(f"{name} = {getattr(self, name)}: expected a number above 0")
        check_whole("constituents", self.constituents)
        if not 0 <= self.bias <= 8:
            raise BadValueError(f"bias = {self.bias}: expected a power from 0 to 8")
        if not 0 <= self.missing_resolution < np.inf:
            raise BadValueError(
                f"missing_resolution = {self.missing_resolution}: expected 0 or more, in GeV^1/2"
            )

    @property
    def assumptions(self) -> str:
        """What is selected, and what is assumed, in words for a report."""
        from jetlens.data.two_fat_jets.btagging import EFFICIENCY

        rates = ", ".join(
            f"{100 * EFFICIENCY[k]:.2g} % of {name}"
            for k, name in ((5, "b"), (4, "c"), (0, "light"))
        )
        hard = 2 * LIGHT / self.radius  # quarks of a boson of this pt are about a radius apart
        return (
            f"Two anti-kt jets of R = {self.radius:g} with pT above {self.pt_min:g} GeV and |η| "
            f"below {self.eta_max:g}, at 13 TeV and at particle level, without pile-up or trigger; "
            "of a detector only the missing momentum's resolution is there, "
            f"{self.missing_resolution:g} GeV^1/2 of the root of all transverse energy. "
            "The b quarks of a light Higgs boson are some 2 m/pT apart: they fit into one jet "
            f"above {hard:.0f} GeV, which the decay of a resonance at rest gives it from "
            f"{round(2 * np.hypot(hard, LIGHT), -1):.0f} GeV on. The two "
            f"prongs of each jet are b-tagged: {rates} ones are (the 77 % working point of ATLAS's "
            "DL1r, arXiv:2211.16345, at any momentum), as a weight instead of a selection. "
            "Backgrounds have the cross-sections of Pythia at leading order (at NNLO+NNLL that of "
            "top pairs is 1.6 times as large, arXiv:1303.6254)."
        )

    def kinds(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which kind of event a row of the whole is: a mass, or after these a background.

        Any stretch of rows has all kinds in their shares, to within a few events.
        """
        number = row // 2
        edges = np.cumsum(list(self.backgrounds.values()))[:-1]
        background = np.searchsorted(edges, (number + 0.5) * GOLDEN % 1, side="right")
        return np.where(
            row % 2 == 1, number % len(self.masses), len(self.masses) + background
        ).astype(np.int64)

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Generate ``jets``, ``constituents`` and ``objects``, all with `jet` as first axis."""
        from jetlens.data.events.gather import fill
        from jetlens.data.two_fat_jets.columns import empty

        rng = np.random.default_rng([self.seed, index])
        kinds = len(self.masses) + len(self.backgrounds)
        seeds = rng.integers(1, 900_000_000, kinds)
        kind = rng.permutation(self.kinds(index * self.partition + np.arange(count)))
        whole = np.bincount(self.kinds(np.arange(self.jets)), minlength=kinds)
        tables = empty(count, self.constituents)
        fill(tables, kind, index, lambda k, n: self._of_kind(k, int(seeds[k]), n))
        jets, mass = tables["jets"], np.zeros(kinds)
        mass[: len(self.masses)] = self.masses
        jets["resonance_mass"] = mass[kind]
        jets["label"] = kind < len(self.masses)
        jets["process"] = np.maximum(kind - len(self.masses) + 1, 0)
        jets["xsec_weight"] /= whole[kind]
        smear(tables, self.missing_resolution, rng)
        return tables

    def foreseen(self, count: int) -> dict[str, NDArray[np.void]]:
        """Return the tables that events will be in, filled with numbers that mean nothing."""
        from jetlens.data.two_fat_jets.columns import empty

        return filled(empty(count, self.constituents))

    def source(self, k: int) -> tuple[str, Generator, float]:
        """Return a kind's card, its generator, and the cross-section in fb that its events share.

        The last one is divided by the events' mean weight: times a weight, it is an event's.
        """
        from jetlens.data.events.generator import PARTICLE_LEVEL, cross_section, generator
        from jetlens.data.events.veto import wanted

        if k < len(self.masses):
            mass = self.masses[k]
            resonance = (f"35:m0 = {mass:.8g}", f"35:mWidth = {WIDTH * mass:.8g}")
            return SIGNAL, generator(SIGNAL, *resonance), SIGNAL_FB
        name = list(self.backgrounds)[k - len(self.masses)]
        settings = (*PARTICLE_LEVEL, *self._hard_scatter())
        sight = wanted(self.pt_min, 0.0, self.radius, self.eta_max, jets=2)
        known = cross_section(name, *settings)
        return name, generator(name, *settings, cuts=sight), known.fb / known.weight

    def _of_kind(self, k: int, seed: int, wanted: int) -> dict[str, NDArray[np.void]]:
        """Generate `wanted` events of one kind.

        ``xsec_weight`` is what each event would stand for if it were the only one of its kind.
        """
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.events.gather import gather
        from jetlens.data.two_fat_jets.arrays import to_arrays
        from jetlens.data.two_fat_jets.events import Cuts, find

        name, pythia, fb = self.source(k)
        pythia.seed(seed)
        cuts = Cuts(self.radius, self.pt_min, self.eta_max)
        made = gather(
            pythia,
            lambda record: find(record, cuts),
            lambda record, found: to_arrays(record, found, self.constituents),
            wanted,
            f"two jets of process {name!r} with radius = {self.radius}, "
            f"pt_min = {self.pt_min}, eta_max = {self.eta_max}",
        )
        made.tables["jets"]["xsec_weight"] *= fb * made.found / made.tried
        return made.tables

    def _hard_scatter(self) -> list[str]:
        """Return the settings of a background's hard scatter."""
        lines = [f"PhaseSpace:pTHatMin = {START * self.pt_min:.8g}"]
        if self.bias:
            lines += [
                "PhaseSpace:bias2Selection = on",
                f"PhaseSpace:bias2SelectionPow = {self.bias:.8g}",
                f"PhaseSpace:bias2SelectionRef = {self.pt_min:.8g}",
            ]
        return lines


def _check_masses(masses: tuple[float, ...]) -> None:
    if not masses or len(set(masses)) < len(masses):
        raise BadValueError(f"masses = {list(masses)}: expected one or more different ones, in GeV")
    for mass in masses:
        if not LOWEST <= mass <= HIGHEST:
            meant = (
                1000 * mass if LOWEST <= 1000 * mass <= HIGHEST else np.clip(mass, LOWEST, HIGHEST)
            )
            near = f"; did you mean {meant:g}?" if np.isfinite(mass) else ""
            raise BadValueError(
                f"masses: {mass:g} is not a mass from {LOWEST:g} to {HIGHEST:g} GeV{near}"
            )


def _check_shares(backgrounds: Mapping[str, float]) -> None:
    cards = processes()
    for name in backgrounds:
        if name == SIGNAL:
            raise BadValueError(f"backgrounds: {name!r} is the signal")
        look_up("process in backgrounds", name, {n: c for n, c in cards.items() if n != SIGNAL})
    shares = dict(backgrounds)
    if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6:
        raise BadValueError(
            f"backgrounds = {shares}: expected shares above 0 that add up to 1, "
            "as { qcd = 0.9, ttbar = 0.1 }"
        )
