"""Jet images: the particles of many jets, weighted, in pixels (arXiv:1407.5675, arXiv:1511.05190).

Horizontal is eta, vertical is phi: an image is ``[jet, y, x]`` with y the pixel in phi, which grows
upwards (draw it with the origin below), and x the pixel in eta.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.memory import empty

Floats = NDArray[np.floating]
Window = tuple[float, float, float, float]

DENSE = 16
"""Pixels a particle above which only the pixels that are hit are touched twice."""

BLOCK = 256
"""Jets at a time."""


def square(half_width: float) -> Window:
    """Return the window that reaches `half_width` from the origin to all four sides."""
    return (-half_width, half_width, -half_width, half_width)


def pixelate(
    x: Floats,
    y: Floats,
    weights: Floats,
    *,
    window: Window,
    pixels: int | tuple[int, int],
    out: NDArray[np.floating] | None = None,
    dtype: DTypeLike = np.float32,
) -> NDArray[np.floating]:
    """Add up the weights of particles in pixels.

    Parameters
    ----------
    x, y
        Where the particles are, ``[jet, particle]``; y is vertical.
    weights
        ``[jet, particle]``, or ``[jet, channel, particle]`` for several images of the same
        particles. Padding has weight zero.
    window
        ``(left, right, bottom, top)`` in the units of x and y. As in `numpy.histogram2d`, a pixel
        holds its lower edges, and those at the right and at the top their upper edges too.
        Particles outside, and those whose place is not a number, are left out.
    pixels
        How many in each direction, or ``(vertical, horizontal)``.
    out
        Where to write to, so that memory is used again; its type holds.
    dtype
        The type of a new array.

    Returns
    -------
    ``[jet, y, x]`` or ``[jet, channel, y, x]``.

    Raises
    ------
    BadValueError
        If the window or the number of pixels is empty, or shapes do not fit.
    """
    out, x_edges, y_edges = canvas(x, y, weights, window, pixels, out, dtype)
    for first in range(0, len(x), BLOCK):  # what is worked on stays in the processor's cache
        some = slice(first, first + BLOCK)
        _add_up(x[some], y[some], weights[some], x_edges, y_edges, out[some])
    return out


def canvas(
    x: Floats,
    y: Floats,
    weights: Floats,
    window: Window,
    pixels: int | tuple[int, int],
    out: NDArray[np.floating] | None,
    dtype: DTypeLike,
) -> tuple[NDArray[np.floating], Floats, Floats]:
    """Return where images are written to, and the pixels' edges in x and y; as for `pixelate`."""
    rows, columns = (pixels, pixels) if isinstance(pixels, int) else pixels
    left, right, bottom, top = window
    if rows < 1 or columns < 1:
        raise BadValueError(f"pixels = {pixels}: expected 1 or more in each direction")
    if not (np.isfinite(window).all() and left < right and bottom < top):
        raise BadValueError(
            f"window = {window}: expected left < right and bottom < top, all of them finite"
        )
    if x.ndim != 2 or y.shape != x.shape or weights.shape not in _fitting(x, weights):
        raise BadValueError(
            f"x of shape {x.shape}, y of shape {y.shape} and weights of shape {weights.shape}: "
            "expected [jet, particle] for each, or weights [jet, channel, particle]"
        )
    shape = (*weights.shape[:-1], rows, columns)
    if out is None:
        out = empty(shape, dtype=dtype)
    elif out.shape != shape:
        raise BadValueError(f"out has shape {out.shape}: expected {shape}")
    return out, np.linspace(left, right, columns + 1), np.linspace(bottom, top, rows + 1)


def _add_up(
    x: Floats, y: Floats, weights: Floats, x_edges: Floats, y_edges: Floats, out: Floats
) -> None:
    rows, columns = out.shape[-2:]
    column, outside = bins(x, x_edges)
    row, beyond = bins(y, y_edges)
    outside |= beyond
    row *= columns
    row += column
    images = np.arange(out.size // (rows * columns)).reshape(weights.shape[:-1])
    if weights.ndim == 3:
        row, outside = row[:, None], outside[:, None]
    pixel = (row + images[..., None] * (rows * columns)).ravel()
    entries = np.where(outside, 0, weights).ravel()
    if pixel.size * DENSE < out.size and out.flags.c_contiguous:
        out.fill(0)
        np.add.at(out.reshape(-1), pixel, entries.astype(out.dtype))
    else:
        out[...] = np.bincount(pixel, entries, minlength=out.size).reshape(out.shape)


def _fitting(x: Floats, weights: Floats) -> Sequence[tuple[int, ...]]:
    channels = weights.shape[1] if weights.ndim == 3 else 0
    return x.shape, (x.shape[0], channels, x.shape[1])


def bins(values: Floats, edges: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the bins of values, and which of them are outside or not a number."""
    last = len(edges) - 2
    outside = ~((values >= edges[0]) & (values <= edges[-1]))
    kept = np.where(outside, edges[0], values)
    found = ((kept - edges[0]) * ((last + 1) / (edges[-1] - edges[0]))).astype(np.int64)
    np.minimum(found, last, out=found)
    # the multiplication may round across an edge, of which there is one definition: the edges
    found -= kept < edges[found]
    found += (kept >= edges[1:][found]) & (found < last)
    return found, outside
