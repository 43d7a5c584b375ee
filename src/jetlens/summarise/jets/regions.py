"""What share of an explanation lies in a jet's regions of interest, and what would by itself.

By itself: the regions' share of the image's area; of the jet's pT, in pixels and in the patches
that an explanation is made of; and the shares of the same explanation in other regions: as many
discs at random places, the jet's own turned about its axis, and those of another jet of its class.
Discs elsewhere overlap less, or more, or reach over the image's edge: their shares are brought to
the area of the jet's own, so that an explanation that is everywhere alike has the same in all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, PARTICLES, PATCHES, REGIONS, VALUE, importance
from jetlens.core.errors import UnsupportedError, look_up
from jetlens.core.hashing import uniform
from jetlens.physics.image import pixelate
from jetlens.physics.regions import area, discs, random_places, share
from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.plane import Plane

OWN, AREA, PT, IN_PATCHES = "own", "area", "pt", "pt_in_patches"
RANDOM, TURNED, ANOTHER = "random", "turned", "other"
DRAWS = 3
"""Random regions of each jet, which are taken together."""

_AT_ONCE = 64  # jets
_SALT = 1 << 21  # away from that of random places

Floats = NDArray[np.float64]
Images = NDArray[np.floating]


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
        Of the discs, in the image's units.

    Raises
    ------
    UnsupportedError
        If there is no image, or the jets do not know such regions.
    """
    looked, plane = importance_map(jets, image), Plane.of(jets)
    centres = centres_of(jets, regions)
    others = centres_of(jets, regions, "other_")
    assert centres is not None
    maps = {OWN: looked}
    pt = pt_map(jets, plane)
    if pt is not None:
        maps[PT] = pt
        size = json.loads(jets.attrs.get(PATCHES, "{}")).get(image)
        if size is not None:
            maps[IN_PATCHES] = patched(pt, *size)
    count = jets.sizes["jet"]
    kinds = (
        OWN,
        AREA,
        *list(maps)[1:],
        RANDOM,
        TURNED,
        *((ANOTHER,) if others is not None else ()),
    )
    values = np.zeros((count, len(kinds), len(radii)))
    for first in range(0, count, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        for r, radius in enumerate(radii):
            found = _shares(
                plane,
                {kind: each[some] for kind, each in maps.items()},
                centres[some],
                None if others is None else others[some],
                radius,
                jets["row"].values[some],
            )
            values[some, :, r] = np.stack([found[kind] for kind in kinds], axis=1)
    known = [c for c in (centres, others) if c is not None]
    used = np.all([~np.isnan(c).all(axis=(1, 2)) for c in known], axis=0)
    used &= np.isfinite(values).all(axis=(1, 2))
    return Shares(kinds, np.where(used[:, None, None], values, 0), used)


def _shares(
    plane: Plane,
    maps: dict[str, Images],
    centres: Floats,
    others: Floats | None,
    radius: float,
    row: NDArray[np.int64],
) -> dict[str, Images]:
    """Return shares for one radius, by kind, ``[jet]`` each."""

    def region(x: Floats, y: Floats) -> NDArray[np.bool_]:
        real = np.isfinite(x)
        return discs(np.nan_to_num(x), np.nan_to_num(y), real, radius, across=plane.x, up=plane.y)

    own = region(*np.moveaxis(centres, -1, 0))
    found = {kind: share(each, own) for kind, each in maps.items()} | {AREA: area(own)}
    looked, missing = maps[OWN], np.isnan(centres[..., 0])

    def elsewhere(regions: Sequence[NDArray[np.bool_]]) -> Floats:
        """Return the explanation's share in some regions, in the area of the jet's own."""
        inside = sum(share(looked, each) for each in regions)
        wide = sum(area(each) for each in regions)
        scaled: Floats = ratio(np.asarray(inside) * found[AREA], wide)
        return scaled

    at_random = []
    for draw in range(DRAWS):
        x, y = random_places(row, centres.shape[1], radius, plane.window, draw=draw)
        at_random.append(region(*(np.where(missing, np.nan, v) for v in (x, y))))
    turned = [region(*_turned(plane, centres, row, draw)) for draw in range(DRAWS)]
    found |= {RANDOM: elsewhere(at_random), TURNED: elsewhere(turned)}
    if others is not None:
        found[ANOTHER] = elsewhere([region(*np.moveaxis(others, -1, 0))])
    return found


def _turned(
    plane: Plane, centres: Floats, row: NDArray[np.int64], draw: int
) -> tuple[Floats, Floats]:
    """Return a jet's places, turned together about the image's middle by a random angle."""
    angle = 2 * np.pi * uniform(row, _SALT + draw)[:, None]
    x, y = np.moveaxis(centres - plane.middle, -1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    across, up = plane.middle
    return across + cosine * x - sine * y, up + sine * x + cosine * y


def importance_map(jets: xr.Dataset, image: str) -> Images:
    """Return where an explanation looks, ``[jet, y, x]``: importance, or the size of scores.

    Raises
    ------
    UnsupportedError
        If there is no such image, or it has neither.
    """
    found = importance(jets, image)
    if found.dims != ("jet", "y", "x"):
        raise UnsupportedError(f"{image!r} is no image: expected one with pixels y and x")
    looked: Images = np.nan_to_num(found.values)
    return looked


def centres_of(jets: xr.Dataset, regions: str, of: str = "") -> Floats | None:
    """Return the middles of a jet's regions ``[jet, region, (x, y)]``, NaN where there is none.

    Parameters
    ----------
    jets
        An attribution.
    regions
        The collection's name.
    of
        What is before the names of x and y: ``"other_"`` for those of another jet, of which it
        returns None where the collection does not have them.

    Raises
    ------
    UnsupportedError
        If the jets do not know such regions.
    """
    if regions + VALUE not in jets:
        raise no_regions(regions, [name for name in REGIONS if name + VALUE in jets])
    names = {str(n): i for i, n in enumerate(jets[f"{regions}_feature"].values)}
    if of and f"{of}x" not in names:
        return None
    where = [look_up(f"variable of {regions}", of + axis, names) for axis in "xy"]
    values = jets[regions + VALUE].values[..., where].astype(np.float64)
    return np.where(jets[regions + MASK].values[..., None], values, np.nan)


def no_regions(regions: str, known: Collection[str]) -> UnsupportedError:
    """Return what is to be said of jets without such regions; `known` are those they have."""
    words = f"the jets have no {regions!r} in the image's frame"
    if known:
        words += f", but {' and '.join(known)}"
    if regions == "partons" and known:
        words += ": only jets that jetlens generates know the partons that they come from"
    elif not known:
        words += ": expected images that are made with them, as data.images.prongs asks for"
    return UnsupportedError(words)


def pt_map(jets: xr.Dataset, plane: Plane) -> Images | None:
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


def patched(pixels: Images, high: int, wide: int) -> Images:
    """Return images ``[jet, y, x]`` of which each patch of so many pixels has its mean."""
    jets, rows, columns = pixels.shape
    cut = pixels.reshape(jets, rows // high, high, columns // wide, wide)
    mean = cut.mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(mean, cut.shape).reshape(pixels.shape)
