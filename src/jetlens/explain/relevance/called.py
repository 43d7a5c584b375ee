"""A function as a module called it: its name, and the tensor that it writes into."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_ALIASES = {"axis": "dim", "keepdims": "keepdim"}
_AUGMENTED: dict[str, Callable[..., Any]] = {
    "__iadd__": torch.add,
    "__isub__": torch.sub,
    "__imul__": torch.mul,
    "__itruediv__": torch.div,
    "__ipow__": torch.pow,
}


@dataclass(frozen=True)
class Called:
    """A call of a function.

    Attributes
    ----------
    name
        Of the function that gives a new tensor, where there is one.
    into
        The tensor that the function was to write into, if it was.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    into: Any = None


def called(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Called:
    """Return a call in the usual words, and without writing."""
    kwargs = {_ALIASES.get(k, k): v for k, v in kwargs.items()}
    name = _name(function)
    if name.endswith("_") and not name.endswith("__") and name != "requires_grad_":
        plain = name[:-1]
        new = getattr(torch, plain, getattr(Tensor, plain, function))
        return Called(plain, new, args, kwargs, args[0] if args else None)
    if name in _AUGMENTED or name == "__setitem__":
        new = _AUGMENTED.get(name, function)
        return Called(_name(new), new, args, kwargs, args[0])
    if takes_inplace(function):
        bound = inspect.signature(function).bind(*args, **kwargs)
        into = args[0] if bound.arguments.get("inplace") else None
        bound.arguments["inplace"] = False
        return Called(name, function, bound.args, bound.kwargs, into)
    return Called(name, function, args, kwargs)


def _name(function: Callable[..., Any]) -> str:
    name: str = getattr(function, "__name__", type(function).__name__)
    if name == "__get__":
        name = getattr(function.__self__, "__name__", name)  # type: ignore[attr-defined]
    return name


@functools.cache
def takes_inplace(function: Callable[..., Any]) -> bool:
    """Whether a function can be told to write into its input."""
    if not inspect.isfunction(function):
        return False
    return "inplace" in inspect.signature(function, follow_wrapped=False).parameters
