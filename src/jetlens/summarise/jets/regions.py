"""What share of an explanation lies in a jet's regions of interest, and what would by itself.

By itself: the regions' share of the image's area; of the jet's pT, in pixels and in the patches
that an explanation is made of; and the shares of the same explanation in other regions: as many
discs at random places, the jet's own turned about its axis, and those of another jet of its class.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, OTHER, PARTICLES, PATCHES, REGIONS, VALUE, importance
from jetlens.core.errors import UnsupportedError, look_up
from jetlens.core.hashing import mix
from jetlens.physics.image import pixelate
from jetlens.summarise.base import ratio
from jetlens.summarise.jets.discs import Plane, inside, scattered, turned

OWN, AREA, PT, IN_PATCHES = "own", "area", "pt", "pt_in_patches"
RANDOM, TURNED, ANOTHER = "random", "turned", "other"
DRAWS = 4
"""Random regions of each jet, whose mean is taken."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares in regions, of some jets.

    Attributes
    ----------
    kinds
        What they are shares of: `OWN` first, then what there is of the others.
    values
        ``[jet, kind, radius]``; zero for jets that are not used.
    used
        ``[jet]``, whether a jet has regions, and an explanation that is not zero everywhere.
    """

    kinds: tuple[str, ...]
    values: Floats
    used: NDArray[np.bool_]


def shares(jets: xr.Dataset, image: str, regions: str, radii: Sequence[float]) -> Shares:
    """Return the shares of explanations of images that lie in discs around regions.

    Parameters
    ----------
    jets
        An attribution of images, with the jets' regions beside it.
    image, regions
        The collections' names.
    radii
        Of the discs, rising, in the image's units.

    Raises
    ------
    UnsupportedError
        If there is no image, or the jets do not know such regions.
    """
    looked = importance_map(jets, image)
    centres = centres_of(jets, regions)
    plane = Plane.of(jets)
    key = mix(mix(jets["row"].values).view(np.int64) ^ jets["event"].values).view(np.int64)
    total = looked.sum(axis=(1, 2), dtype=np.float64)
    weighed = {OWN: looked, AREA: np.broadcast_to(np.float32(1), looked.shape)}
    pt = pt_map(jets, plane)
    if pt is not None:
        weighed[PT] = pt
        size = json.loads(jets.attrs.get(PATCHES, "{}")).get(image)
        if size is not None:
            weighed[IN_PATCHES] = patched(pt, *size)
    summed = inside(plane, centres, radii, list(weighed.values()))
    found = {
        kind: ratio(summed[:, k], values.sum(axis=(1, 2), dtype=np.float64)[:, None])
        for k, (kind, values) in enumerate(weighed.items())
    }

    def elsewhere(places: Floats) -> Floats:
        share: Floats = ratio(inside(plane, places, radii, [looked])[:, 0], total[:, None])
        return share

    for kind, moved in ((RANDOM, scattered), (TURNED, turned)):
        each = [elsewhere(moved(plane, centres, key, draw)) for draw in range(DRAWS)]
        found[kind] = np.mean(each, axis=0)
    used = ~np.isnan(centres).all(axis=(1, 2)) & (total > 0)
    if OTHER + regions + VALUE in jets:
        others = centres_of(jets, OTHER + regions)
        found[ANOTHER] = elsewhere(others)
        used &= ~np.isnan(others).all(axis=(1, 2))
    values = np.stack(list(found.values()), axis=1)
    used &= np.isfinite(values).all(axis=(1, 2))
    return Shares(tuple(found), np.where(used[:, None, None], values, 0), used)


def importance_map(jets: xr.Dataset, image: str) -> NDArray[np.floating]:
    """Return where an explanation looks, ``[jet, y, x]``: importance, or the size of scores.

    Raises
    ------
    UnsupportedError
        If there is no such image, or it has neither.
    """
    found = importance(jets, image)
    if found.dims != ("jet", "y", "x"):
        raise UnsupportedError(f"{image!r} is no image: expected one with pixels y and x")
    return np.nan_to_num(found.values)


def centres_of(jets: xr.Dataset, regions: str) -> Floats:
    """Return the middles of a jet's regions ``[jet, region, (x, y)]``, NaN where there is none.

    Raises
    ------
    UnsupportedError
        If the jets do not know such regions.
    """
    if regions + VALUE not in jets:
        known = [name for name in REGIONS if name + VALUE in jets]
        words = f"the jets have no {regions!r} in the image's frame"
        if known:
            words += f", but {' and '.join(known)}"
        if regions == "partons":
            words += ": only jets that jetlens generates know the partons that they come from"
        raise UnsupportedError(words)
    names = {str(n): i for i, n in enumerate(jets[f"{regions}_feature"].values)}
    where = [look_up(f"variable of {regions}", name, names) for name in "xy"]
    values = jets[regions + VALUE].values[..., where].astype(np.float64)
    return np.where(jets[regions + MASK].values[..., None], values, np.nan)


def pt_map(jets: xr.Dataset, plane: Plane) -> NDArray[np.floating] | None:
    """Return the pT in each pixel ``[jet, y, x]``; None where the particles are not there."""
    if PARTICLES + VALUE not in jets:
        return None
    names = {str(n): i for i, n in enumerate(jets[f"{PARTICLES}_feature"].values)}
    real = jets[PARTICLES + MASK].values
    x, y, pt = (
        np.where(real, jets[PARTICLES + VALUE].values[..., names[n]], 0).astype(np.float64)
        for n in ("x", "y", "pt")
    )
    pixels = len(plane.y), len(plane.x)
    return pixelate(x, y, pt, window=plane.window, pixels=pixels)


def patched(pixels: NDArray[np.floating], high: int, wide: int) -> NDArray[np.floating]:
    """Return images ``[jet, y, x]`` of which each patch of so many pixels has its mean."""
    jets, rows, columns = pixels.shape
    cut = pixels.reshape(jets, rows // high, high, columns // wide, wide)
    mean = cut.mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(mean, cut.shape).reshape(pixels.shape)
