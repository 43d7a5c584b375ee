"""Every function of a forward pass is intercepted and given its rule, or refused by name."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from jetlens.core.errors import JetlensError, UnsupportedError
from jetlens.explain.relevance.indices import read
from jetlens.explain.relevance.ledger import Ledger
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import HANDLERS, near
from jetlens.explain.running import where

_NOW = "jetlens_now"


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
        args, kwargs = _current(args), {k: _current(v) for k, v in (kwargs or {}).items()}
        for alias, usual in _ALIASES.items():
            if alias in kwargs:
                kwargs[usual] = kwargs.pop(alias)
        name, into = _name(func), None
        if name == "requires_grad_" or not any(True for _ in _signals((args, kwargs))):
            out = read(self, name, func, args, kwargs)
            self._seen(name, out)
            return out
        self._seen(name, (args, kwargs))
        if name.endswith("_") and not name.endswith("__"):
            name, into = name[:-1], args[0]
            func = getattr(torch, name, getattr(Tensor, name, func))
        elif name in _AUGMENTED or name == "__setitem__":
            into = args[0]
            func = _AUGMENTED.get(name, func)
            name = _name(func)
        elif takes_inplace(func):
            bound = inspect.signature(func).bind(*args, **kwargs)
            if bound.arguments.get("inplace"):
                into, bound.arguments["inplace"] = args[0], False
            args, kwargs = bound.args, bound.kwargs
        about = signal(into)
        if into is not None and (into._is_view() if about is None else about.view):
            raise self.refusal(name, "writes into memory that another tensor has too")
        if not torch.is_grad_enabled():  # what it makes is a constant, as for gradients
            if into is not None:
                raise self.refusal(name, "writes into a tensor while gradients are switched off")
            return func(*args, **kwargs)
        handler = HANDLERS.get(name)
        if handler is None and into is not None:
            raise self.refusal(name)
        try:
            out = (handler or _plainly)(self, func, *args, **kwargs)
        except (JetlensError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise self.refusal(name, f"cannot be propagated through as used: {error}") from error
        if handler is None and any(t.requires_grad for t in _tensors(out)):
            raise self.refusal(name)
        if into is not None:
            setattr(into, _NOW, out)
        return out

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


_ALIASES = {"axis": "dim", "keepdims": "keepdim"}
_AUGMENTED: dict[str, Callable[..., Any]] = {
    "__iadd__": torch.add,
    "__isub__": torch.sub,
    "__imul__": torch.mul,
    "__itruediv__": torch.div,
}


def _name(func: Callable[..., Any]) -> str:
    name: str = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        name = getattr(func.__self__, "__name__", name)  # type: ignore[attr-defined]
    return name


@functools.cache
def takes_inplace(func: Callable[..., Any]) -> bool:
    """Whether a function can be told to write into its input."""
    if not inspect.isfunction(func):
        return False
    return "inplace" in inspect.signature(func, follow_wrapped=False).parameters


def _current(value: Any) -> Any:
    """Replace tensors that were written into by what they are now."""
    if isinstance(value, Tensor):
        while hasattr(value, _NOW):
            value = getattr(value, _NOW)
        return value
    if type(value) in (tuple, list):
        return type(value)(_current(v) for v in value)
    return value


latest = _current


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


def carried(out: Tensor, source: Tensor, **changes: Any) -> Tensor:
    """Mark an output as carrying what `source` carried, number by number."""
    about = known(source)
    if about.jets.shape != out.shape:
        changes["jets"] = about.jets.expand(out.shape)
    return mark(out, replace(about.plain(), **changes))
