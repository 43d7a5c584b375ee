"""Jet images as networks of pictures take them: hits of a size, intensities, each image by itself.

Images of 224 x 224 pixels are all but empty: a jet hits some hundred of 50,000. Whatever is done to
an image is done to the pixels that are hit; the others are set to zero, and that is all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jetlens.core.errors import BadValueError, expected
from jetlens.core.memory import empty
from jetlens.physics.hit_size import SIGMAS, Profile, even, gaussian, shares, touched
from jetlens.physics.image import Window, bins, canvas, pixelate

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

INTENSITIES = ("linear", "sqrt", "log")
SCALES = ("none", "max", "sum")

AT_ONCE = 2**18
"""Hits that are worked on at a time, at most."""
BLOCK = 64
"""Jets at a time, at most."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How weights become brightness.

    Parameters
    ----------
    hit
        The side of the square over which a particle's weight is spread evenly, in the axes' units.
    smear
        The width (one standard deviation) of the Gaussian over which it is spread instead, cut off
        at three of them. Without either, a particle hits one pixel.
    intensity
        What is shown of the weight w in a pixel: ``"linear"`` w, ``"sqrt"`` its square root,
        ``"log"`` ln(1 + w / knee). Negative weights keep their signs.
    knee
        Where the logarithm bends, in the weights' unit: below, it is about linear.
    scale
        What each channel of each image is divided by, after that: ``"max"``, its brightest pixel;
        ``"sum"``, the sum over its pixels; or ``"none"``. An empty image stays empty.
    """

    hit: float = 0.0
    smear: float = 0.0
    intensity: str = "linear"
    knee: float = 1.0
    scale: str = "none"

    def __post_init__(self) -> None:
        for name in ("hit", "smear"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise BadValueError(f"{name} = {getattr(self, name)}: expected a size, 0 or more")
        if self.hit and self.smear:
            raise BadValueError(
                f"hit = {self.hit}, smear = {self.smear}: expected one of them, a square or a "
                "Gaussian"
            )
        if not (np.isfinite(self.knee) and self.knee > 0):
            raise BadValueError(f"knee = {self.knee}: expected a weight above 0")
        if self.intensity not in INTENSITIES:
            raise BadValueError(
                f"unknown intensity {self.intensity!r}: {expected(self.intensity, INTENSITIES)}"
            )
        if self.scale not in SCALES:
            raise BadValueError(f"unknown scale {self.scale!r}: {expected(self.scale, SCALES)}")

    @property
    def reach(self) -> float:
        """How far a hit reaches from its middle to each side, in the axes' units."""
        return self.hit / 2 or self.smear * SIGMAS

    @property
    def profile(self) -> Profile:
        """How a hit is spread."""
        return even if self.hit else gaussian


PLAIN = Look()


