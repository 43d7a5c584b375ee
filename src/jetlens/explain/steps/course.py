"""Where jets come to that follow the gradient of what is explained.

A step of a jet x is x' = x + scale * s, with s the gradient in the tagger's scaled inputs, perhaps
normalised. It is taken on physical values, which the constraints act on; scaled again, these are
what the tagger is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.explain.base import Context
from jetlens.explain.gradient import beside, spreads
from jetlens.explain.steps.constraints import Constraints
from jetlens.explain.steps.free import free, held_names, roles_of
from jetlens.explain.steps.limits import limits
from jetlens.explain.targets import Target
from jetlens.physics.roles import Declared
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed

Floats = NDArray[np.float64]
Values = dict[str, Floats]
"""Physical values by collection, features (or channels) first: ``[feature, jet, particle]``,
``[feature, jet]`` or ``[channel, jet, y, x]``."""

RAW, SPREAD, UNIT = NORMALISATIONS = ("raw", "spread", "unit")


class Course:
    """Where packed jets go: what moves, in which direction, and under which constraints.

    Parameters
    ----------
    tagger, packed, context
        The jets.
    target, chosen, gradient
        What rises along the course, the class of each packed jet that it is of, and its gradient.
    moves
        ``[jet]``, which of the packed jets are moved at all.
    declared
        What features are, instead of what their names tell.

    The other parameters are those of `StepExplainer`.
    """

    def __init__(
        self,
        tagger: Tagger,
        packed: Packed,
        context: Context,
        target: Target,
        chosen: Tensor,
        gradient: Mapping[str, Tensor],
        *,
        normalise: str,
        last: float,
        steps: int,
        constraints: Constraints,
        hold: str | Sequence[str],
        moves: NDArray[np.bool_],
        declared: Declared | None = None,
    ) -> None:
        self.tagger, self.packed, self.target, self.chosen = tagger, packed, target, chosen
        self.context, self.batch, self.normalise = context, context.batch, normalise
        self.stride, self.steps, self.constraints = last / steps, steps, constraints
        self.moves = moves
        self.roles = roles_of(tagger, self.batch, declared)
        switches = constraints.keep_discrete, constraints.on_shell
        self.loose = free(tagger, self.batch, hold, *switches, declared)
        self.held = held_names(tagger, hold)
        self.spread = None if normalise == RAW else spreads(tagger, packed, context)
        self.scores = self.normalised(gradient)
        self.names = {name: self._names(name) for name in tagger.inputs}
        self.limits = {
            name: limits(name, self.roles[name], inputs, constraints.inside, context)
            for name, inputs in tagger.inputs.items()
        }
        self.values = {
            name: packed.arranged(name, torch.as_tensor(self._physical(name))).numpy()
            for name in tagger.inputs
        }

    def _names(self, name: str) -> tuple[str, ...]:
        """Return the tagger's features, and others that constraints are about."""
        inputs, role = self.tagger.inputs[name], self.roles[name]
        if not self.batch[name].is_sequence:
            return inputs
        about = (
            *(role.pt, role.energy, role.mass, role.m2, role.eta, role.charge),
            *(role.angles or ()),
            *(role.components or ()),
        )
        return (*inputs, *(n for n in about if n is not None and n not in inputs))

    def _physical(self, name: str) -> Floats:
        collection = self.batch[name]
        where = collection.positions(self.names[name])
        return np.take(collection.values, where, axis=collection.feature_axis).astype(np.float64)

    def normalised(self, gradient: Mapping[str, Tensor]) -> Inputs:
        """Return gradients of jets, normalised as is asked for."""
        if self.spread is None:
            return dict(gradient)
        found = {name: values * self.spread[name] for name, values in gradient.items()}
        if self.normalise == UNIT:
            moving = [v * beside(v, self.loose[n]) for n, v in found.items()]
            parts = [v.square().flatten(1).sum(1) for v in moving]
            length = torch.stack(parts).sum(0).sqrt()
            length = torch.where(length > 0, length, 1)
            found = {n: v / length.view(-1, *[1] * (v.ndim - 1)) for n, v in found.items()}
        return found

    def ways(self, scores: Inputs) -> Values:
        """Return how far normalised gradients move the scaled inputs for a scale of one."""
        spread = self.spread
        moved = scores if spread is None else {n: v * spread[n] for n, v in scores.items()}
        return {n: features_first(v.double().cpu().numpy()) for n, v in moved.items()}


def features_first(values: Floats) -> Floats:
    """Bring the axis of features (or channels) to the front."""
    found: Floats = np.ascontiguousarray(np.moveaxis(values, 1 if values.ndim == 4 else -1, 0))
    return found


def features_back(values: Floats) -> Floats:
    """Bring the axis of features (or channels) from the front to where it belongs."""
    return np.moveaxis(values, 0, 1 if values.ndim == 4 else -1)
