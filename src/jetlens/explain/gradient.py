"""The gradient of the score with respect to the inputs, and gradient times input.

References
----------
Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", arXiv:1312.6034; Shrikumar,
Greenside and Kundaje, arXiv:1704.02685 (gradient times input).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from jetlens.core.errors import BadValueError, expected
from jetlens.core.registry import explainers
from jetlens.explain.base import Choose, Context, OnePassExplainer, Scores
from jetlens.explain.shared.slopes import SlopeExplainer, all_slopes
from jetlens.explain.shared.spread import spreads_of, told_by
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions

INPUT, SPREAD, PHYSICAL = UNITS = ("input", "spread", "physical")
"""What a gradient is per: a scaled input, the spread of a feature, or the feature's own unit."""


@explainers.register("gradient")
@dataclass(frozen=True, kw_only=True)
class Gradient(SlopeExplainer):
    """d score / d input: how fast the score rises with each input.

    Parameters
    ----------
    unit
        What it is per. ``"input"``: the tagger's scaled input. ``"spread"``: one spread of the
        feature among the reference jets (standard deviation of the scaled input over real
        particles); without reference jets one scaled input, and of a tagger that does not scale
        the spread among the jets themselves, ten or more. ``"physical"``: the feature's own unit
        (GeV, ...), through the scaling; zero where a limit or floor of the scaling holds the value.
    """

    unit: str = INPUT

    def __post_init__(self) -> None:
        check_unit(self.unit)

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Return the gradient in the unit that is asked for."""
        said, chosen, found = super().found(tagger, packed, target, context)
        return said, chosen, in_unit(self.unit, found, tagger, packed, context)


@explainers.register("gradient-times-input")
@dataclass(frozen=True, kw_only=True)
class GradientTimesInput(OnePassExplainer):
    """The gradient of the score times the scaled input.

    For a network without biases whose activations are piecewise linear (ReLU), the scores add up
    to the logit; for others they need not.
    """

    def run(
        self, tagger: Tagger, packed: Packed, target: Target, choose: Choose
    ) -> tuple[Scores, Tensor]:
        """Return the products, and what the tagger says."""
        found, said = all_slopes(tagger, packed, target, choose)
        return Scores({name: found[name] * packed.inputs[name] for name in found}), said


def check_unit(unit: str) -> None:
    """Refuse a unit that there is none of.

    Raises
    ------
    BadValueError
        The message says which there are.
    """
    if unit not in UNITS:
        raise BadValueError(f"unit={unit!r}: {expected(str(unit), UNITS)}")


def in_unit(unit: str, found: Scores, tagger: Tagger, packed: Packed, context: Context) -> Scores:
    """Return gradients of packed jets, which are per scaled input, in another unit."""
    if unit == INPUT:
        return found
    if unit == SPREAD:
        factors = spreads(tagger, packed, context)
        said = f"per spread of the feature {told_by(tagger, context.pool)}"
    else:
        factors = _rates(tagger, packed, context)
        said = "per unit of the feature"
    scores = {name: values * factors[name] for name, values in found.scores.items()}
    return replace(found, scores=scores, attrs={**found.attrs, "scores": said})


def spreads(tagger: Tagger, packed: Packed, context: Context) -> Inputs:
    """Return the features' spreads, to go with the packed inputs (see `spreads_of`)."""
    measured = spreads_of(tagger, context.batch, context.pool)
    return {name: beside(packed.inputs[name], values) for name, values in measured.items()}


def beside(inputs: Tensor, values: np.ndarray) -> Tensor:
    """Return numbers ``[feature]`` in a shape that goes with inputs of a collection."""
    found = torch.as_tensor(values).to(inputs)
    return found[:, None, None] if inputs.ndim == 4 else found


def _rates(tagger: Tagger, packed: Packed, context: Context) -> Inputs:
    """Return d input / d feature of the packed jets."""
    found = {}
    for name, features in tagger.inputs.items():
        collection = context.batch[name]
        axis = collection.feature_axis
        values = np.take(collection.values, collection.positions(features), axis=axis)
        rates = tagger.scaling.slopes(np.moveaxis(values, axis, -1), name, features)
        rates = np.ascontiguousarray(np.moveaxis(rates, -1, axis))
        found[name] = packed.arranged(name, torch.as_tensor(rates).to(packed.inputs[name]))
    return found
