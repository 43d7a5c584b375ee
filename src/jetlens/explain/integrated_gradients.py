"""Integrated gradients, with a quadrature that adapts to each jet.

IG_i = (x_i - b_i) * integral over alpha of dF/dx_i at b + alpha (x - b), from 0 to 1.

References
----------
Sundararajan, Taly and Yan, arXiv:1703.01365.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, expected
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, Scores, ScoringExplainer
from jetlens.explain.paths.baselines import Baseline, choose, held
from jetlens.explain.paths.bisection import bisect
from jetlens.explain.paths.block import Block
from jetlens.explain.paths.paths import Paths
from jetlens.explain.paths.quadrature import FAMILIES, Rule, fixed, nested
from jetlens.explain.targets import Target
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed

ADAPTIVE = "adaptive"


@explainers.register("integrated-gradients")
@dataclass(frozen=True, kw_only=True)
class IntegratedGradients(ScoringExplainer):
    """Integrated gradients along straight paths in the tagger's scaled inputs.

    The mask is held along the path, and jets and particles are integrated together. A path leaves
    the work when its scores are right to `tolerance`, as far as can be told. It is first tried with
    nested Clenshaw-Curtis rules, which converge geometrically where the network is smooth: there
    the scores' error is about the square of `tolerance`. Where the convergence that is seen is
    slower, as in ReLU networks, intervals are halved where the gradient jumps. Scores are never
    rescaled to their sum.

    Parameters
    ----------
    baseline
        ``"zero"``, ``"mean"``, ``"background"``, ``"neutral"``, a table with ``use``, values by
        collection and feature (or in the features' order), or a `JetBatch`. Where there are several
        references, attributions are averaged, and ``baseline_outputs`` (``"jet"``, ``"baseline"``)
        is what is explained at each.
    hold
        Features that stay at the jet's value: ``"feature"`` or ``"collection.feature"``.
    tolerance
        Largest relative error of a path's scores (sum of absolute differences over sum of absolute
        scores), and largest completeness error in that measure: of smooth paths the change from one
        rule to the next, of others what the jumps that were found may hide.
    absolute
        The same, absolute, in units of the target; added to the relative one.
    budget
        Most gradients on one path.
    rule
        ``"adaptive"``, or with `steps` a fixed rule: ``"clenshaw-curtis"``, ``"midpoint"``,
        ``"gauss-legendre"``, ``"trapezoid"``.
    steps
        The number of gradients on each path, with a fixed rule. Of one estimate no change is known:
        there a path has converged if it is complete to `tolerance`.
    tokens
        Particles in a chunk of work; left out, what suits the device.
    """

    complete: ClassVar[bool] = True

    baseline: str | Mapping[str, Any] | JetBatch | Baseline = "zero"
    hold: str | Sequence[str] = ()
    tolerance: float = 2e-3
    absolute: float = 1e-5
    budget: int = 1025
    rule: str = ADAPTIVE
    steps: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("tolerance", "absolute", "budget", "steps", "tokens"):
            value = getattr(self, name)
            whole = name not in ("tolerance", "absolute")
            if value is not None and not isinstance(value, int if whole else int | float):
                kind = "a whole number" if whole else "a number"
                raise BadValueError(f"{name}={value!r}: expected {kind}")
        if not self.tolerance > 0 or not self.absolute >= 0:
            raise BadValueError(
                f"tolerance={self.tolerance}, absolute={self.absolute}: expected positive numbers"
            )
        known = (ADAPTIVE, *FAMILIES)
        if self.rule not in known:
            raise BadValueError(f"unknown rule {self.rule!r}: {expected(self.rule, known)}")
        if self.steps is None and self.rule != ADAPTIVE:
            raise BadValueError(f"rule={self.rule!r} needs steps=, the number of gradients a path")
        if self.steps is not None:
            self._fixed()
        if self.budget < _COARSEST:
            raise BadValueError(f"budget={self.budget}: expected at least {_COARSEST}")
        choose(self.baseline)

    def _fixed(self) -> Rule:
        assert self.steps is not None
        return fixed("midpoint" if self.rule == ADAPTIVE else self.rule, self.steps)

    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Integrate along every path, a block of jets at a time."""
        references = choose(self.baseline).references(
            tagger, packed, context.batch, context.batch if context.pool is None else context.pool
        )
        frozen = held(self.hold, tagger)
        blocks = []
        paths = Paths(tagger, target, packed, chosen, references, frozen, self.tokens)
        for jets in paths.blocks():
            block = paths.open(jets)
            if self.steps is not None:
                every = block.integrate(self._fixed(), tolerance=0, absolute=0)
                asked = block.allowed(every, self.tolerance, self.absolute)
                block.converged = block.gaps(every).abs() <= asked
            else:
                self._adapt(block)
            blocks.append(block.close())
        return paths.join(blocks)

    def _adapt(self, block: Block) -> None:
        smooth = nested(_COARSEST, min(self.budget, _FINEST))
        slow = block.integrate(smooth, self.tolerance, self.absolute)
        bisect(block, slow, self.tolerance, self.absolute, self.budget)


_COARSEST, _FINEST = 5, 257  # nodes of the Clenshaw-Curtis rules
