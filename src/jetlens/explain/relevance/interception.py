"""Every function of a forward pass is intercepted and given its rule, or refused by name."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from jetlens.core.errors import JetlensError, UnsupportedError
from jetlens.explain.passes.running import where
from jetlens.explain.relevance.called import called
from jetlens.explain.relevance.functions.indices import read
from jetlens.explain.relevance.functions.movement import move
from jetlens.explain.relevance.ledger import Ledger
from jetlens.explain.relevance.memory import (
    detach,
    latest,
    reshaped,
    without_its_relevance,
    written,
)
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.signal import Signal, mark, signal
from jetlens.explain.relevance.table import HANDLERS, near


class Interception(TorchFunctionMode):
    """One forward pass of some jets, its functions intercepted.

    Functions of constants, and those whose outputs cannot carry relevance (comparisons, positions),
    are let through. A function that writes into a tensor gives a new one, which then stands for the
    old one wherever it is used.

    Attributes
    ----------
    plan
        The rules.
    ledger
        What is absorbed on the way back.
    sinks
        Constants that were joined to the signal: the layer, the leaf, and whose each number is.
    inside
        The kind of function that is being re-expressed by others, if one is.
    """

    def __init__(self, plan: Plan, jets: int, device: torch.device) -> None:
        super().__init__()
        self.plan = plan
        self.ledger = Ledger(torch.arange(jets, device=device))
        self.sinks: list[tuple[str, Tensor, Tensor]] = []
        self.inside: tuple[str, ...] = ()
        self._scope: str | None = None
        self._met: Counter[str] = Counter()

    def open(self, values: Tensor, bounds: tuple[Tensor, Tensor] | None) -> Tensor:
        """Return inputs ``[jet, ...]`` as a tensor that carries relevance."""
        leaf = values.detach().requires_grad_()
        shape = (-1,) + (1,) * (values.ndim - 1)
        jets = self.ledger.numbers.view(shape).expand(values.shape)
        low = bool((values >= 0).all())
        return mark(leaf, Signal(jets, nonnegative=low, bounds=bounds))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Give a function its rule."""
        args, kwargs = self.current(args), {k: self.current(v) for k, v in (kwargs or {}).items()}
        call = called(func, args, kwargs)
        name, into = call.name, call.into
        if name == "requires_grad_" or not any(True for _ in _signals((args, kwargs))):
            if into is not None and without_its_relevance(into):
                raise self.refusal(name, "writes into numbers that were detached from the signal")
            out = read(self, name, func, args, kwargs)
            self._seen(name, out)
            return out
        self._seen(name, (args, kwargs))
        if func in _DIFFERENTIATES:
            raise self.refusal(f"autograd.{name}", _WITHIN)
        if not torch.is_grad_enabled():  # what it makes is a constant, as for gradients
            if into is not None:
                raise self.refusal(name, "writes into a tensor while gradients are switched off")
            return func(*args, **kwargs)
        handler = HANDLERS.get(name)
        if handler is None and into is not None:
            raise self.refusal(name)
        try:
            out = (handler or _plainly)(self, call.function, *call.args, **call.kwargs)
            if into is not None:
                renamed = handler in (move, detach)
                out = reshaped(into, out) if renamed else written(self, name, into, out, args)
        except (JetlensError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise self.refusal(name, f"cannot be propagated through as used: {error}") from error
        if handler is None and any(t.requires_grad for t in _tensors(out)):
            raise self.refusal(name)
        return out

    def current(self, value: Any) -> Any:
        """Replace tensors that were written into by what they are now."""
        if isinstance(value, Tensor):
            return latest(self, value)
        if type(value) in (tuple, list):
            return type(value)(self.current(v) for v in value)
        return value

    def _seen(self, name: str, given: Any) -> None:
        """Refuse numbers that come from the inputs by functions that are not intercepted."""
        if any(unseen(t) for t in _tensors(given)):
            raise self.refusal(name, f"takes numbers {UNSEEN}")

    def constant(self, value: Tensor, jets: Tensor, layer: str) -> Tensor:
        """Let a constant join the signal: the relevance that it gets is absorbed."""
        leaf = value.detach().requires_grad_()
        self.sinks.append((layer, leaf, jets))
        return mark(leaf, Signal(jets, bounds=(leaf.detach(), leaf.detach())))

    def layer(self, name: str, *weights: Any) -> str:
        """Return what a layer is called: its module's path, or the function and its number."""
        if self._scope is not None:
            return self._scope
        for weight in weights:
            path = self.plan.path(weight) if isinstance(weight, Tensor) else None
            if path is not None:
                name = path or type(self.plan.module).__name__
                break
        else:
            self._met[name] += 1
            name = f"{name}-{self._met[name]}"
        self.plan.layers.setdefault(name)
        return name

    @contextlib.contextmanager
    def within(self, kind: str, weight: Tensor | None) -> Iterator[None]:
        """Re-express a function by functions that have rules, as one layer of its own kind."""
        scope, inside = self._scope, self.inside
        self._scope, self.inside = self.layer(kind, weight), (kind,)
        try:
            with self:
                yield
        finally:
            self._scope, self.inside = scope, inside

    def refusal(self, name: str, why: str | None = None) -> UnsupportedError:
        """Return the error for a function that relevance cannot be propagated through."""
        place = where(self.plan.module)
        if why is not None:
            return UnsupportedError(f"function {name!r}{place} {why}")
        alike = near(name)
        hint = f" (there is one for {', '.join(alike)})" if alike else ""
        return UnsupportedError(
            f"function {name!r}{place} has no rule of relevance propagation{hint}: write it with "
            "functions that have one (docs/lrp.md lists them), keep it apart from what depends on "
            "the inputs, or explain the tagger with 'integrated-gradients'"
        )


UNSEEN = (
    "that depend on the inputs by functions that cannot be seen (TorchScript, an "
    "autograd.Function, an extension): hand over the module as it is written in Python"
)


def unseen(tensor: Tensor) -> bool:
    """Whether a tensor depends on the inputs by functions that were not intercepted."""
    return tensor.grad_fn is not None and signal(tensor) is None


def _plainly(run: Interception, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


_DIFFERENTIATES = (torch.autograd.grad, torch.autograd.backward, Tensor.backward)
_WITHIN = (
    "takes a gradient within the forward pass, and relevance has no rule through it: make that "
    "quantity an input of the tagger, detach it, or explain with 'integrated-gradients'"
)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for v in value:
            yield from _tensors(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from _tensors(v)


def _signals(value: Any) -> Iterator[Tensor]:
    return (t for t in _tensors(value) if signal(t) is not None)
