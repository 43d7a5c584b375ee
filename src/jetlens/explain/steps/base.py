"""What explainers that move jets have in common: their options, and what they hand back."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from jetlens.core.errors import BadValueError, UnsupportedError, expected
from jetlens.core.moves import ALL, Move, check_move, misclassified, selected
from jetlens.explain.base import Context, Scores
from jetlens.explain.shared.slopes import SlopeExplainer
from jetlens.explain.shared.spread import told_by
from jetlens.explain.steps.constraints import constraints
from jetlens.explain.steps.course import NORMALISATIONS, RAW, Course
from jetlens.explain.steps.needs import check_needs, idle
from jetlens.explain.targets import LABEL, OTHER, PREDICTED, Target, resolve
from jetlens.physics.roles import Roles, check_declared
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions

_SAID = {
    "raw": "gradient in the tagger's scaled inputs",
    "spread": "gradient per spread of the feature {}",
    "unit": "gradient per spread of the feature {}, of length one in a jet",
}


@dataclass(frozen=True, kw_only=True)
class StepExplainer(SlopeExplainer):
    """An explainer that moves jets along the gradient: x' = x + scale * gradient.

    Parameters
    ----------
    scales
        How far, rising from 0 or more. The gradient is taken once for all of them.
    normalise
        What is followed, and what a scale of one is. ``"raw"``: the gradient in the tagger's scaled
        inputs. ``"spread"``: the gradient per spread of each feature (as ``unit = "spread"`` of
        ``gradient`` has them), in spreads. ``"unit"``: its direction alone; scales are then lengths
        of the step in spreads.
    steps
        With more than one, the gradient is taken anew so many times, at equal distances up to the
        largest scale.
    toward
        What rises: ``"other"``, the likeliest class that is not the predicted one, or any other
        target (a class, ``"label"``, an expression). A `target` of the explanation that is not
        ``"predicted"`` is what rises, and leaves `toward` no choice.
    move
        Which jets are moved: ``"all"``, those that are tagged ``"wrong"``, or a table of classes,
        such as ``{"label": "gluon", "predicted": "quark"}``, of which either may be left out or be
        a list. Where all of them are misclassified, by ``"wrong"`` or by labels and predictions
        that share no class, they go toward their label if nothing else is said. Of the other jets,
        what moving gives is NaN; where it is the label that rises, jets without one have no
        gradient and no target either.
    constraints
        What keeps moved jets jets, and their settings: ``positive_pt``, ``inside`` (true, false, or
        a radius), ``causal``, ``keep_discrete``, ``on_shell``, ``recentre`` are on, ``fixed_pt``
        and ``grid`` (hits stay in the middle of cells) are off; ``radius``, the jets', is what
        counts as outside with ``inside`` off, too. The attribute ``idle`` of what comes back tells,
        as JSON, which of those that are on have nothing, or not all, to act on, and why: no feature
        is of that kind, none is an input, or all of them are held.
    hold
        Features that are not to move: ``"feature"`` or ``"collection.feature"``. No constraint
        moves them either.
    roles
        What features are, where their names do not tell, or tell wrongly: by role (``pt``,
        ``energy``, ``mass``, ``m2``, ``eta``; ``angles``, which are two; ``components`` of the
        momentum, which are three; ``positions``, ``time``; ``charge``; ``impact``, which are
        impact parameters; ``discrete``) the feature or features, ``""`` where none is. What the
        others were taken for is told by the attribute ``roles`` of what comes back.

    References
    ----------
    Szegedy et al., "Intriguing properties of neural networks", arXiv:1312.6199; Goodfellow, Shlens
    and Szegedy, arXiv:1412.6572.
    """

    at_once: ClassVar[int | None] = 512

    scales: Sequence[float] = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    normalise: str = RAW
    steps: int = 1
    toward: str = OTHER
    move: Move = ALL
    constraints: Mapping[str, bool | float] = field(default_factory=dict)
    hold: str | Sequence[str] = ()
    roles: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_scales(self.scales)
        if self.normalise not in NORMALISATIONS:
            raise BadValueError(
                f"normalise={self.normalise!r}: {expected(str(self.normalise), NORMALISATIONS)}"
            )
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise BadValueError(f"steps={self.steps!r}: expected a whole number, 1 or more")
        check_move(self.move)
        constraints(self.constraints)
        check_declared(self.roles)

    @abc.abstractmethod
    def follow(self, course: Course, said: Predictions) -> Scores:
        """Move the jets, of which the tagger says `said`, and return what comes of it."""

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Take the gradient of what is to rise, and follow it."""
        goal = self._goal(target, tagger)
        known = context.label >= 0
        passed = self.move != ALL and goal.text == LABEL and not known.all()
        # of a jet without a label any class will do: what is found of it is taken back below
        labelled = replace(context, label=np.maximum(context.label, 0)) if passed else context
        said, chosen, found = super().found(tagger, packed, goal, labelled)
        decided = said.logits.argmax(-1).cpu().numpy()
        moves = selected(self.move, tagger.classes, context.label, decided)
        course = Course(
            tagger,
            packed,
            context,
            goal,
            chosen[packed.rows],
            found.scores,
            normalise=self.normalise,
            last=float(self.scales[-1]),
            steps=self.steps,
            constraints=constraints(self.constraints),
            hold=self.hold,
            moves=(moves & known if passed else moves)[packed.rows.numpy()],
            declared=self.roles,
        )
        check_needs(self.constraints, course.roles)
        came = self.follow(course, said)
        scores = course.scores
        if passed:
            missing = torch.as_tensor(~known, device=chosen.device)
            chosen = chosen.masked_fill(missing, -1)
            own = missing[packed.rows]
            scores = {n: v.masked_fill(_beside(own, v), torch.nan) for n, v in scores.items()}
        followed = _SAID[self.normalise].format(told_by(tagger, context.pool))
        told = {"toward": goal.text, "of": goal.of, "scores": followed}
        told |= {"roles": _told(course.roles), "idle": json.dumps(idle(course))}
        return said, chosen, replace(came, scores=scores, attrs=told)

    def _goal(self, target: Target, tagger: Tagger) -> Target:
        """Return what is to rise.

        Raises
        ------
        UnsupportedError
            If `toward` and the target of the explanation both say what.
        """
        if target.text == PREDICTED:
            own = misclassified(self.move) and self.toward == OTHER
            toward = LABEL if own else self.toward
            return resolve(toward, tagger, target.of)
        if self.toward not in (OTHER, target.text):
            raise UnsupportedError(
                f"toward={self.toward!r} and target={target.text!r}: expected one of them to be "
                "left out"
            )
        return target


