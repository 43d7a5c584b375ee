"""Which of several means is the largest, and how surely: in so many of the bootstrap replicas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import Numbers, given, ratio, wilson

Floats = NDArray[np.float64]


def leads(estimates: Floats) -> Floats:
    """Count the replicas in which each of several is the largest.

    Parameters
    ----------
    estimates
        One for each of them ``[group, one, replica]``, the nominal first. A replica counts if it
        defines all of a group's.

    Returns
    -------
    Numbers of replicas ``[group, one]``.
    """
    replicas = estimates[..., 1:]
    known = np.asarray(np.isfinite(replicas).all(axis=1))  # [group, replica]
    largest = np.where(known[:, None], replicas, 0).argmax(axis=1)
    each = np.arange(replicas.shape[1])[:, None]
    mine = (largest[:, None, :] == each) & known[:, None, :]
    return np.asarray(mine.sum(axis=-1), dtype=np.float64)


def lead_shares(estimates: Floats) -> Floats:
    """Return in which share of the replicas each is the largest ``[group, one]``.

    NaN for a group of which no replica defines all.
    """
    counted = leads(estimates)
    found: Floats = ratio(counted, counted.sum(axis=1, keepdims=True))
    return found


def named_lead(name: str, led: Floats, one: int, replicas: int) -> Numbers:
    """Return one's share of the replicas under `name`, or nothing where too few define it.

    Parameters
    ----------
    name
        What the number is called.
    led
        What `leads` counted for the group ``[one]``.
    one
        Whose share it is.
    replicas
        How many there are.

    Returns
    -------
    The share. Its interval (Wilson's) is that of so many draws: replicas weigh alike, whatever the
    jets weigh.
    """
    known = float(led.sum())
    if not known:
        return {}
    value = float(led[one]) / known
    low, high = wilson(value, known)
    found = given({"value": value, "low": low, "high": high}, known / replicas)
    return {name: found} if found else {}
