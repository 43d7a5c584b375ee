"""Attention: values mixed by weights.

AttnLRP (Achtibat et al., arXiv:2402.05602): a matrix product gives half to each operand, and
softmax as in `softened`. In terms of relevance over output, that is the ordinary gradient of
attention with one half at queries and keys, so the fused kernel's own backward is used. With
``attention="value"`` (Ali et al., arXiv:2202.07304) the weights are constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.currency import enter, leave
from jetlens.explain.relevance.jets import one_jet
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of


@rule_of("scaled_dot_product_attention")
def attention(
    run: Run,
    function: Callable[..., Any],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Share by AttnLRP, or with the weights held constant."""
    if dropout_p:
        raise run.refusal(
            function.__name__, "drops numbers by chance: hand it dropout_p=0.0 unless self.training"
        )
    layer, ledger = run.layer("attention"), run.ledger
    parts = [s for s in map(signal, (value, query, key, attn_mask)) if s is not None]
    learned = run.plan.attention == "attnlrp" and any(
        signal(t) is not None for t in (query, key, attn_mask)
    )
    if not learned and signal(value) is None:  # nothing that carries relevance is left
        given = (t if t is None else t.detach() for t in (query, key, value, attn_mask))
        constant: Tensor = function(*given, 0.0, is_causal, scale=scale, enable_gqa=enable_gqa)
        return constant
    alike = (-3, -2, -1) if enable_gqa else (-2, -1)  # heads of queries share keys and values
    edge = one_jet(run, "attention", parts[0].jets, alike)
    lead = torch.broadcast_shapes(query.shape[:-2], edge.shape[:-2])
    jets = edge.expand(*lead, query.shape[-2], value.shape[-1])

    def entered(x: Tensor, share: float) -> Tensor:
        about = signal(x)
        if about is None or not learned:
            return x.detach()
        return enter(x, share, lambda r: spend(ledger.total(r, about.jets)))

    def spend(amount: Tensor) -> None:  # what the scores hand on, softmax did not take
        ledger.add(layer, "softmax", -amount)

    def gain(shared: Tensor) -> None:  # the weights' half, and that of values that are constants
        half = ledger.total(shared, jets) / 2
        ledger.add(layer, "softmax", half)
        if signal(value) is None:
            ledger.add(layer, "constants", half)

    if attn_mask is not None and attn_mask.is_floating_point() and learned:
        if signal(attn_mask) is None and bool((attn_mask.isfinite() & (attn_mask != 0)).any()):
            wide = attn_mask.expand(*lead, query.shape[-2], key.shape[-2])
            attn_mask = run.constant(wide, edge.expand(wide.shape), layer)
        hidden = attn_mask.isneginf()
        if signal(attn_mask) is not None:
            finite = mark(attn_mask.masked_fill(hidden, 0), known(attn_mask))
            attn_mask = entered(finite, 1.0).masked_fill(hidden, -torch.inf)
    both = signal(query) is not None and signal(key) is not None
    out = F.scaled_dot_product_attention(
        entered(query, 0.5 if both else 1.0),
        entered(key, 0.5 if both else 1.0),
        value if signal(value) is None else enter(value),
        attn_mask if attn_mask is None or learned else attn_mask.detach(),
        0.0,
        is_causal,
        scale=scale,
        enable_gqa=enable_gqa,
    )
    out = leave(
        out,
        ledger,
        layer,
        jets,
        epsilon=run.plan.epsilon,
        degree=2 if learned else 1,
        told=gain if learned else None,
    )
    return mark(out, Signal(jets, behind=frozenset[str]().union(*(p.behind for p in parts))))
