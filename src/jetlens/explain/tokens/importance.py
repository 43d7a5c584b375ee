"""Numbers of tokens, added up for the particles, patches or jets that they stand for."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from jetlens.core.attention import Tokens
from jetlens.core.attribution import PATCHES
from jetlens.explain.tokens.rows import Row
from jetlens.taggers.chunks import Packed


class Importance:
    """One number for each particle of the collections that some tokens come from.

    Parameters
    ----------
    packed
        The jets.
    tokens
        All kinds of tokens that there will be numbers of.
    """

    def __init__(self, packed: Packed, tokens: Sequence[Tokens]) -> None:
        self._packed = packed
        self._sums: dict[str, Tensor] = {}
        for name, values in packed.inputs.items():
            last = [int(t.of(name)[1].max(initial=-1)) for t in tokens]
            count = max(last, default=-1) + 1
            if count:
                count = packed.masks[name].shape[1] if name in packed.masks else count
                self._sums[name] = values.new_zeros(len(packed), count)

    def add(self, numbers: Tensor, row: Row) -> None:
        """Add numbers ``[jet, token]`` of a chunk of jets."""
        for name, total in self._sums.items():
            where, places = row.of(name)
            total[row.jets, places] += numbers[:, where]

    def by_collection(self) -> dict[str, Tensor]:
        """Return ``[jet, particle]``, ``[jet, y, x]`` of images, ``[jet]`` of jets' own variables.

        A pixel gets what its patch has; patches that are no grid get nothing.
        """
        found = {}
        for name, total in self._sums.items():
            values = self._packed.inputs[name]
            if name in self._packed.masks:
                found[name] = total
            elif values.ndim == 4:
                if (grid := self._grid(name)) is not None:
                    image = total.view(len(total), 1, *grid)
                    found[name] = F.interpolate(image, size=values.shape[2:])[:, 0]
            else:
                found[name] = total.sum(1)
        return found

    def patches(self) -> dict[str, str]:
        """Return what is said of an image's pixels that share a number: rows and columns each."""
        found = {}
        for name in self._sums:
            values = self._packed.inputs[name]
            if values.ndim == 4 and (grid := self._grid(name)) is not None:
                found[name] = [values.shape[2] // grid[0], values.shape[3] // grid[1]]
        return {PATCHES: json.dumps(found)} if found else {}

    def _grid(self, name: str) -> tuple[int, int] | None:
        return patches(self._sums[name].shape[1], *self._packed.inputs[name].shape[2:])


def patches(count: int, height: int, width: int) -> tuple[int, int] | None:
    """Return how many patches stand below and beside each other; None if they fill no image."""
    down = math.isqrt(count * height // width)
    if down and count % down == 0 and down * width == count // down * height:
        return down, count // down
    return None
