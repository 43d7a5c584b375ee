"""Memory of large arrays, used again once they are gone.

Memory that a process touches for the first time may take forty times as long to fill as memory that
it has filled before. What comes chunk by chunk is put where the chunk before it was.
"""

from __future__ import annotations

import math
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LARGE = 2**24
"""Bytes; smaller arrays are left to numpy."""
KEPT = 8
"""Blocks that wait to be used again, at most: those that were given back last."""

_waiting: list[NDArray[np.uint8]] = []
_lock = threading.RLock()  # collecting garbage may give a block back at any time


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array whose values are undefined, as `numpy.empty` does.

    Parameters
    ----------
    shape, dtype
        The array's.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size < LARGE:
        return np.empty(shape, kind)
    block = _taken(size)
    array = np.asarray(_Lent(block, shape, kind))
    # views of the array keep it alive, and it keeps what it is finalised by
    weakref.finalize(array, _give_back, block).atexit = False
    return array


class _Lent:
    """A part of a block, as numpy wants to have it described."""

    def __init__(self, block: NDArray[np.uint8], shape: tuple[int, ...], kind: np.dtype[Any]):
        self.__array_interface__ = {
            "data": (block.ctypes.data, False),
            "shape": shape,
            "typestr": kind.str,
            "version": 3,
        }


def _taken(size: int) -> NDArray[np.uint8]:
    """Return the smallest block that waits and is large enough, but not more than twice so."""
    with _lock:
        fitting = [i for i, block in enumerate(_waiting) if size <= block.nbytes <= 2 * size]
        if fitting:
            return _waiting.pop(min(fitting, key=lambda i: _waiting[i].nbytes))
    return np.empty(size, np.uint8)


def _give_back(block: NDArray[np.uint8]) -> None:
    with _lock:
        _waiting.append(block)
        del _waiting[:-KEPT]