def _beside(jets: Tensor, values: Tensor) -> Tensor:
    """Return flags of jets in a shape that goes with values ``[jet, ...]``."""
    return jets.to(values.device).view(-1, *[1] * (values.ndim - 1))


def _told(roles: Mapping[str, Roles]) -> str:
    """Return what features are taken for, as JSON: by collection and role."""
    found = {}
    for name, role in roles.items():
        parts = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in role._asdict().items()}
        found[name] = {k: v for k, v in parts.items() if v}
    return json.dumps(found)


def check_scales(scales: Sequence[float]) -> None:
    """Refuse scales that do not rise from zero or more.

    Raises
    ------
    BadValueError
        The message says what was expected.
    """
    listed = list(scales) if isinstance(scales, Sequence | np.ndarray) else []
    numbers = all(isinstance(s, int | float | np.number) for s in listed)
    numbers &= not any(isinstance(s, bool) for s in listed)
    wanted = "expected numbers from 0 upwards, each above the one before, as in [0, 0.5, 1]"
    if not listed or not numbers:
        raise BadValueError(f"scales={scales!r}: {wanted}")
    if not (np.isfinite(listed).all() and listed[0] >= 0):
        bad = next(s for s in listed if not (np.isfinite(s) and s >= 0))
        raise BadValueError(f"scales={listed}: {bad} among them; {wanted}")
    if any(after <= before for before, after in pairwise(listed)):
        raise BadValueError(f"scales={listed}: {wanted}")
