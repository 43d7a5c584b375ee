"""`torch.nn.functional.multi_head_attention_forward`, taken apart.

Nothing inside it can be intercepted, so it is written again, around whatever attends: packed or
separate projections, learned and zero keys, masks, and weights where they are asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Slices = Callable[[Tensor | None, int], tuple[Tensor | None, ...]]

_SIGNATURE = inspect.signature(F.multi_head_attention_forward)


class UnknownCall(ValueError):
    """What a call does that it cannot be taken apart; the message goes on after its name."""


class MultiHead:
    """One call, ``[query, jet, width]`` to ``[key, jet, width]``.

    Parameters
    ----------
    arguments, keywords
        The call's.

    Raises
    ------
    UnknownCall
        If it is not known how to take it apart.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        bound = _SIGNATURE.bind(*arguments, **keywords)
        bound.apply_defaults()
        self.given = SimpleNamespace(**bound.arguments)
        if self.given.static_k is not None or self.given.static_v is not None:
            raise UnknownCall("takes static keys or values, which are not known here")
        if self.given.training and self.given.dropout_p:
            raise UnknownCall("drops numbers by chance: hand it training=False")
        if self.given.query.ndim != 3:
            raise UnknownCall("is known for jets: expected queries [query, jet, width]")

    @property
    def owner(self) -> Tensor | None:
        """A weight of the layer."""
        given = self.given
        owner: Tensor | None = (
            given.q_proj_weight if given.use_separate_proj_weight else given.in_proj_weight
        )
        return owner

    def project(self, slices: Slices) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each ``[jet, head, place, width / head]``.

        Parameters
        ----------
        slices
            Cuts a packed weight into so many parts.
        """
        given = self.given
        query, key, value = given.query, given.key, given.value
        if query is key and key is value and given.in_proj_weight is not None:
            q, k, v = F.linear(query, given.in_proj_weight, given.in_proj_bias).chunk(3, -1)
        else:
            weights: tuple[Tensor | None, ...]
            weights = (given.q_proj_weight, given.k_proj_weight, given.v_proj_weight)
            if not given.use_separate_proj_weight:
                weights = slices(given.in_proj_weight, 3)
            biases = slices(given.in_proj_bias, 3)
            q, k, v = (
                F.linear(x, w, b)  # type: ignore[arg-type]
                for x, w, b in zip((query, key, value), weights, biases, strict=True)
            )
        if given.bias_k is not None and given.bias_v is not None:
            jets = k.shape[1]
            k = torch.cat([k, given.bias_k.expand(1, jets, -1)])
            v = torch.cat([v, given.bias_v.expand(1, jets, -1)])
        if given.add_zero_attn:
            zeros = torch.zeros_like(k[:1].detach())
            k, v = torch.cat([k, zeros]), torch.cat([v, zeros])
        q, k, v = (x.unflatten(2, (given.num_heads, -1)).permute(1, 2, 0, 3) for x in (q, k, v))
        return q, k, v

    def mask(self, q: Tensor, k: Tensor) -> Tensor | None:
        """Return what is added to the scores, ``[jet or 1, head or 1, query, key]``.

        Raises
        ------
        UnknownCall
            If a mask does not fit; the message says what was expected.
        """
        given = self.given
        jets, heads, queries, keys = *q.shape[:3], k.shape[2]
        there = len(given.key)  # learned and zero keys come behind them and are never masked
        whole = None
        if given.attn_mask is not None:
            mask = _added(given.attn_mask, q)
            _check("attn_mask", mask, [(queries, there), (jets * heads, queries, there)])
            whole = mask[None, None] if mask.ndim == 2 else mask.unflatten(0, (jets, heads))
            whole = F.pad(whole, (0, keys - there)) if there < keys else whole
        if given.key_padding_mask is not None:
            padding = _added(given.key_padding_mask, q)
            _check("key_padding_mask", padding, [(jets, there)])
            padding = padding[:, None, None, :]
            padding = F.pad(padding, (0, keys - there)) if there < keys else padding
            whole = padding if whole is None else whole + padding
        return whole

    def join(self, mixed: Tensor) -> Tensor:
        """Return the output of what the heads made, ``[jet, head, query, width / head]``."""
        joined = mixed.permute(2, 0, 1, 3).flatten(2)
        return F.linear(joined, self.given.out_proj_weight, self.given.out_proj_bias)

    def told(self, weights: Tensor | None) -> Tensor | None:
        """Return the weights ``[jet, head, query, key]`` as the caller wants them."""
        if weights is None or not self.given.need_weights:
            return None
        return weights.mean(1) if self.given.average_attn_weights else weights


def _added(mask: Tensor, like: Tensor) -> Tensor:
    """Return a mask as numbers that are added: what it hides gets minus infinity."""
    if mask.dtype != torch.bool:
        return mask if mask.dtype == like.dtype else mask.to(like.dtype)
    zeros = torch.zeros(mask.shape, dtype=like.dtype, device=mask.device)
    return zeros.masked_fill(mask, -torch.inf)


def _check(name: str, mask: Tensor, shapes: list[tuple[int, ...]]) -> None:
    if tuple(mask.shape) not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise UnknownCall(f"is handed {name} of shape {tuple(mask.shape)}: expected {wanted}")
