"""Forward passes in which attention keeps tokens apart: a query's output depends on it alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from jetlens.core.errors import JetlensError, UnsupportedError
from jetlens.explain.passes.attending import Attending
from jetlens.explain.passes.running import as_written, paths
from jetlens.taggers.base import Inputs, Tagger


def outputs(tagger: Tagger, inputs: Inputs, masks: Inputs) -> Tensor:
    """Run a tagger as predictions do, its auxiliary heads included; return the logits."""
    if tagger.tasks:
        return tagger.outputs(inputs, masks)["jet"]
    logits: Tensor = tagger(inputs, masks)
    return logits


def glance(tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
    """Run the tagger on a jet or two, its attention intercepted.

    Raises
    ------
    UnsupportedError
        If a mask does not fit, or something else about a call of attention is wrong.
    """
    check_without_places(tagger, inputs, masks)
    few, few_masks = _few(inputs, masks)
    if len(next(iter(few.values()))):
        with torch.no_grad(), as_written(), Apart(tagger, lambda layer, q, k: None):
            outputs(tagger, few, few_masks)


def check_without_places(tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
    """Refuse lists of particles without a single place where the tagger cannot take them.

    Raises
    ------
    UnsupportedError
        It says what the tagger says, and what can be done.
    """
    without = [name for name, mask in masks.items() if not mask.shape[1]]
    few, few_masks = _few(inputs, masks)
    if not without or not len(next(iter(few.values()))):
        return
    try:
        with torch.no_grad():
            outputs(tagger, few, few_masks)
    except (RuntimeError, ValueError, IndexError, ZeroDivisionError) as error:
        if isinstance(error, JetlensError):
            raise
        told = str(error).partition("\n")[0]
        raise UnsupportedError(
            f"the jets have not a single place for {' or '.join(map(repr, without))} (an array "
            f"[jet, 0, feature]), which the tagger cannot take: {told}. Give each jet one that is "
            f"empty, as in batch[{without[0]!r}].padded(1)"
        ) from error


def _few(inputs: Inputs, masks: Inputs) -> tuple[Inputs, Inputs]:
    few, few_masks = ({k: v[:2] for k, v in parts.items()} for parts in (inputs, masks))
    return few, few_masks


class Apart(Attending):
    """A forward pass in which attention keeps tokens apart.

    Parameters
    ----------
    tagger
        The tagger.
    seen
        Called with each layer that attends, its queries and its keys.
    """

    def __init__(self, tagger: Tagger, seen: Callable[[str, Tensor, Tensor], None]) -> None:
        super().__init__(paths(tagger))
        self._seen = seen

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
        """Return what depends on each query alone, and even weights."""
        lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2])
        q, k = (x.expand(*lead, *x.shape[-2:]) for x in (q, k))
        self._seen(layer, q, k)
        weights = q.new_full((*lead, q.shape[-2], k.shape[-2]), 1 / max(k.shape[-2], 1))
        if q.shape[-1] == v.shape[-1]:
            return q, weights
        return q.mean(-1, keepdim=True).expand(*q.shape[:-1], v.shape[-1]), weights
