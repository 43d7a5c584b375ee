"""The losses of a tagger's heads, as weighted sums that add up over batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.core.errors import UnsupportedError
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.examples import Batch

JET = "jet"


def losses(tagger: Tagger, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Return for each head ``(sum of weighted losses, sum of weights, number)`` as one tensor.

    Parameters
    ----------
    tagger
        It says which tasks there are.
    out
        What its `outputs` returned.
    batch
        The jets with their truth.
    """
    each = F.cross_entropy(out[JET], batch.label, reduction="none")
    found = {JET: _sums(each, batch.weight)}
    for task, classes in tagger.tasks.items():
        if classes:
            found[task] = _classes(out[task], batch.truth[task], batch.weight)
        elif task.endswith(".vertex"):
            mask = batch.masks[task.partition(".")[0]]
            found[task] = _pairs(out[task], batch.truth[task], mask, batch.weight)
        else:
            raise UnsupportedError(f"there is no loss for the task {task!r}, which has no classes")
    return found


def _sums(each: Tensor, weight: Tensor) -> Tensor:
    number = torch.full((), len(each), dtype=each.dtype, device=each.device)
    return torch.stack([(each * weight).sum(), weight.sum(), number])


def _classes(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy over all jets or particles whose truth is known."""
    known = truth >= 0
    each = F.cross_entropy(logits[known], truth[known], reduction="none")
    weight = weight.view(-1, *[1] * (truth.ndim - 1)).expand(truth.shape)
    return _sums(each, weight[known])


def _pairs(logits: Tensor, vertex: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    """Binary cross entropy over all pairs of real tracks; negative vertices are shared by none."""
    pairs = (mask[:, :, None] & mask[:, None, :]).triu(1)
    same = (vertex[:, :, None] == vertex[:, None, :]) & (vertex[:, :, None] >= 0)
    each = F.binary_cross_entropy_with_logits(
        logits[pairs], same[pairs].to(logits.dtype), reduction="none"
    )
    return _sums(each, weight[:, None, None].expand(pairs.shape)[pairs])
