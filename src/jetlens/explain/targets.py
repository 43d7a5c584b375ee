"""What is explained: one number a jet, made from the tagger's outputs.

A target is a class (its logit, probability or log odds), ``"predicted"``, ``"label"``, ``"other"``
(the likeliest class but the predicted one), an expression of class probabilities such as
``"log(b/(0.018*c+0.982*u))"``, or an auxiliary output such as ``"tracks.origin=from_b"``, summed
over the jet's particles.
Expressions are parsed (`expressions`), never evaluated as code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.explain.expressions import parse
from jetlens.taggers.base import Inputs, Tagger

PREDICTED, LABEL, OTHER = "predicted", "label", "other"
LOGIT, PROBABILITY, LOG_ODDS = OF = ("logit", "probability", "log-odds")
EXPRESSION = "expression"
"""What an expression is of: nothing but itself."""


@dataclass(frozen=True)
class Target:
    """A target, resolved against a tagger's classes and tasks.

    Attributes
    ----------
    text
        As it was asked for.
    of
        ``"logit"``, ``"probability"`` or ``"log-odds"`` of a class, of the jet or of an auxiliary
        output's particles; ``"expression"`` where the text says all.
    value
        ``value(outputs, masks, chosen) -> [jet]``, differentiable: one number a jet, made of what
        `outputs` returns; `chosen` is the position of each jet's class where the target is one.
    fixed
        The position of the one class that is meant, or None.
    task
        The auxiliary output that is meant, or None for the logits.
    """

    text: str
    of: str
    value: Callable[[Tensor, Inputs, Tensor], Tensor]
    fixed: int | None = None
    task: str | None = None

    def outputs(self, tagger: Tagger, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return what the tagger says: logits ``[jet, class]``, or an auxiliary output."""
        if self.task is None:
            logits: Tensor = tagger(inputs, masks)
            return logits
        return tagger.outputs(inputs, masks)[self.task]

    def score(self, tagger: Tagger, inputs: Inputs, masks: Inputs, chosen: Tensor) -> Tensor:
        """Return the number ``[jet]`` that is explained, differentiable."""
        return self.value(self.outputs(tagger, inputs, masks), masks, chosen)

    def chosen(self, logits: Tensor, label: NDArray[np.int64]) -> Tensor:
        """Return each jet's class ``[jet]``, -1 where an expression is explained.

        Raises
        ------
        BadValueError
            If the label is asked for and a jet has none.
        UnsupportedError
            If another class is asked for and there is none.
        """
        if self.text == PREDICTED:
            return logits.argmax(-1)
        if self.text == OTHER:
            if logits.shape[-1] < 2:
                raise UnsupportedError(f"target {OTHER!r}: the tagger has one class alone")
            best = logits.argmax(-1, keepdim=True)
            return logits.scatter(-1, best, -torch.inf).argmax(-1)
        if self.text == LABEL:
            if (label < 0).any():
                row = int(np.flatnonzero(label < 0)[0])
                raise BadValueError(
                    f"target 'label': jet {row} of the batch has no label among the tagger's "
                    f"classes ({int((label < 0).sum())} such jets); explain 'predicted' instead"
                )
            return torch.as_tensor(label, device=logits.device)
        return torch.full((len(logits),), -1 if self.fixed is None else self.fixed).to(
            logits.device
        )


def resolve(text: str, tagger: Tagger, of: str = LOGIT) -> Target:
    """Understand a target.

    Raises
    ------
    UnknownNameError
        If it names no class or task of the tagger.
    BadValueError
        If it is no text, or an expression that cannot be understood.
    """
    if of not in OF:
        raise UnknownNameError("kind of output (of=)", of, OF)
    classes = tagger.classes
    if not isinstance(text, str):
        raise BadValueError(
            f"target={text!r}: expected the name of a class ({', '.join(classes)}), "
            f"{PREDICTED!r}, {LABEL!r}, {OTHER!r}, an expression or an auxiliary output"
        )
    if text in (PREDICTED, LABEL, OTHER):
        return Target(text, of, _class_value(of))
    if text in classes:
        return Target(text, of, _class_value(of), classes.index(text))
    if "=" in text and "." in text.partition("=")[0]:
        return Target(text, of, _task_value(text, tagger, of), task=text.partition("=")[0])
    if text.replace("_", "").isalnum():  # a name alone, not an expression
        raise UnknownNameError("target", text, [PREDICTED, LABEL, OTHER, *classes])
    expression = parse(text, classes)

    def value(logits: Tensor, masks: Inputs, chosen: Tensor) -> Tensor:
        return expression(logits)

    return Target(text, EXPRESSION, value)


def _class_value(of: str) -> Callable[[Tensor, Inputs, Tensor], Tensor]:
    def value(logits: Tensor, masks: Inputs, chosen: Tensor) -> Tensor:
        return _told(logits, chosen[:, None], of)

    return value


def _told(logits: Tensor, chosen: Tensor, of: str) -> Tensor:
    """Return what is explained of the classes ``[..., 1]`` that are chosen, ``[...]``.

    What is added to all logits, which cross-entropy never trains, is in a logit and not in its log
    odds, ln p / (1 - p): a logit less the logarithm of the summed exponentials of the others.
    One logit alone is taken for log odds itself.
    """
    values = logits.softmax(-1) if of == PROBABILITY else logits
    picked: Tensor = values.gather(-1, chosen)[..., 0]
    if of != LOG_ODDS or logits.shape[-1] == 1:
        return picked
    return picked - logits.scatter(-1, chosen, -torch.inf).logsumexp(-1)


def _task_value(text: str, tagger: Tagger, of: str) -> Callable[[Tensor, Inputs, Tensor], Tensor]:
    task, _, wanted = text.partition("=")
    with_classes = {k: v for k, v in tagger.tasks.items() if v}
    if task not in with_classes:
        raise UnknownNameError("auxiliary output", task, with_classes)
    if wanted not in with_classes[task]:
        raise UnknownNameError(f"class of {task}", wanted, with_classes[task])
    where = with_classes[task].index(wanted)
    name = task.partition(".")[0]

    def value(found: Tensor, masks: Inputs, chosen: Tensor) -> Tensor:
        chosen = torch.full_like(found[..., :1], where, dtype=torch.long)
        return _told(found, chosen, of).masked_fill(~masks[name], 0).sum(-1)

    return value
