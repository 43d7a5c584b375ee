"""Which jets share a batch, and which of a batch share a pass, by their lengths.

Padding costs as much as particles do. Jets of like length in one batch need little of it, but where
the length tells the classes apart such a batch holds hardly more than one of them. A batch at
random is passed in parts of like length instead, whose losses are added up: the step is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

SORTED = 16
"""Batches' worth of jets that are sorted by length together: short enough to stay random."""

_PASS = {"cpu": 512, "cuda": 65_536}
"""Particles that cost about as much as a pass of its own does, forward and backward."""


def like_lengths(
    tokens: Tensor, size: int, order: np.random.Generator | None, together: int = SORTED
) -> Iterator[Tensor]:
    """Yield rows in batches of like length.

    Parameters
    ----------
    tokens
        The jets' lengths ``[jet]``.
    size
        Jets in a batch.
    order
        Random numbers; None keeps the order, which is sorted already.
    together
        Batches' worth of jets that are sorted together.
    """
    if order is None:
        yield from torch.arange(len(tokens)).split(size)
        return
    lengths = tokens.numpy()
    drawn = order.permutation(len(lengths))
    batches = []
    for start in range(0, len(drawn), size * together):
        some = drawn[start : start + size * together]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[i : i + size] for i in range(0, len(some), size)]
    for i in order.permutation(len(batches)):
        yield torch.as_tensor(batches[i])


def parts(tokens: Tensor, device: str) -> list[Tensor]:
    """Divide a batch, sorted by length, into halves as long as that saves more than a pass costs.

    Parameters
    ----------
    tokens
        The lengths of the batch's jets ``[jet]``.
    device
        The kind of device that the passes run on.

    Returns
    -------
    Which jets are in each part, the shortest first.
    """
    order = torch.argsort(tokens, stable=True)
    lengths, cost = tokens[order].tolist(), _PASS.get(device, _PASS["cuda"])

    def divided(start: int, stop: int) -> list[Tensor]:
        middle = (start + stop) // 2
        saved = (middle - start) * (lengths[stop - 1] - lengths[middle - 1])
        if saved <= cost:
            return [order[start:stop]]
        return [*divided(start, middle), *divided(middle, stop)]

    return divided(0, len(lengths))
