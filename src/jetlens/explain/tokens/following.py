"""Which tokens the output of a call of attention goes into, and whether it goes into the logits.

Copies of one jet go through the tagger while attention keeps tokens apart, and in each of them
other outputs are changed. Tokens change where these are added up into them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from jetlens.explain.passes.running import as_written
from jetlens.explain.tokens.apart import Apart, outputs
from jetlens.explain.tokens.axes import Axes
from jetlens.explain.tokens.probe import Probe, changed
from jetlens.taggers.base import Tagger

Change = Mapping[int, int | slice]
"""By the number of a call, which token of its output is changed, or which tokens are."""


def follow(
    tagger: Tagger, made_up: Probe, axes: Sequence[Axes], changes: Sequence[Change]
) -> tuple[list[tuple[Tensor, Tensor]], list[bool]]:
    """Follow changes of outputs of attention.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    made_up
        Jets, of which the first is taken.
    axes
        Of each call of attention, where jets and heads are.
    changes
        What is changed in each copy of the jet.

    Returns
    -------
    For each call, in which copies its queries and its keys change, ``[change, token]``; and which
    of the changes reach the logits.
    """
    copies = len(changes) + 1
    inputs, masks = (
        {k: v[:1].expand(copies, *v.shape[1:]).contiguous() for k, v in parts.items()}
        for parts in (made_up.inputs, made_up.masks)
    )
    run = _Following(tagger, axes, changes)
    with torch.no_grad(), as_written(), run:
        logits = outputs(tagger, inputs, masks)
    return run.given, changed(logits[:, None])[1:, 0].tolist()


class _Following(Apart):
    def __init__(self, tagger: Tagger, axes: Sequence[Axes], changes: Sequence[Change]) -> None:
        super().__init__(tagger, self._note)
        self._axes, self._changes = axes, changes
        self.given: list[tuple[Tensor, Tensor]] = []

    def _note(self, layer: str, q: Tensor, k: Tensor) -> None:
        axes = self._axes[len(self.given)]
        asking, asked = (changed(axes.unfold(x).transpose(1, 2))[1:] for x in (q, k))
        self.given.append((asking, asked))

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
        """Keep tokens apart, and change those of the output that are to be changed."""
        out, weights = super().attend(layer, q, k, v, mask, scale, told)
        number = len(self.given) - 1
        axes = self._axes[number]
        one = torch.zeros(len(self._changes) + 1, out.shape[-2], dtype=out.dtype, device=out.device)
        for jet, change in enumerate(self._changes, 1):
            if number in change:
                one[jet, change[number]] = 1
        one = one.repeat_interleave(axes.inner, 0).repeat(axes.outer, 1)
        ahead = [1] * (out.ndim - axes.jets - 3)
        one = one.view(*[1] * axes.jets, len(one), *ahead, -1, 1)
        noise = torch.randn(out.shape[-1], generator=torch.Generator().manual_seed(number))
        return out + one * noise.to(out) * (1 + out.abs().max()), weights
