"""Images of jets, made as the jets are read: they are never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, expected
from jetlens.core.units import Feature
from jetlens.data.base import Dataset, Partition
from jetlens.physics import image
from jetlens.physics.frame import to_subjets

IMAGE, CHANNEL = "image", Feature("pt", "", r"$p_T / p_T^\mathrm{jet}$")
FRAMES = ("none", "subjets")


@dataclass(frozen=True, kw_only=True)
class Images:
    """How the images of jets are made of their particles.

    Parameters
    ----------
    pixels
        How many in each direction.
    window
        How far the image reaches from its middle to each side, in the frame's units: in eta and phi
        for the frame ``"none"``, in distances of the two subjets for ``"subjets"``.
    frame
        ``"none"``: the particles as they lie. ``"subjets"``: moved, turned and scaled so that the
        first subjet is at (0, 0) and the second at (0, -1), then mirrored so that the harder half
        is on the right. Takes ``subjet1_deta``, ``subjet1_dphi``, ... of the jets.
    normalise
        A variable of the jets that the weights are divided by, such as their pt; left out, none.
    particles
        The collection of particles.
    weight, x, y
        Its variables; y is vertical.
    weight_is_log
        Whether `weight` is a natural logarithm of what the pixels add up.
    """

    pixels: int = 32
    window: float = 1.0
    frame: str = "none"
    normalise: str | None = None
    particles: str = "constituents"
    weight: str = "pt"
    x: str = "deta"
    y: str = "dphi"
    weight_is_log: bool = False

    def __post_init__(self) -> None:
        if self.pixels < 1:
            raise BadValueError(f"pixels = {self.pixels}: expected 1 or more")
        if not (np.isfinite(self.window) and self.window > 0):
            raise BadValueError(f"window = {self.window}: expected a distance above 0")
        if self.frame not in FRAMES:
            raise BadValueError(f"unknown frame {self.frame!r}: {expected(self.frame, FRAMES)}")

    def add(self, jets: JetBatch) -> JetBatch:
        """Return the jets with their images beside what they had.

        Jets without particles in the window have images of zeros.
        """
        values = image.pixelate(
            *self._placed(jets),
            window=image.square(self.window),
            pixels=self.pixels,
        )
        axes = ("jet", "channel", "y", "x")
        made = Collection(values[:, None], axes, (CHANNEL,), places=self._places(jets))
        return replace(jets, collections={**jets.collections, IMAGE: made})

    def _places(self, jets: JetBatch) -> dict[str, tuple[Feature, NDArray[np.float64]]]:
        """Return what the axes are, and the pixels' middles."""
        particles = jets[self.particles]
        known = dict(zip(particles.names, particles.features, strict=True))
        edges = np.linspace(-self.window, self.window, self.pixels + 1)
        named = {"x": known[self.x], "y": known[self.y]}
        if self.frame == "subjets":
            named = {a: Feature(a, "", rf"${a} / \Delta R_{{12}}$") for a in named}
        return {axis: (feature, (edges[1:] + edges[:-1]) / 2) for axis, feature in named.items()}

    def _placed(
        self, jets: JetBatch
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        particles = jets[self.particles]
        x, y, weight = (
            particles.column(name).astype(np.float64) for name in (self.x, self.y, self.weight)
        )
        if self.weight_is_log:
            weight = np.exp(weight)
        if particles.mask is not None:
            weight = np.where(particles.mask, weight, 0.0)
        if self.normalise is not None:
            weight = weight / _divisor(jets, self.normalise)[:, None]
        if self.frame == "subjets":
            x, y = to_subjets(x, y, weight, _subjet(jets, 1), _subjet(jets, 2))
        return x, y, weight


def _subjet(jets: JetBatch, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, other = (f"subjet{number}_{name}" for name in ("deta", "dphi"))
    own = jets["jets"]
    return own.column(one).astype(np.float64), own.column(other).astype(np.float64)


def _divisor(jets: JetBatch, name: str) -> NDArray[np.float64]:
    found: NDArray[np.float64] = jets["jets"].column(name).astype(np.float64)
    bad = ~(np.isfinite(found) & (found > 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise BadValueError(
            f"images cannot be normalised by jets.{name}: it is {found[first]} in the jet of row "
            f"{jets.row[first]} ({int(bad.sum())} such jets in this batch); expected above 0"
        )
    return found


@dataclass(frozen=True)
class Imaged(Dataset):
    """A dataset with an image of each jet, made as partitions are read.

    Parameters
    ----------
    whole
        The dataset.
    images
        How the images are made.
    """

    whole: Dataset
    images: Images

    def partitions(self) -> Sequence[Partition]:
        """Return the dataset's partitions, each with images."""
        return [ImagedPartition(p, self.images) for p in self.whole.partitions()]


@dataclass(frozen=True)
class ImagedPartition:
    """One partition's jets and their images."""

    whole: Partition
    images: Images

    def read(self) -> JetBatch:
        """Read the jets and make their images."""
        return self.images.add(self.whole.read())
