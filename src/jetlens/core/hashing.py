"""Random numbers that depend on what they belong to, not on the order in which they are drawn.

A split by event, or a bootstrap weight, must come out the same in whichever partition, worker or
run the event turns up. So it is a hash of the event number, not the next number of a generator.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_POISSON_TOP = 12  # P(k > 12) for mean one is 6e-11


def mix(key: NDArray[np.integer] | int, salt: int = 0) -> NDArray[np.uint64]:
    """Mix integers into 64 uniformly distributed bits (the finaliser of SplitMix64).

    Parameters
    ----------
    key
        Integers of any shape.
    salt
        Chooses an independent stream.

    References
    ----------
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    with np.errstate(over="ignore"):  # wrapping around is the arithmetic that is wanted
        offset = np.uint64((0x9E3779B97F4A7C15 * (salt + 1)) % 2**64)
        x = np.asarray(key).astype(np.int64).view(np.uint64) + offset
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def uniform(key: NDArray[np.integer], salt: int = 0) -> NDArray[np.float64]:
    """Turn integers into uniform numbers in [0, 1), one a key."""
    return (mix(key, salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: NDArray[np.integer], salt: int = 0) -> NDArray[np.float64]:
    """Turn integers into normal numbers of mean zero and deviation one, one a key.

    References
    ----------
    Box and Muller, "A note on the generation of random normal deviates", Ann. Math. Statist. 29
    (1958) 610.
    """
    bits = mix(key, salt)
    one, other = bits >> np.uint64(32), bits & np.uint64(2**32 - 1)
    radius = np.sqrt(-2 * np.log((one.astype(np.float64) + 0.5) * 2.0**-32))
    numbers: NDArray[np.float64] = radius * np.cos(2 * np.pi * 2.0**-32 * other.astype(np.float64))
    return numbers


def poisson(key: NDArray[np.integer], replicas: int, salt: int = 0) -> NDArray[np.uint8]:
    """Draw bootstrap weights: Poisson numbers of mean one, hashed from (key, replica).

    Parameters
    ----------
    key
        Event numbers, ``[jet]``; jets of one event share their weights.
    replicas
        The number of bootstrap replicas.

    Returns
    -------
    Weights ``[jet, replica]``.
    """
    steps = 1.0 / np.cumprod(np.concatenate([[1.0], np.arange(1, _POISSON_TOP + 1)]))
    edges = np.cumsum(np.exp(-1.0) * steps)
    salts = mix(np.arange(replicas), salt)
    keys = mix(key)[:, None] ^ salts[None, :]
    return np.searchsorted(edges, uniform(keys.view(np.int64))).astype(np.uint8)


def digest(*parts: str | bytes) -> str:
    """Return a short hexadecimal digest of texts, for keys of caches and stages."""
    h = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        h.update(len(raw).to_bytes(8, "little") + raw)
    return h.hexdigest()[:24]
