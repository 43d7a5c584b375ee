"""Every call of attention in a forward pass, handed over with what it is given."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from jetlens.core.errors import UnsupportedError
from jetlens.explain.passes.multi_head import MultiHead, UnknownCall
from jetlens.explain.passes.running import caller

FUNCTIONS = "scaled_dot_product_attention and multi_head_attention_forward"


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
        self,
        layer: str,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
        scale: float | None,
        told: bool,
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
        told
            Whether the weights are told to the caller.

        Returns
        -------
        What is mixed, ``[..., query, width]``, and the weights ``[..., query, key]`` where they are
        told.
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
    return run.attend(layer, query, key, value, attn_mask, scale, False)[0]


def _multi_head(run: Attending, layer: str, *args: Any, **kwargs: Any) -> Any:
    call = MultiHead(*args, **kwargs)
    q, k, v = call.project(_slices)
    mixed, weights = run.attend(layer, q, k, v, call.mask(q, k), None, call.given.need_weights)
    return call.join(mixed), call.told(weights)


def _slices(weight: Tensor | None, count: int) -> tuple[Tensor | None, ...]:
    return (None,) * count if weight is None else weight.chunk(count)


_TAKEN: dict[Any, Callable[..., Any]] = {
    F.scaled_dot_product_attention: _scaled_dot_product,
    F.multi_head_attention_forward: _multi_head,
}


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