def draw(
    x: Floats,
    y: Floats,
    weights: Floats,
    *,
    window: Window,
    pixels: int | tuple[int, int],
    look: Look = PLAIN,
    out: NDArray[np.floating] | None = None,
    dtype: DTypeLike = np.float32,
) -> NDArray[np.floating]:
    """Draw images of jets.

    Parameters
    ----------
    x, y, weights, window, pixels, dtype
        As of `jetlens.physics.image.pixelate`.
    look
        How weights become brightness; left out, images are those of `pixelate`.
    out
        Where to write to, so that memory is used again: an array as numpy lays it out itself.

    Returns
    -------
    ``[jet, y, x]`` or ``[jet, channel, y, x]``.

    Raises
    ------
    BadValueError
        If the window or the number of pixels is empty, or shapes do not fit.
    """
    if look == PLAIN:
        return pixelate(x, y, weights, window=window, pixels=pixels, out=out, dtype=dtype)
    out, x_edges, y_edges = canvas(x, y, weights, window, pixels, out, dtype)
    if not out.flags.c_contiguous:
        raise BadValueError("out has strides of its own: expected an array in numpy's own order")
    if weights.ndim == 2:
        weights = weights[:, None]
    images = out.reshape(*weights.shape[:2], out.shape[-2] * out.shape[-1])  # there may be no jet
    each = touched(look.reach, x_edges) * touched(look.reach, y_edges) * weights[:1].size
    block = max(1, min(BLOCK, AT_ONCE // max(1, each)))
    for first in range(0, len(x), block):
        some = slice(first, first + block)
        images[some] = 0
        hits = _hits(x[some], y[some], weights[some], x_edges, y_edges, look)
        if len(hits.image):
            _fill(images[some].reshape(-1), images.shape[2], hits, look)
    return out


class _Hits(NamedTuple):
    """What some images are made of."""

    image: Ints
    """Which image an entry is in, not falling: ``[entry]``."""
    pixel: Ints
    """The pixels of the image that it touches: ``[entry, k]``."""
    weight: Floats
    """What it puts there: ``[entry, k]``."""


def _hits(
    x: Floats, y: Floats, weights: Floats, x_edges: Floats, y_edges: Floats, look: Look
) -> _Hits:
    """Return what is drawn of particles; weights are ``[jet, channel, particle]``."""
    reach = look.reach
    inside = (weights != 0).any(axis=1)
    for values, edges in ((x, x_edges), (y, y_edges)):
        inside &= (values >= edges[0] - reach) & (values <= edges[-1] + reach)
    own = np.zeros(inside.shape, dtype=np.int64)
    own[inside] = np.arange(np.count_nonzero(inside))
    jet, channel, particle = np.nonzero((weights != 0) & inside[:, None])
    entry = own[jet, particle]
    columns = len(x_edges) - 1
    weight = weights[jet, channel, particle][:, None]
    image = jet * weights.shape[1] + channel
    if not reach:
        pixel = bins(y[inside], y_edges)[0] * columns + bins(x[inside], x_edges)[0]
        return _Hits(image, pixel[entry, None], weight)
    column, share_x = shares(x[inside], x_edges, reach, look.profile)
    row, share_y = shares(y[inside], y_edges, reach, look.profile)
    shape = len(row), row.shape[1] * column.shape[1]
    pixels = (row[:, :, None] * columns + column[:, None, :]).reshape(shape)
    share = (share_y[:, :, None] * share_x[:, None, :]).reshape(shape)
    return _Hits(image, pixels[entry], weight * share[entry])


def _fill(flat: Floats, pixels: int, hits: _Hits, look: Look) -> None:
    """Add hits up in images of zeros, and turn the pixels that are hit into brightness."""
    place = hits.image[:, None] * pixels + hits.pixel
    np.add.at(flat, place.ravel(), hits.weight.ravel().astype(flat.dtype))
    if look.intensity == "linear" and look.scale == "none":
        return
    # a pixel that is hit twice is here twice, and comes out the same twice
    values = _intensity(flat[place], look)
    if look.scale != "none":
        first = np.flatnonzero(np.diff(hits.image, prepend=-1))
        size = np.abs(values)
        if look.scale == "sum":
            size[~_once(len(flat), place)] = 0
        add: np.ufunc = np.maximum if look.scale == "max" else np.add
        total = add.reduceat(add.reduce(size, axis=1), first)
        total[total == 0] = 1
        values /= np.repeat(total, np.diff(first, append=len(size)))[:, None]
    flat[place] = values


def _intensity(values: Floats, look: Look) -> Floats:
    if look.intensity == "sqrt":
        return np.copysign(np.sqrt(np.abs(values)), values)
    if look.intensity == "log":
        return np.copysign(np.log1p(np.abs(values) / values.dtype.type(look.knee)), values)
    return values


def _once(pixels: int, place: Ints) -> NDArray[np.bool_]:
    """Say which entries stand for their pixel of so many: one of those that share it."""
    number = np.arange(place.size, dtype=np.int32).reshape(place.shape)
    last = empty((pixels,), np.int32)  # read only where it is written to
    last[place] = number
    stands: NDArray[np.bool_] = last[place] == number
    return stands
