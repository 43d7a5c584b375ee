"""Checks a recipe's arguments against the signature of what they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jetlens.core.arguments import parameters, typed, types_of
from jetlens.core.errors import BadRecipeError, BadValueError, expected
from jetlens.core.registry import Registry


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


def _typed(annotation: Any, value: Any, path: str) -> Any:
    try:
        return typed(annotation, value, path, " = ")
    except BadValueError as error:
        raise BadRecipeError(str(error)) from None
