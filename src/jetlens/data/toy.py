"""Toy jets of two subjets, whose truth is two numbers (arXiv:2011.13466, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, expected
from jetlens.core.registry import datasets
from jetlens.core.units import Feature
from jetlens.data.generated import Generated
from jetlens.data.images import Images
from jetlens.data.tables.columns import classes_column, described, numbered
from jetlens.physics.frame import mirror

Floats = NDArray[np.float64]

CLASSES = ("background", "signal")
EACH = 10  # particles a subjet


class Difficulty(NamedTuple):
    """How alike signal and background are."""

    signal_theta: float
    """Standard deviation about `THETA`."""
    signal_z: float
    """Standard deviation about `Z`."""
    signal_tau: float
    """Scale of the subjets' radii."""
    background_theta: float
    """Scale of an exponential."""
    background_z: float
    """Scale of an exponential."""
    background_tau: float
    """Scale of the subjets' radii."""


DIFFICULTIES = (
    Difficulty(0.02, 0.02, 0.04, 0.02, 0.02, 0.02),
    Difficulty(0.03, 0.09, 0.14, 0.03, 0.10, 0.07),
    Difficulty(0.05, 0.12, 0.20, 0.05, 0.15, 0.10),
)
THETA, Z = 0.2, 0.5  # the signal's means
FOLD = 0.5  # where angles between subjets begin again at 0
UNIFORM = (0.25, 0.5)  # radii that are not graded
SPREAD = 0.5  # scale of a particle's angle, before it is folded into its subjet
RADII = ("tau", "uniform")

JETS = (
    Feature("theta", "", r"$\theta$"),
    Feature("z", "", r"$z$"),
    Feature("r1", "", r"$r_1$"),
    Feature("r2", "", r"$r_2$"),
)
CONSTITUENTS = (
    Feature("pt", "", r"$p_T / p_T^\mathrm{jet}$"),
    Feature("deta", "", r"$\Delta\eta$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
)
JET_TYPE = np.dtype(
    [*map(described, JETS), classes_column(numbered(CLASSES)), ("eventNumber", np.dtype("i8"))]
)
CONSTITUENT_TYPE = np.dtype([*map(described, CONSTITUENTS), ("valid", np.dtype("?"))])


@datasets.register("toy")
@dataclass(frozen=True, kw_only=True)
class Toy(Generated):
    """Toy jets of two subjets with ten particles each, half signal and half background.

    The harder subjet is in the middle of the image, the other one `theta` below it; it has the
    share 1 - z of the momentum. Each jet is mirrored so that its harder half is on the right.

    Parameters
    ----------
    difficulty
        0, 1 or 2: how alike signal and background are, by `DIFFICULTIES`.
    jets
        Number of jets in all.
    radii
        How widely a subjet's particles spread: ``"tau"`` draws its radius from an exponential of
        the difficulty's scale, ``"uniform"`` between 0.25 and 0.5 for both classes.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    pixels
        Pixels of the image in each direction.
    window
        How far the image reaches from the harder subjet to each side.
    """

    difficulty: int = 0
    jets: int = 20_000
    radii: str = "tau"
    partition: int = 5_000
    pixels: int = 32
    window: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        known = range(len(DIFFICULTIES))
        given: Any = self.difficulty
        if not isinstance(given, int | np.integer) or given not in known:
            near = ""
            if isinstance(given, int | float):
                near = f"did you mean {min(known, key=lambda k: abs(k - given))}? "
            raise BadValueError(
                f"difficulty = {given!r}: {near}expected one of {', '.join(map(str, known))}"
            )
        if self.radii not in RADII:
            raise BadValueError(f"unknown radii {self.radii!r}: {expected(self.radii, RADII)}")
        self.images  # noqa: B018 (refuses pixels and windows that make no sense)

    @property
    def images(self) -> Images:
        """How the images are made."""
        return Images(pixels=self.pixels, window=self.window)

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Make jets as tables: ``jets`` ``[jet]`` and ``constituents`` ``[jet, 20]``."""
        rng = np.random.default_rng([self.seed, index])
        row = index * self.partition + np.arange(count)
        signal = rng.permutation(row % 2 == 1)  # halves of the whole, whatever the partition
        level = DIFFICULTIES[self.difficulty]
        theta, z = angle_and_share(signal, level, rng)
        tau = np.where(signal, level.signal_tau, level.background_tau)[:, None]
        shape = (count, 2)
        radius = (
            rng.exponential(tau, shape)
            if self.radii == "tau"
            else rng.uniform(*UNIFORM, size=shape)
        )
        jets = np.zeros(count, dtype=JET_TYPE)
        jets["theta"], jets["z"] = theta, z
        jets["r1"], jets["r2"] = radius.T
        jets["label"], jets["eventNumber"] = signal, row
        pt, deta, dphi = particles(theta, z, radius, rng)
        constituents = np.zeros(pt.shape, dtype=CONSTITUENT_TYPE)
        constituents["pt"], constituents["deta"], constituents["dphi"] = pt, deta, dphi
        constituents["valid"] = True
        return {"jets": jets, "constituents": constituents}


def angle_and_share(
    signal: NDArray[np.bool_], level: Difficulty, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the angle between the subjets and the harder one's share of the momentum, ``[jet]``."""
    n = len(signal)
    theta = np.where(
        signal, rng.normal(THETA, level.signal_theta, n), rng.exponential(level.background_theta, n)
    )
    z = np.where(signal, rng.normal(Z, level.signal_z, n), rng.exponential(level.background_z, n))
    # a normal distribution reaches below zero, once in 30,000 jets at the most: reflected
    theta = np.mod(np.abs(theta), FOLD)
    z = np.mod(np.abs(z), 1.0)
    return theta, np.maximum(z, 1.0 - z)


def particles(
    theta: Floats, z: Floats, radius: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Draw the particles of jets.

    Parameters
    ----------
    theta, z
        Angle between the subjets, share of the harder one: ``[jet]``.
    radius
        ``[jet, subjet]``.
    rng
        Random numbers.

    Returns
    -------
    Share of the jet's momentum, distances in eta (to the right) and phi (upwards) from the harder
    subjet: ``[jet, particle]``, from the hardest particle to the softest.
    """
    shape = (len(theta), 2, EACH)
    pt = rng.standard_exponential(shape)
    pt *= np.stack([z, 1.0 - z], axis=1)[..., None] / pt.sum(axis=2, keepdims=True)
    distance = np.mod(rng.exponential(SPREAD, shape), radius[..., None])
    azimuth = rng.uniform(0.0, 2 * np.pi, shape)
    x, y = distance * np.cos(azimuth), distance * np.sin(azimuth)
    y[:, 1] -= theta[:, None]
    pt, x, y = (a.reshape(len(theta), 2 * EACH) for a in (pt, x, y))
    order = np.argsort(-pt, axis=1)
    pt, x, y = (np.take_along_axis(a, order, axis=1) for a in (pt, x, y))
    return pt, mirror(x, pt), y
