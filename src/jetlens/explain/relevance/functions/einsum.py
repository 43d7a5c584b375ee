"""Sums of products by their axes' letters."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import enter
from jetlens.explain.relevance.functions.sums import proportional
from jetlens.explain.relevance.jets import one_jet, shared
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Signal, known, signal
from jetlens.explain.relevance.table import rule_of


@rule_of("einsum")
def einsum(run: Run, function: Callable[..., Any], equation: str, *operands: Any) -> Tensor:
    """Share in proportion; of several signals each takes an equal part."""
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    axes, right = _spelt_out(run, equation, operands)
    equation = ",".join(axes) + "->" + right
    signals = [i for i, v in enumerate(operands) if signal(v) is not None]
    out = torch.einsum(equation, *(enter(v) if i in signals else v for i, v in enumerate(operands)))
    each = [_kept_axes(run, known(operands[i]).jets, axes[i], right) for i in signals]
    jets = each[0].expand(out.shape)
    for more in each[1:]:
        jets = shared(run, "einsum", jets, more, out.shape)
    behind = frozenset[str]().union(*(known(operands[i]).behind for i in signals))
    return proportional(run, "einsum", out, Signal(jets, behind=behind), degree=len(signals))


def _spelt_out(run: Run, equation: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """Return the axes of an equation's operands and of its output, letter by letter."""
    if not isinstance(equation, str):
        raise run.refusal("einsum", "is known with an equation in letters only")
    left, arrow, right = equation.replace(" ", "").partition("->")
    axes = left.split(",")
    if not arrow:
        once = sorted(a for a in set(left) - set(",.") if left.count(a) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    free = "".join(a for a in string.ascii_letters if a not in left)
    counts = [v.ndim - len(a.replace("...", "")) for v, a in zip(operands, axes, strict=True)]
    widest = max((n for n, a in zip(counts, axes, strict=True) if "..." in a), default=0)
    spelt = [a.replace("...", free[widest - n : widest]) for n, a in zip(counts, axes, strict=True)]
    return spelt, right.replace("...", free[:widest])


def _kept_axes(run: Run, jets: Tensor, axes: str, kept: str) -> Tensor:
    """Return whose numbers are the results of an einsum, with axes of length 1 for all others."""
    jets = one_jet(run, "einsum", jets, [i for i, a in enumerate(axes) if a not in kept])
    for i in reversed(range(len(axes))):
        if axes[i] not in kept:
            jets = jets.squeeze(i)
    axes = "".join(a for a in axes if a in kept)
    jets = jets.permute([axes.index(a) for a in kept if a in axes])
    for i, letter in enumerate(kept):
        if letter not in axes:
            jets = jets.unsqueeze(i)
    return jets
