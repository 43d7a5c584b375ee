"""Rules of propagation by the name of a function."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, TypeVar

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)

HANDLERS: dict[str, Handler] = {}
"""``handler(run, function, *args, **kwargs)`` returns what the function returns."""


def rule_of(*names: str) -> Callable[[H], H]:
    """Enter the decorated handler for the functions of these names."""

    def enter(handler: H) -> H:
        for name in names:
            assert name not in HANDLERS, f"{name} has two rules"
            HANDLERS[name] = handler
        return handler

    return enter


def near(name: str) -> list[str]:
    """Return names of functions with a rule that are spelt alike."""
    public = [n for n in HANDLERS if not n.startswith("_")]
    return difflib.get_close_matches(name.strip("_"), public, n=3, cutoff=0.6)
