"""What keeps a jet a jet when its particles are moved: pure functions of physical values.

Particles are ``[jet, particle]``; what stands in padding has no weight and means nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLOSE = 1e-12
_TURNS = 50
_WIDTHS = 5  # of the resolution, by which a hit may be early
_HALF = 0.6745  # the median size of a Gaussian number, in its widths
_FEW = 10  # early hits that tell a resolution


def positive(value: Floats, step: Floats) -> Floats:
    """Add steps to positive numbers, which stay positive.

    A step up is added; a step down divides by what the same step up would multiply by::

        value + step,    value / (1 + |step| / value)

    Both agree with ``value + step`` to first order. However far a step down goes, nothing piles up
    at zero, and in the logarithm steps up and down are of the same size. A zero stays where it is
    instead of falling; a number that is negative already takes the step as it is.
    """
    start = np.where(value > 0, value, 1.0)
    fallen = start * (start / (start + np.maximum(-step, 0)))
    moved: Floats = np.where(step >= 0, value + step, np.where(value > 0, fallen, 0.0))
    return np.where(value < 0, value + step, moved)


def inside(
    x: Floats, y: Floats, step_x: Floats, step_y: Floats, radius: float
) -> tuple[Floats, Floats]:
    """Move points of a disc, which stay inside; return where they come to.

    A step of length l, towards a rim that is the distance L away, goes ``L tanh(l / L)`` far: as
    long as l to second order, and never beyond the rim. A point that is outside already may go as
    far from the centre as it is.
    """
    length = np.hypot(step_x, step_y)
    unit_x = np.divide(step_x, length, where=length > 0, out=np.zeros_like(length))
    unit_y = np.divide(step_y, length, where=length > 0, out=np.zeros_like(length))
    along = x * unit_x + y * unit_y
    beyond = np.maximum(radius**2 - x**2 - y**2, 0.0)
    room = np.maximum(np.sqrt(along**2 + beyond) - along, 0.0)
    relative = np.divide(length, room, where=room > 0, out=np.zeros_like(length))
    way = room * np.tanh(relative)
    return x + way * unit_x, y + way * unit_y


def between(x: Floats, step: Floats, low: float, high: float) -> Floats:
    """Move numbers between two ends, which they do not pass; return where they come to.

    As `inside`, in one dimension. An end may be infinitely far away.
    """
    room = np.maximum(np.where(step > 0, high - x, x - low), 0.0)
    size = np.abs(step)
    near = np.isfinite(room)
    relative = np.divide(size, room, where=near & (room > 0), out=np.zeros_like(room))
    bounded = np.where(near, room, 0.0) * np.tanh(relative)
    moved: Floats = x + np.sign(step) * np.where(near, bounded, size)
    return moved


def between_logarithms(x: Floats, to: Floats, low: float, high: float) -> Floats:
    """Move numbers above 0 as `between`, by steps in their logarithm that would lead to `to`.

    What is not above 0 goes where it would, and what does not move stays to the last digit.
    """
    some = (x > 0) & (to != x)
    start = np.log(np.where(some, x, 1.0))
    with np.errstate(divide="ignore"):  # of what has come to 0
        step = np.log(np.where(some, to, 1.0)) - start
        least, most = (float(np.log(max(end, 0.0))) for end in (low, high))
    return np.where(some, np.exp(between(start, step, least, most)), to)


def on_grid(x: Floats, to: Floats, middles: Floats) -> Floats:
    """Return the middle of the cell that moved hits come to; the start counts as one, too.

    Parameters
    ----------
    x, to
        Where hits were, and where they would come to, along one axis.
    middles
        Of the cells, rising.
    """
    above = np.searchsorted(middles, to).clip(1, max(len(middles) - 1, 1))
    low, high = middles[above - 1], middles[np.minimum(above, len(middles) - 1)]
    nearest = np.where(to - low <= high - to, low, high)
    return np.where(np.abs(to - x) <= np.abs(to - nearest), x, nearest)


def earliest(time: Floats) -> float:
    """Return from when on hits can be, given the times of measured ones ``[hit]``.

    Times are less that of light, which is the first to arrive: what is measured to be earlier is so
    by the resolution alone. Its width follows from the median of these, which are one half of a
    Gaussian, so that a few that are wrong tell nothing. Five widths are allowed; none where hardly
    any hit is early.
    """
    early = -time[time < 0]
    return float(-_WIDTHS * np.median(early) / _HALF) if len(early) >= _FEW else 0.0


def centre(weight: Floats, x: Floats) -> Floats:
    """Return the weighted mean of each jet ``[jet]``; zero where there is no weight."""
    total = weight.sum(1)
    mean: Floats = np.divide((weight * x).sum(1), total, where=total > 0, out=np.zeros_like(total))
    return mean


def recentred(
    x: Floats,
    y: Floats,
    weight: Floats,
    to: tuple[Floats, Floats],
    radius: float | None = None,
) -> tuple[Floats, Floats]:
    """Shift each jet so that its weighted mean comes to where it is wanted.

    Parameters
    ----------
    x, y
        The particles' angles ``[jet, particle]``.
    weight
        ``[jet, particle]``, as a rule their pt; zero in padding.
    to
        Where the means are to be ``[jet]``.
    radius
        Left out, all particles of a jet are shifted alike. Given, a particle is shifted as `inside`
        moves it, and the shift is found by iteration. Where that does not settle, as when a hard
        particle has to cross the whole jet, all are shifted alike and then drawn together towards
        the mean, as far as is needed.
    """
    some = weight.sum(1) > 0  # without weight there is no mean
    shift_x, shift_y = np.zeros_like(to[0]), np.zeros_like(to[1])
    new_x, new_y = x, y
    for _ in range(_TURNS):
        off_x, off_y = centre(weight, new_x) - to[0], centre(weight, new_y) - to[1]
        far = some & (np.hypot(off_x, off_y) > _CLOSE)
        if not far.any():
            break
        shift_x, shift_y = shift_x - off_x * far, shift_y - off_y * far
        if radius is None:
            new_x, new_y = x + shift_x[:, None], y + shift_y[:, None]
        else:
            step_x, step_y = (np.broadcast_to(s[:, None], x.shape) for s in (shift_x, shift_y))
            new_x, new_y = inside(x, y, step_x, step_y, radius)
    else:
        off_x, off_y = centre(weight, new_x) - to[0], centre(weight, new_y) - to[1]
        far = some & (np.hypot(off_x, off_y) > _CLOSE)
        if radius is not None and far.any():
            new_x[far], new_y[far] = _drawn_together(
                x[far], y[far], weight[far], (to[0][far], to[1][far]), radius
            )
    return new_x, new_y


def _drawn_together(
    x: Floats, y: Floats, weight: Floats, to: tuple[Floats, Floats], radius: float
) -> tuple[Floats, Floats]:
    """Shift and shrink each jet about its wanted mean until its particles are inside."""
    rim = np.maximum(np.maximum(radius, np.hypot(x, y)), np.hypot(*to)[:, None])
    from_x, from_y = (t[:, None] for t in to)
    way_x, way_y = x - centre(weight, x)[:, None], y - centre(weight, y)[:, None]
    # the largest k of |to + k way| <= rim
    square = way_x**2 + way_y**2
    along = way_x * from_x + way_y * from_y
    beyond = rim**2 - from_x**2 - from_y**2
    root = np.sqrt(along**2 + square * beyond) - along
    most = np.divide(root, square, where=square > 0, out=np.ones_like(square))
    share = np.minimum(most.min(1, where=weight > 0, initial=1.0), 1.0)[:, None]
    heavy = weight > 0  # the others are in no mean, and stay
    return (
        np.where(heavy, from_x + share * way_x, x),
        np.where(heavy, from_y + share * way_y, y),
    )


def jet_pt(pt: Floats, dphi: Floats | None = None) -> Floats:
    """Return the transverse momentum of each jet ``[jet]``.

    Without angles it is the scalar sum.
    """
    if dphi is None:
        scalar: Floats = pt.sum(1)
        return scalar
    vector: Floats = np.hypot((pt * np.cos(dphi)).sum(1), (pt * np.sin(dphi)).sum(1))
    return vector


def rescaled(pt: Floats, now: Floats, before: Floats) -> Floats:
    """Scale particles so that their jets have the pt that they had; both are ``[jet]``."""
    factor = np.divide(before, now, where=now > 0, out=np.ones_like(now))
    scaled: Floats = pt * factor[:, None]
    return scaled


def energy_on_shell(
    energy: Floats,
    pt: tuple[Floats, Floats],
    eta: tuple[Floats, Floats] | None = None,
    m2: tuple[Floats, Floats] | None = None,
    rapidity: bool = False,
) -> Floats:
    """Return the energies of particles whose pt, pseudorapidity or mass has changed.

    Each pair is before and after. Without `eta`, the direction stays as it was; without `m2`, the
    mass does, which with `eta` is that of the four-momentum and else zero. With `rapidity`, `eta`
    is the rapidity.
    """
    change = 0.0 if m2 is None else m2[1] - m2[0]
    if eta is not None and rapidity:
        boost = [np.cosh(y) for y in eta]  # of the transverse mass
        squared = boost[1] ** 2 * ((energy / boost[0]) ** 2 + pt[1] ** 2 - pt[0] ** 2 + change)
    elif eta is not None:
        p2 = [(p * np.cosh(e)) ** 2 for p, e in zip(pt, eta, strict=True)]
        squared = energy**2 + (p2[1] - p2[0]) + change
    else:
        mass2 = 0.0 if m2 is None else m2[0]
        ratio = np.divide(pt[1], pt[0], where=pt[0] != 0, out=np.ones_like(pt[0]))
        squared = np.maximum(energy**2 - mass2, 0.0) * ratio**2 + mass2 + change
    found: Floats = np.sqrt(np.maximum(squared, 0.0))
    return found
