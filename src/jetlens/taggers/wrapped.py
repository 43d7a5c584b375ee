"""Taggers of anyone's: any `torch.nn.Module`, with names for what goes in and comes out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from jetlens.core.errors import BadValueError
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger

Call = Callable[[nn.Module, Inputs, Inputs], Tensor]


class Wrapped(Tagger):
    """Somebody's module, called in its own way."""

    trims = None

    def __init__(
        self,
        module: nn.Module,
        inputs: Mapping[str, Iterable[str]],
        classes: Iterable[str],
        call: Call | None,
        scaling: Scaling | None,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.module = module
        self.call = call

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Call the module and check that it gives ``[jet, class]``."""
        if self.call is None:
            logits: Any = self.module(inputs, masks)
        else:
            logits = self.call(self.module, inputs, masks)
        jets = len(next(iter(inputs.values())))
        if not isinstance(logits, Tensor) or logits.shape != (jets, len(self.classes)):
            got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise BadValueError(
                f"{type(self.module).__name__} returned {got}: expected logits of shape "
                f"({jets}, {len(self.classes)}) for {jets} jets and classes {list(self.classes)}"
            )
        return logits


def wrap(
    module: nn.Module,
    inputs: Mapping[str, Iterable[str]],
    classes: Iterable[str],
    call: Call | None = None,
    *,
    scaling: Scaling | Mapping[str, Mapping[str, Any]] | None = None,
) -> Tagger:
    """Make a tagger of any `torch.nn.Module`.

    Parameters
    ----------
    module
        The network. It is used, not copied or changed.
    inputs
        Feature names by collection, in the order in which the module takes them.
    classes
        The names of its outputs, in order.
    call
        How to call it: ``call(module, inputs, masks)``. Left out, ``module(inputs, masks)``. A
        module that takes one tensor is ``lambda m, inputs, masks: m(inputs["image"])``.
    scaling
        Means and standard deviations by collection and feature,
        ``{"tracks": {"d0": (0.0, 0.1)}}``, or in the form of Salt's ``norm_dict.yaml``,
        ``{"tracks": {"d0": {"mean": 0.0, "std": 0.1}}}``. Inputs that are not named stay as they
        are; left out, the module takes physical values.

    Raises
    ------
    BadValueError
        If it is no module, cannot be called so, or names and scaling are not of these forms.
    UnknownNameError
        If a name of the scaling is no input.
    """
    if not isinstance(module, nn.Module):
        raise BadValueError(f"expected a torch.nn.Module, not {type(module).__name__}")
    if scaling is not None and not isinstance(scaling, Scaling):
        scaling = Scaling(scaling)
    if call is None:
        _check_call(module)
    return Wrapped(module, inputs, classes, call, scaling)


def _check_call(module: nn.Module) -> None:
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):  # a compiled module may not tell
        return
    try:
        signature.bind({}, {})
    except TypeError:
        raise BadValueError(
            f"{type(module).__name__}.forward{signature} does not take (inputs, masks): say how to "
            'call it, as in call=lambda m, inputs, masks: m(inputs["image"])'
        ) from None
