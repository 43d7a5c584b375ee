"""What is lost when a jet's constituents, objects, ... are those of another jet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from jetlens.core.attribution import Table
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.hashing import mix
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, Scores, ScoringExplainer
from jetlens.explain.targets import Target
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict


@explainers.register("permutation")
@dataclass(frozen=True, kw_only=True)
class Permutation(ScoringExplainer):
    """Loss and change of the score when one input collection is that of another jet.

    Each stream in turn is taken from reference jets, which a hash of the jet's row chooses, never
    from its own event. ``permutation_loss`` (``"jet"``, ``"stream"``) is what the cross-entropy
    rises by, NaN for a jet without label; ``permutation_change`` what the target's score changes
    by. Both are means over `repeats` choices.

    Parameters
    ----------
    repeats
        Reference jets for each jet and stream.
    seed
        Chooses them.

    References
    ----------
    Breiman, "Random forests", Machine Learning 45 (2001) 5; Fisher, Rudin and Dominici,
    arXiv:1801.01489.
    """

    needs: ClassVar[str] = "nothing"

    repeats: int = 3
    seed: int = 1

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise BadValueError(f"repeats={self.repeats}: expected 1 or more")

    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Compare what the tagger says with other jets' streams and with the jets' own."""
        names, jets = list(tagger.inputs), context.batch
        if len(names) < 2:
            raise UnsupportedError(
                f"the tagger takes {names[0]!r} alone: 'permutation' compares two streams or more"
            )
        if target.task is not None:
            raise UnsupportedError(
                f"target {target.text!r}: 'permutation' explains what is said of the jet"
            )
        if len(jets) and (context.label < 0).all():
            raise BadValueError(
                "no jet has a label among the tagger's classes "
                f"({', '.join(tagger.classes)}): 'permutation' measures the loss"
            )
        other = jets if context.pool is None else context.pool
        own, theirs = encode(tagger, jets), encode(tagger, other)
        picked = torch.empty_like(chosen)
        picked[packed.rows] = chosen  # in the batch's order
        label = torch.as_tensor(context.label, device=chosen.device)

        def judged(logits: Tensor) -> Tensor:
            loss = cross_entropy(logits, label.clamp(min=0), reduction="none")
            loss = loss.masked_fill(label < 0, torch.nan)
            return torch.stack([loss, target.value(logits, own[1], picked)])

        before = judged(predict(tagger, packed, auxiliary=False).logits)
        found = []
        for number, name in enumerate(names):
            total = torch.zeros_like(before)
            for repeat in range(self.repeats):
                salt = int(mix(self.seed * 2**16 + number * 2**8 + repeat) >> np.uint64(33))
                rows = torch.as_tensor(partners(jets, other, salt), device=chosen.device)
                inputs, masks = dict(own[0]), dict(own[1])
                inputs[name] = theirs[0][name][rows]
                if name in masks:
                    masks[name] = theirs[1][name][rows]
                mixed = pack(tagger, inputs, masks)
                total += judged(predict(tagger, mixed, auxiliary=False).logits) - before
            found.append(total / self.repeats)
        loss, change = torch.stack(found, -1).cpu().numpy()
        axes = {"stream": names}
        return Scores(
            tables={
                "permutation_loss": Table(loss, axes),
                "permutation_change": Table(change, axes),
            }
        )


def partners(jets: JetBatch, other: JetBatch, salt: int) -> NDArray[np.int64]:
    """Choose for each jet one of the others ``[jet]``, of another event.

    The choice depends on the jet's row and on the others, not on the jets beside it.

    Raises
    ------
    BadValueError
        If there is none of another event.
    """
    if not len(jets):
        return np.zeros(0, dtype=np.int64)
    count = len(other)
    chosen = np.zeros(len(jets), dtype=np.int64)
    if count:
        chosen = (mix(jets.row, salt) % np.uint64(count)).astype(np.int64)
    for _ in range(count):
        same = other.event[chosen] == jets.event
        if not same.any():
            return chosen
        chosen = np.where(same, (chosen + 1) % count, chosen)
    raise BadValueError(
        f"{count} reference jets, none of another event than jet of row {int(jets.row[0])}: "
        "'permutation' takes streams from other jets"
    )
