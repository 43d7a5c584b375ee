"""What pydantic finds wrong with a table, in one message for the person who wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from jetlens.core.errors import expected


def told(error: ValidationError, root: type[BaseModel]) -> str:
    """Name the first key that is wrong, and what was expected there.

    Parameters
    ----------
    error
        What was raised.
    root
        The model of the whole table.
    """
    first = error.errors(include_url=False)[0]
    steps = [str(s) for s in first["loc"]]
    key = ".".join(steps)
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r}: {expected(steps[-1], keys(root, steps[:-1]))}"
    if first["type"] == "missing":
        return f"{key} is missing"
    least = first.get("ctx", {}).get("ge")
    if least is not None:
        return f"{key} = {first['input']!r}: expected {least} or more"
    said = str(first["msg"]).removeprefix("Value error, ")
    if not key:  # of the table as a whole, which is not to be printed
        return said
    if first["type"] == "value_error" and not said.startswith("expected "):
        return f"{key}: {said}"
    message = said.removeprefix("Input ").removeprefix("should be ").removeprefix("expected ")
    return f"{key} = {first['input']!r}: expected {message}"


def keys(root: type[BaseModel], steps: Sequence[str]) -> list[str]:
    """Return the keys of the table that a path leads to, through tables of tables, too."""
    here: Any = root
    for step in steps:
        model = _model(here)
        here = _inside(here) if model is None else model.model_fields[step].annotation
    found = _model(here)
    return [] if found is None else list(found.model_fields)


def _model(kind: Any) -> type[BaseModel] | None:
    """Return the model that an annotation is, perhaps annotated, or left out (``| None``)."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if _is_table(kind):
        return None
    return next((m for m in map(_model, get_args(kind)) if m is not None), None)


def _inside(kind: Any) -> Any:
    """Return what the values of a table of tables are."""
    if _is_table(kind):
        return get_args(kind)[1]
    return next((_inside(a) for a in get_args(kind) if _inside(a) is not None), None)


def _is_table(kind: Any) -> bool:
    return get_origin(kind) in (dict, Mapping)
