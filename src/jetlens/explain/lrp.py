"""Layer-wise relevance propagation: the output is handed back, layer by layer, to the inputs.

References
----------
Bach et al., PLoS ONE 10 (2015) e0130140; Montavon et al., "Layer-wise relevance propagation: an
overview", 2019; Kohlbrenner et al., arXiv:1910.09840 (composites); Ali et al., arXiv:2202.07304 and
Achtibat et al., arXiv:2402.05602 (attention); Arras et al., arXiv:1706.07206 (recurrent layers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from jetlens.core.attribution import Table
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import explainers
from jetlens.explain.base import Choose, OnePassExplainer, Scores
from jetlens.explain.relevance import composites, rules
from jetlens.explain.relevance.bounds import bounds_of
from jetlens.explain.relevance.composites import Composite
from jetlens.explain.relevance.ledger import CAUSES, Ledger
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.propagate import TARGET, Propagated, propagate
from jetlens.explain.relevance.rules import ZBox
from jetlens.explain.targets import Target
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed

ATTENTION = ("attnlrp", "value")


@explainers.register("lrp")
@dataclass(frozen=True, kw_only=True)
class LRP(OnePassExplainer):
    """Layer-wise relevance propagation by a rule or by a composite of rules.

    The scores of a jet and what was absorbed on the way (``relevance_absorbed``, by layer and
    cause) add up to what is explained (``relevance_in``).

    Parameters
    ----------
    rule
        ``"z"``, ``"epsilon"``, ``"gamma"``, ``"alpha-beta"``, ``"z+"`` (alpha-beta with 1 and 0),
        ``"flat"``, ``"w-squared"`` or ``"z-box"`` (for layers that see the inputs; others get
        epsilon); with `composite`, the rule of the layers that it does not name.
    epsilon
        The stabiliser, of functions without weights too; left out, 1e-6, and none for rule ``"z"``.
        With `composite`, that of its layers by rule epsilon, too, if they have none of their own.
    gamma
        How much more contributions of the neuron's own sign count; left out, 0.25.
    alpha, beta
        How much positive and negative contributions get, ``alpha - beta = 1``; left out, 2 and 1.
    low, high
        The least and largest possible input, scaled, for z-box: a number, or numbers by collection
        and feature; left out, the extremes of the jets that are explained together.
    composite
        ``"epsilon"``, ``"epsilon-plus"``, ``"epsilon-alpha2-beta1"`` or ``"epsilon-gamma"``, the
        last three also with ``-flat`` or ``-box`` for the first layer; or rules by what it is:
        ``{"first": "flat", "conv": {"rule": "alpha-beta", "alpha": 1}, "jet_head.*": "gamma"}``.
    attention
        ``"attnlrp"``, or ``"value"``: attention weights are held constant.
    tokens
        Particles in a chunk of jets; left out, as many as the device likes.
    """

    conserves: ClassVar[bool] = True

    rule: str = "epsilon"
    epsilon: float | None = None
    gamma: float | None = None
    alpha: float | None = None
    beta: float | None = None
    low: Any = None
    high: Any = None
    composite: str | Mapping[str, Any] | None = None
    attention: str = "attnlrp"
    tokens: int | None = None

    def __post_init__(self) -> None:
        if self.attention not in ATTENTION:
            raise UnknownNameError("way through attention", self.attention, ATTENTION)
        if self.tokens is not None and (type(self.tokens) is not int or self.tokens < 1):
            raise BadValueError(f"tokens={self.tokens!r}: expected a whole number of at least 1")
        boxes = [r for r in self._composite().everything if isinstance(r, ZBox)]
        if any(box != boxes[0] for box in boxes):
            raise BadValueError("rule 'z-box' is used with different bounds: expected the same")
        for name in ("low", "high"):
            value = getattr(self, name)
            if value is not None and not boxes:
                raise BadValueError(f"{name}={value!r} belongs to rule 'z-box', which is not used")
            if value is not None and getattr(boxes[0], name) is not None:
                raise BadValueError(f"{name}={value!r}: the composite's z-box has its own {name}")

    def _composite(self) -> Composite:
        given = {n: getattr(self, n) for n in ("epsilon", "gamma", "alpha", "beta")}
        rest = rules.make(self.rule, {k: v for k, v in given.items() if v is not None})
        return composites.composite(self.composite, rest, self.epsilon)

    def _box(self) -> ZBox | None:
        """Return the rule for bounded inputs, if there is one."""
        return next((r for r in self._composite().everything if isinstance(r, ZBox)), None)

    def run(
        self, tagger: Tagger, packed: Packed, target: Target, choose: Choose
    ) -> tuple[Scores, Tensor]:
        """Propagate, a chunk of jets at a time; return what the tagger said, too."""
        composite = self._composite()
        plan = Plan(tagger, composite, composite.rest.epsilon, self.attention)
        composite.check(plan.paths)
        box = self._box()
        bounds = {}
        if box is not None and len(packed):
            low, high = (
                own if of_rule is None else of_rule
                for own, of_rule in ((self.low, box.low), (self.high, box.high))
            )
            bounds = bounds_of(tagger.inputs, packed, low, high)

        def through(jets: slice) -> Propagated:
            inputs, masks = packed.cut(jets)
            return propagate(
                tagger, plan, target, inputs, masks, lambda said: choose(said, jets), bounds
            )

        if len(packed) and plan.needs_last:  # a first jet tells which layers are the last
            through(slice(0, 1))
        scores = {name: torch.zeros_like(v) for name, v in packed.inputs.items()}
        parts = []
        for jets in packed.chunks(self.tokens):
            part = through(jets)
            for name, relevance in part.relevance.items():
                place = scores[name][jets]
                if name in packed.masks:  # a rule that does not ask for inputs gives to padding
                    place = place[:, : relevance.shape[1]]
                    padding = ~packed.masks[name][jets][:, : relevance.shape[1], None]
                    part.ledger.add(name, "constants", (relevance * padding).flatten(1).sum(1))
                    relevance = relevance.masked_fill(padding, 0)
                place.copy_(relevance)
            parts.append(part)
        layers = [*packed.masks, *plan.layers, TARGET]
        like = next(iter(scores.values()))
        absorbed = _joined([p.ledger for p in parts], layers, like)
        value = torch.cat([like.new_zeros(0), *(p.value for p in parts)])
        said = [p.said for p in parts if target.task is None]
        return (
            Scores(
                scores,
                {"relevance_in": value},
                {"relevance_absorbed": Table(absorbed, {"layer": layers, "cause": list(CAUSES)})},
            ),
            torch.cat(said) if said else value,
        )


def _joined(ledgers: Sequence[Ledger], layers: Sequence[str], like: Tensor) -> Tensor:
    """Return what was absorbed, ``[jet, layer, cause]``, in the order of the chunks."""
    rows = {layer: i for i, layer in enumerate(layers)}
    columns = {cause: i for i, cause in enumerate(CAUSES)}
    parts = [like.new_zeros(0, len(rows), len(columns))]
    for ledger in ledgers:
        table = like.new_zeros(len(ledger.numbers), len(rows), len(columns))
        for (layer, cause), amount in ledger.entries.items():
            table[:, rows[layer], columns[cause]] = amount
        parts.append(table)
    return torch.cat(parts)
