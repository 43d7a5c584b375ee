"""Images of jets, made as the jets are read: they are never stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attribution import PARTICLES
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, expected
from jetlens.core.memory import empty
from jetlens.core.names import items
from jetlens.core.units import Feature
from jetlens.data.checks import check_whole
from jetlens.data.images import channels as image_channels
from jetlens.data.images.channels import Drawn
from jetlens.data.images.prongs import (
    PARTONS,
    PRONGS,
    Frame,
    ProngNumber,
    check_number,
    partons,
    prongs,
    seen,
)
from jetlens.physics import placing
from jetlens.physics.image import Window, square
from jetlens.physics.jet_images import Look, draw

IMAGE, SHARE = "image", Feature("pt", "", r"$p_T / p_T^\mathrm{jet}$")
FRAMES = ("none", "centred", "upright", "subjets")
AXES = ("jet", "channel", "y", "x")

Floats = NDArray[np.float64]

_WORDS = {"sqrt": "square root", "log": "log", "max": "over its maximum", "sum": "over its sum"}


@dataclass(frozen=True, kw_only=True)
class Images:
    """How the images of jets are made of their particles.

    Parameters
    ----------
    pixels
        How many in each direction.
    window
        How far the image reaches from its middle to each side, in the frame's units: in eta and phi
        for the frames ``"none"``, ``"centred"`` and ``"upright"``, in distances of the two subjets
        for ``"subjets"``.
    frame
        ``"none"``: the particles as they lie, as a rule from the jet's axis. ``"centred"``: from
        the mean of their places, weighted with pt. ``"upright"``: turned, too, so that the
        principal axis is vertical, and mirrored so that the harder half is above, then the harder
        side on the right. ``"subjets"``: moved, turned and scaled so that the first subjet is at
        (0, 0) and the second at (0, -1), then mirrored so that the harder half is on the right;
        takes ``subjet1_deta``, ``subjet1_dphi``, ... of the jets.
    channels
        What is added up in the pixels, an image each: ``"pt"``, ``"multiplicity"``, each of some
        particles only, such as ``"charged_pt"``, ``"neutral_pt"`` or ``"photon_multiplicity"``
        (`jetlens.data.images.channels.CHANNELS`), or any variable of the particles. Several may be
        the same.
    intensity, knee, scale, hit, smear
        How what is added up becomes brightness, and how large a particle is: as of
        `jetlens.physics.jet_images.Look`; no particle is larger than the image.
    normalise
        A variable of the jets that pt is divided by, such as their own; left out, none.
    prongs
        How many prongs a jet has, of which the collection ``prongs`` is made (see
        `jetlens.data.images.prongs`): a number, a table of them by class, ``"class"`` for the usual
        numbers of known classes, or ``"shape"`` for what N-subjettiness says. Left out, none are
        looked for.
    particles
        The collection of particles.
    x, y, weight
        Its variables: places, y being vertical, and pt. Left out, those of the usual names.
    weight_is_log
        Whether `weight`, if it is named, is a natural logarithm of what the pixels add up.
    charge
        Its variable for charged and neutral particles; left out, the one of the usual name.
    """

    pixels: int = 32
    window: float = 1.0
    frame: str = "none"
    channels: tuple[str, ...] = ("pt",)
    intensity: str = "linear"
    knee: float = 1.0
    scale: str = "none"
    hit: float = 0.0
    smear: float = 0.0
    normalise: str | None = None
    prongs: ProngNumber = None
    particles: str = "constituents"
    x: str | None = None
    y: str | None = None
    weight: str | None = None
    weight_is_log: bool = False
    charge: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", items("channels", self.channels))
        check_whole("pixels", self.pixels)
        for name in ("window", "knee"):
            if not (_is_number(getattr(self, name)) and getattr(self, name) > 0):
                raise BadValueError(f"{name} = {getattr(self, name)!r}: expected a number above 0")
        if self.frame not in FRAMES:
            near = expected(str(self.frame), FRAMES)
            raise BadValueError(f"unknown frame {self.frame!r}: {near}")
        for name in ("hit", "smear"):
            size = getattr(self, name)
            if not _is_number(size) or size > 2 * self.window:
                side = f"{2 * self.window:g}, the side of the image"
                raise BadValueError(f"{name} = {size!r}: expected a size from 0 to {side}")
        if not self.channels or not all(isinstance(c, str) for c in self.channels):
            raise BadValueError(
                f"channels = {list(self.channels)}: expected one name or more, such as ['pt']"
            )
        check_number(self.prongs)
        self.look  # noqa: B018 (refuses looks that make no sense)

    @property
    def look(self) -> Look:
        """How weights become brightness."""
        return Look(
            hit=self.hit,
            smear=self.smear,
            intensity=self.intensity,
            knee=self.knee,
            scale=self.scale,
        )

    @property
    def extent(self) -> Window:
        """The image's left, right, bottom and top edges."""
        return square(self.window)

    @property
    def bytes(self) -> int:
        """Of a jet's image."""
        return len(self.channels) * self.pixels**2 * np.dtype(np.float32).itemsize

    def add(self, jets: JetBatch) -> JetBatch:
        """Return the jets with their images beside what they had, in place of any.

        Jets without particles in the window have images of zeros.

        Raises
        ------
        UnknownNameError
            If the jets lack a collection or a variable that is named.
        BadValueError
            If they lack another one that is needed, or cannot be normalised.
        """
        particles = jets[self.particles]
        drawn = image_channels.variables(
            particles, self.x, self.y, self.weight, self.weight_is_log, self.charge
        )
        x, y = (particles.column(name).astype(np.float64) for name in (drawn.x, drawn.y))
        pt = image_channels.pt_of(particles, drawn)
        if self.normalise is not None:
            pt = pt / _divisor(jets, self.normalise)[:, None]
        place = self._placing(jets, particles, drawn, x, y, pt)
        placed = place(x, y)
        values = self._drawn(*placed, image_channels.weights(particles, self.channels, drawn, pt))
        known = dict(zip(particles.names, particles.features, strict=True))
        frame = Frame(place, *self._axes(known[drawn.x], known[drawn.y]))
        unit = self._pt(known[drawn.weight], drawn.is_log)
        shown = [_WORDS[word] for word in (self.intensity, self.scale) if word in _WORDS]
        channels = image_channels.features(particles, self.channels, unit, shown)
        edges = np.linspace(-self.window, self.window, self.pixels + 1)
        places = {a: (f, (edges[1:] + edges[:-1]) / 2) for a, f in (("x", frame.x), ("y", frame.y))}
        made = {IMAGE: Collection(values, AXES, channels, places=places)}
        if self.prongs is not None:
            made[PRONGS] = prongs(jets, self.prongs, x, y, pt, frame, unit)
        if PARTONS in jets.collections:
            made[PARTONS] = partons(jets, frame)
        if len(made) > 1:  # what lies in regions can be told from the particles
            made[PARTICLES] = seen(pt > 0, placed, pt, frame, unit)
        return replace(jets, collections={**jets.collections, **made})

    def _drawn(self, x: Floats, y: Floats, weights: Floats) -> NDArray[np.floating]:
        shape = (*weights.shape[:2], self.pixels, self.pixels)
        return draw(
            x, y, weights,
            window=self.extent, pixels=self.pixels, look=self.look, out=empty(shape, np.float32),
        )  # fmt: skip

    def _axes(self, x: Feature, y: Feature) -> tuple[Feature, Feature]:
        """Return what the image's axes are, if the particles' places are these."""
        if self.frame == "subjets":
            return Feature("x", "", r"$x / \Delta R_{12}$"), Feature(
                "y", "", r"$y / \Delta R_{12}$"
            )
        if self.frame == "upright":
            return Feature("x", "", "Across the principal axis"), Feature("y", "", "Along it")
        return x, y

    def _pt(self, weight: Feature, is_log: bool) -> Feature:
        """Return what the sums of pt are."""
        if self.normalise is not None or weight.name == "log_pt_rel":
            return SHARE
        return Feature("pt", "GeV", "$p_T$") if is_log else weight

    def _placing(
        self,
        jets: JetBatch,
        particles: Collection,
        drawn: Drawn,
        x: Floats,
        y: Floats,
        pt: Floats,
    ) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
        """Return what moves, turns and scales the jets' points ``[jet, point]``."""
        if self.frame == "none":
            return lambda x, y: (x, y)
        if self.frame == "subjets":
            return placing.to_subjets(x, y, pt, _subjet(jets, 1), _subjet(jets, 2)).__call__
        round_y = particles.features[int(particles.positions([drawn.y])[0])].unit == "rad"
        move = placing.centred if self.frame == "centred" else placing.upright
        return move(x, y, pt, round_y=round_y).__call__


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _subjet(jets: JetBatch, number: int) -> tuple[Floats, Floats]:
    one, other = (f"subjet{number}_{name}" for name in ("deta", "dphi"))
    own = jets["jets"]
    return own.column(one).astype(np.float64), own.column(other).astype(np.float64)


def _divisor(jets: JetBatch, name: str) -> Floats:
    found: Floats = jets["jets"].column(name).astype(np.float64)
    bad = ~(np.isfinite(found) & (found > 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise BadValueError(
            f"images cannot be normalised by jets.{name}: it is {found[first]} in the jet of row "
            f"{jets.row[first]} ({int(bad.sum())} such jets in this batch); expected above 0"
        )
    return found
