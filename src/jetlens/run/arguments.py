"""Checks a recipe's arguments against the signature of what they are for."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from jetlens.core.errors import BadRecipeError, expected
from jetlens.core.registry import Registry, parameters

_STRICT = ConfigDict(strict=True, arbitrary_types_allowed=True)


def check(
    registry: Registry[Any],
    name: str,
    arguments: Mapping[str, Any],
    path: str,
    given: Iterable[str] = (),
    filled: Iterable[str] = (),
) -> dict[str, Any]:
    """Check a registered name and its arguments.

    Parameters
    ----------
    registry
        Where `name` is looked up.
    name, arguments
        As the recipe has them.
    path
        The place in the recipe, such as ``"explain.0"``.
    given
        Arguments that the run hands over itself; a recipe does not set them.
    filled
        Arguments that the run fills in where a recipe does not set them.

    Returns
    -------
    The arguments as the constructor takes them (tuples for lists).

    Raises
    ------
    BadRecipeError
        If the name or an argument is unknown, missing or of another type.
    """
    if name not in registry:
        raise BadRecipeError(
            f"{path}.use = {name!r}: unknown {registry.kind}; {expected(name, registry)}"
        )
    called = f"{registry.kind} {name!r}"
    return check_arguments(registry.get(name), called, arguments, path, given, filled)


def check_arguments(
    maker: Callable[..., Any],
    called: str,
    arguments: Mapping[str, Any],
    path: str,
    given: Iterable[str] = (),
    filled: Iterable[str] = (),
) -> dict[str, Any]:
    """Check the arguments of a class or function that messages call `called`; else as `check`."""
    known = {k: p for k, p in parameters(maker).items() if k not in set(given)}
    for key, value in arguments.items():
        if key not in known:
            raise BadRecipeError(
                f"{path}.{key} = {value!r}: {called} takes no {key!r}; {expected(key, known)}"
            )
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in {*arguments, *filled}:
            raise BadRecipeError(f"{path}.{key} is missing: {called} needs it")
    types = types_of(maker)
    return {k: _typed(types.get(k, Any), v, f"{path}.{k}") for k, v in arguments.items()}


def types_of(maker: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's arguments or of a class's constructor."""
    source: Any = maker
    if isinstance(maker, type) and not dataclasses.is_dataclass(maker):
        source = inspect.getattr_static(maker, "__init__")
    try:
        return typing.get_type_hints(source)
    except NameError:  # named for the type checker alone
        return {}


def _typed(annotation: Any, value: Any, path: str) -> Any:
    # JSON mode is strict about numbers and strings, but takes a list for a tuple, as TOML has none
    try:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        else:
            adapter = TypeAdapter(annotation, config=_STRICT)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return value
    try:
        return adapter.validate_json(as_json(value, path), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join([path, *(str(step) for step in first["loc"] if isinstance(step, int))])
        if typing.get_origin(annotation) is typing.Literal:
            nearest = expected(str(value), typing.get_args(annotation))
            raise BadRecipeError(f"{where} = {value!r}: {nearest}") from None
        wanted = getattr(annotation, "__name__", None)
        if wanted is None or "[" in str(annotation) or "|" in str(annotation):
            wanted = str(annotation).replace("typing.", "").replace("collections.abc.", "")
        raise BadRecipeError(f"{where} = {value!r}: expected {wanted}") from None


def as_json(value: Any, path: str = "") -> str:
    """Return a TOML value as JSON.

    Raises
    ------
    BadRecipeError
        If it is a date or a time, which no recipe holds.
    """
    if isinstance(value, dict):
        inner = (
            f"{json.dumps(str(k))}: {as_json(v, f'{path}.{k}'.lstrip('.'))}"
            for k, v in value.items()
        )
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return f"[{', '.join(as_json(v, f'{path}.{i}') for i, v in enumerate(value))}]"
    try:
        return json.dumps(value)
    except TypeError:
        raise BadRecipeError(f"{path} = {value}: a recipe holds no dates or times") from None
