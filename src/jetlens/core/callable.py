"""Subpackages that can be called: ``jetlens.explain(...)`` beside ``jetlens.explain.lrp``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    _entry: Callable[..., Any]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._entry(*arguments, **options)


def make_callable(module: str, entry: Callable[..., Any]) -> None:
    """Let calling the module mean calling `entry`, with its signature and documentation."""
    here: Any = sys.modules[module]
    here.__class__ = _CallableModule
    here._entry = entry
    here.__signature__ = inspect.signature(entry)
    here.__doc__ = entry.__doc__
