"""Every call of attention in a forward pass, handed over with what it is given."""

from __future__ import annotations

import abc
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from jetlens.core.errors import UnsupportedError
from jetlens.explain.multi_head import MultiHead, UnknownCall
from jetlens.explain.running import caller

FUNCTIONS = "scaled_dot_product_attention and multi_head_attention_forward"

_CACHED = 1 << 18
"""Numbers that are gone through in one go on a processor: they stay in its cache meanwhile."""


class Attending(TorchFunctionMode, abc.ABC):
    """One forward pass of some jets, in which `attend` does what attention does.

    Fast paths and fused kernels are not taken while functions are intercepted. The two functions of
    `FUNCTIONS` are; all others run as they are.

    Parameters
    ----------
    known
        The paths of the tagger's modules, by their ids.
    """

    def __init__(self, known: Mapping[int, str]) -> None:
        super().__init__()
        self._known = known
        self._met: Counter[str] = Counter()

    @abc.abstractmethod
    def attend(
        self, layer: str, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
    ) -> tuple[Tensor, Tensor | None]:
        """Mix values ``[..., key, width]`` by the attention of queries to keys.

        Parameters
        ----------
        layer
            The path of the module that calls; of its second call in a pass, with ``-2`` behind it.
        q, k, v
            ``[..., query or key, width]``.
        mask
            True where a query may look, or numbers that are added to the scores; it broadcasts to
            ``[..., query, key]``.
        scale
            What scores are multiplied by; left out, one over the square root of the width.

        Returns
        -------
        What is mixed, ``[..., query, width]``, and the weights ``[..., query, key]`` if they are
        there to be told to the caller.
        """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Take over attention."""
        take = _TAKEN.get(func)
        if take is None:
            return func(*args, **(kwargs or {}))
        found = caller(self._known)
        path, module = found if found is not None else ("", None)
        self._met[path] += 1
        layer = path if self._met[path] == 1 else f"{path}-{self._met[path]}"
        try:
            return take(self, layer, *args, **(kwargs or {}))
        except UnknownCall as error:
            owner = "" if module is None else f" ({type(module).__name__})"
            raise UnsupportedError(f"attention in {path or 'the tagger'}{owner} {error}") from None


def _scaled_dot_product(
    run: Attending,
    layer: str,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    if dropout_p:
        raise UnknownCall("drops numbers by chance: hand it dropout_p=0.0 unless self.training")
    if enable_gqa:
        key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    if is_causal:
        shape = query.shape[-2], key.shape[-2]
        attn_mask = torch.ones(shape, dtype=torch.bool, device=query.device).tril()
    if attn_mask is not None:
        _check(attn_mask, query, key)
    return run.attend(layer, query, key, value, attn_mask, scale)[0]


def _multi_head(run: Attending, layer: str, *args: Any, **kwargs: Any) -> Any:
    call = MultiHead(*args, **kwargs)
    q, k, v = call.project(_slices)
    mixed, weights = run.attend(layer, q, k, v, call.mask(q, k), None)
    return call.join(mixed), call.told(weights)


def _slices(weight: Tensor | None, count: int) -> tuple[Tensor | None, ...]:
    return (None,) * count if weight is None else weight.chunk(count)


_TAKEN: dict[Any, Callable[..., Any]] = {
    F.scaled_dot_product_attention: _scaled_dot_product,
    F.multi_head_attention_forward: _multi_head,
}


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
) -> tuple[Tensor, Tensor]:
    """Return ``softmax(scale q k^T + mask) v``, and the softmax, without gradients.

    A masked key gets exactly zero; where all keys of a query are masked, all of its weights are
    zero, as in torch's own attention.

    Parameters
    ----------
    q, k, v
        ``[..., query or key, width]``.
    mask
        True where a query may look, or numbers that are added; it broadcasts to the scores.
    scale
        Left out, one over the square root of the width.

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762.
    """
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    queries, keys, width = q.shape[-2], k.shape[-2], v.shape[-1]
    q = q * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    k, v = k.to(q.dtype), v.to(q.dtype)
    count = math.prod(lead)
    q, k, v = (x.expand(*lead, *x.shape[-2:]).reshape(count, *x.shape[-2:]) for x in (q, k, v))
    found, mixed = q.new_empty(count, queries, keys), q.new_empty(count, queries, width)
    scores = found.view(*(lead or (1,)), queries, keys)
    added, first_hidden = (None, 0) if mask is None else _added(mask, scores)
    inner = math.prod(lead[1:])
    step = _CACHED // max(inner * queries * keys, 1) if q.device.type == "cpu" else len(scores)
    for first in range(0, len(scores), max(step, 1)):
        some = slice(first, first + max(step, 1))
        rows = slice(some.start * inner, some.stop * inner)
        torch.bmm(q[rows], k[rows].mT, out=found[rows])
        if added is not None:
            scores[some][..., first_hidden:] += added[some][..., first_hidden:]
        torch.softmax(found[rows], -1, out=found[rows])
        torch.bmm(found[rows], v[rows], out=mixed[rows])
    if added is not None:
        blind = added.isneginf().all(-1, keepdim=True)
        if blind.any():  # softmax of nothing is not a number
            scores.masked_fill_(blind, 0.0)
            mixed.view(*scores.shape[:-1], width).masked_fill_(blind, 0.0)
    return mixed.view(*lead, queries, width), found.view(*lead, queries, keys)


def _added(mask: Tensor, scores: Tensor) -> tuple[Tensor, int]:
    """Return a mask as numbers to add, with the first axis of the scores.

    And the first key that something is added to: padding stands behind the particles mostly.
    """
    if mask.dtype == torch.bool:
        zeros = torch.zeros(mask.shape, dtype=scores.dtype, device=mask.device)
        mask = zeros.masked_fill_(~mask, -torch.inf)
    mask = mask[(None,) * (scores.ndim - mask.ndim)]
    first = 0
    if mask.shape[-2] == 1 and mask.shape[-1] > 1:
        used = (mask != 0).flatten(0, -2).any(0)
        first = int(used.int().argmax()) if bool(used.any()) else len(used)
    return mask.expand(len(scores), *mask.shape[1:]), first


def _check(mask: Tensor, query: Tensor, key: Tensor) -> None:
    lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])  # torch's own takes a while
    scores = (*lead, query.shape[-2], key.shape[-2])
    try:
        fits = np.broadcast_shapes(scores, mask.shape) == scores
    except ValueError:
        fits = False
    if not fits:
        raise UnknownCall(
            f"is handed a mask of shape {tuple(mask.shape)}: expected one that broadcasts to "
            f"{scores}, of each query and key"
        )
