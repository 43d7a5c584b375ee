"""Multi-head attention, by functions that have rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.passes.multi_head import MultiHead, UnknownCall
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.table import rule_of


@rule_of("multi_head_attention_forward")
def multi_head_attention(
    run: Run, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> tuple[Tensor, Tensor | None]:
    """Attend, ``[query, jet, width]`` to ``[key, jet, width]``."""
    try:
        call = MultiHead(*args, **kwargs)
        with run.within("attention", call.owner):
            q, k, v = call.project(run.plan.slices)
            mask = call.mask(q, k)
            found = None
            if call.given.need_weights:
                scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
                found = (scores if mask is None else scores + mask).softmax(-1)
                mixed = found @ v
            else:
                mixed = F.scaled_dot_product_attention(q, k, v, mask)
            return call.join(mixed), call.told(found)
    except UnknownCall as error:
        raise run.refusal(function.__name__, str(error)) from None
