"""What a tagger says of jets: logits, and predictions of its auxiliary tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from jetlens.core.errors import UnsupportedError
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.vertices import vertices_from_pairs


@dataclass(frozen=True)
class Predictions:
    """Outputs of packed jets, in the batch's own order.

    Attributes
    ----------
    logits
        ``[jet, class]``.
    tasks
        By collection and task, integers ``[jet, particle]``, -1 where there is no particle.
    """

    logits: Tensor
    tasks: dict[str, dict[str, Tensor]] = field(default_factory=dict)


Watch = Callable[[slice], contextlib.AbstractContextManager[object]]


def predict(
    tagger: Tagger,
    packed: Packed,
    auxiliary: bool = True,
    watch: Watch = lambda jets: contextlib.nullcontext(),
    rest: bool = False,
) -> Predictions:
    """Run the tagger once over packed jets, without gradients.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    packed
        The jets.
    auxiliary
        Whether to predict the auxiliary tasks, too.
    watch
        What is around the tagger while it runs on a chunk of packed jets.
    rest
        Whether the jets' inputs are what the tagger's frozen part made of them.

    Raises
    ------
    UnsupportedError
        If a logit is not a number; the message says for which jet.
    """
    tasks = tagger.tasks if auxiliary else {}
    logits: list[Tensor] = []
    found: dict[str, list[Tensor]] = {task: [] for task in tasks}
    longest = {name: mask.shape[1] for name, mask in packed.masks.items()}
    with torch.no_grad():
        for jets in packed.chunks(rows_per_jet=_tokens(packed) if rest else 1):
            inputs, masks = packed.cut(jets)
            with watch(jets):
                if rest:
                    out = tagger.rest(inputs, masks)
                else:
                    out = tagger.outputs(inputs, masks) if tasks else {"jet": tagger(inputs, masks)}
            logits.append(out["jet"])
            for task, classes in tasks.items():
                name = task.partition(".")[0]
                mask = masks[name]
                said = out[task].argmax(-1) if classes else vertices_from_pairs(out[task], mask)
                said = said.masked_fill(~mask, -1)
                missing = longest[name] - mask.shape[1]
                found[task].append(torch.nn.functional.pad(said, (0, missing), value=-1))
    if not logits:
        some = next(iter(packed.inputs.values()))
        empty = {name: torch.zeros(m.shape, dtype=torch.long) for name, m in packed.masks.items()}
        by_task = [task.partition(".")[::2] for task in tasks]
        return Predictions(
            some.new_zeros((0, len(tagger.classes))),
            {name: {t: empty[name] for n, t in by_task if n == name} for name, _ in by_task},
        )
    back = packed.restore("", torch.cat(logits))
    check_finite(back)
    by_collection: dict[str, dict[str, Tensor]] = {}
    for task, parts in found.items():
        name, _, short = task.partition(".")
        restored = packed.restore(name, torch.cat(parts) + 1) - 1  # padding holds -1, not 0
        by_collection.setdefault(name, {})[short] = restored
    return Predictions(back, by_collection)


def _tokens(packed: Packed) -> int:
    """Return how many tokens a jet has whose image was frozen half-way."""
    return max(v.shape[1] if v.ndim > 2 else 1 for v in packed.inputs.values())


def check_finite(logits: Tensor) -> None:
    """Refuse logits that are not numbers.

    Raises
    ------
    UnsupportedError
        The message says for which jet.
    """
    bad = ~torch.isfinite(logits).all(-1)
    if bad.any():
        row = int(bad.nonzero()[0, 0])
        raise UnsupportedError(
            f"the tagger gives {logits[row].tolist()} for jet {row} of the batch ({int(bad.sum())} "
            "such jets): expected finite logits; does it handle jets without particles?"
        )
