"""`torch.nn.functional.multi_head_attention_forward`, by functions that have rules.

Nothing inside it can be intercepted, so it is written again: packed or separate projections,
learned and zero keys, masks, and weights where they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.signal import signal
from jetlens.explain.relevance.table import rule_of

if TYPE_CHECKING:
    from jetlens.explain.relevance.interception import Interception as Run


@rule_of("multi_head_attention_forward")
def multi_head_attention(
    run: Run,
    function: Callable[..., Any],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attend, ``[query, jet, width]`` to ``[key, jet, width]``."""
    if static_k is not None or static_v is not None or query.ndim != 3 or (training and dropout_p):
        raise run.refusal(
            "multi_head_attention_forward", "is known in evaluation, with jets and no static keys"
        )
    weights: tuple[Tensor | None, ...] = (q_proj_weight, k_proj_weight, v_proj_weight)
    if not use_separate_proj_weight:
        weights = run.plan.slices(in_proj_weight, 3)
    biases = run.plan.slices(in_proj_bias, 3)
    owner = q_proj_weight if use_separate_proj_weight else in_proj_weight
    with run.within("attention", owner):
        if query is key and key is value and in_proj_weight is not None:
            q, k, v = F.linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
        else:
            q, k, v = (
                F.linear(x, w, b)  # type: ignore[arg-type]
                for x, w, b in zip((query, key, value), weights, biases, strict=True)
            )
        if bias_k is not None and bias_v is not None:
            jets = k.shape[1]
            k = torch.cat([k, bias_k.expand(1, jets, -1)])
            v = torch.cat([v, bias_v.expand(1, jets, -1)])
        if add_zero_attn:
            zeros = torch.zeros_like(k[:1].detach())
            k, v = torch.cat([k, zeros]), torch.cat([v, zeros])
        q, k, v = (_heads(x, num_heads) for x in (q, k, v))
        mask = _mask(q, k, key_padding_mask, attn_mask)
        found = None
        if need_weights:
            scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
            found = (scores if mask is None else scores + mask).softmax(-1)
            mixed = found @ v
            if average_attn_weights:
                found = found.mean(1)
        else:
            mixed = F.scaled_dot_product_attention(q, k, v, mask)
        joined = mixed.permute(2, 0, 1, 3).flatten(2)
        return F.linear(joined, out_proj_weight, out_proj_bias), found


def _heads(x: Tensor, heads: int) -> Tensor:
    """``[place, jet, width]`` to ``[jet, head, place, width / head]``."""
    split: Tensor = x.unflatten(2, (heads, -1))
    return split.permute(1, 2, 0, 3)


def _mask(q: Tensor, k: Tensor, padding: Tensor | None, mask: Tensor | None) -> Tensor | None:
    """Return what is added to the scores, ``[jet or 1, head or 1, query, key]``."""
    jets, heads, keys = q.shape[0], q.shape[1], k.shape[2]
    whole = None
    if mask is not None:
        mask = _added(mask, q)
        whole = mask[None, None] if mask.ndim == 2 else mask.unflatten(0, (jets, heads))
        whole = F.pad(whole, (0, keys - whole.shape[-1])) if whole.shape[-1] < keys else whole
    if padding is not None:
        padding = _added(padding, q)[:, None, None, :]
        padding = F.pad(padding, (0, keys - padding.shape[-1]))
        whole = padding if whole is None else whole + padding
    return whole


def _added(mask: Tensor, like: Tensor) -> Tensor:
    """Return a mask as numbers that are added: what it hides gets minus infinity."""
    if mask.dtype != torch.bool:
        return mask if signal(mask) is not None else mask.to(like.dtype)
    zeros = torch.zeros(mask.shape, dtype=like.dtype, device=mask.device)
    return zeros.masked_fill(mask, -torch.inf)
