"""Softmax and its kin.

AttnLRP (Achtibat et al., arXiv:2402.05602): softmax ``s(x)`` gives ``R_i = x_i (R_i - s_i sum_j
R_j)``. The logarithm of a sum of exponentials is a soft maximum: as a maximum gives all to the
largest number, it gives ``R_i = s_i R``, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from jetlens.explain.relevance.currency import enter, leave, share_out
from jetlens.explain.relevance.jets import one_jet, reduced
from jetlens.explain.relevance.ledger import Ledger
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark
from jetlens.explain.relevance.table import rule_of


class _Softmax(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, out: Tensor, dim: int, ledger: Ledger, layer: str, jets: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, out)
        ctx.dim, ctx.ledger, ctx.layer, ctx.jets = dim, ledger, layer, jets
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, relevance: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        x, out = ctx.saved_tensors
        found = relevance - out * relevance.sum(ctx.dim, keepdim=True)
        # masked scores are minus infinity, or the least number: these have no part in anything
        found = found.mul_(x).masked_fill_(x <= torch.finfo(x.dtype).min / 2, 0)
        taken = ctx.ledger.total(relevance - found, ctx.jets)
        ctx.ledger.add(ctx.layer, "softmax", taken)
        return found, None, None, None, None, None


@rule_of("softmax", "_softmax")
def softmax(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Share by the softmax rule, or hold the weights constant."""
    dim = -1 if dim is None else dim
    if dtype not in (None, input.dtype):
        with run:
            return input.to(dtype).softmax(dim)
    out = input.detach().softmax(dim)
    if run.plan.attention == "value":
        return out
    about = known(input)
    one_jet(run, "softmax", about.jets, [dim])
    layer = run.layer("softmax")
    left: Tensor = _Softmax.apply(input, out, dim, run.ledger, layer, about.jets)
    return mark(left, about.plain(nonnegative=True))


@rule_of("log_softmax")
def log_softmax(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Share ``x - log sum exp x`` with the sum held constant, which absorbs its part."""
    dim = -1 if dim is None else dim
    if dtype not in (None, input.dtype):
        with run:
            return input.to(dtype).log_softmax(dim)
    about = known(input)
    one_jet(run, "log_softmax", about.jets, [dim])
    lse = input.detach().logsumexp(dim, keepdim=True)
    out = leave(
        enter(input) - lse,
        run.ledger,
        run.layer("log_softmax"),
        about.jets,
        epsilon=run.plan.epsilon,
        constant=("softmax", -lse),
    )
    return mark(out, about.plain())


@rule_of("logsumexp", "special_logsumexp")
def logsumexp(
    run: Run, function: Callable[..., Any], input: Tensor, dim: Any, keepdim: bool = False
) -> Tensor:
    """Give to each number by its softmax."""
    about, values = known(input), input.detach()
    wide = values.logsumexp(dim, keepdim=True)
    # where all are minus infinity, none has a part
    weights = (values - wide).exp_().masked_fill_(wide.isneginf(), 0)
    kept = share_out(input, wide, weights)
    kept = kept if keepdim else kept.squeeze(dim)
    jets = reduced(run, "logsumexp", about.jets, kept, dim, keepdim)
    return mark(kept, about.plain(jets=jets, hidden=about.hidden))
