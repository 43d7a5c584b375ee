"""Whether a value is of the type that the argument of a class or function asks for."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from jetlens.core.errors import BadValueError, expected

_STRICT = ConfigDict(strict=True, arbitrary_types_allowed=True)


def parameters(maker: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the keyword arguments that a class or function takes."""
    return {
        name: parameter
        for name, parameter in inspect.signature(maker).parameters.items()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }


def types_of(maker: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's arguments or of a class's constructor."""
    source: Any = maker
    if isinstance(maker, type) and not dataclasses.is_dataclass(maker):
        source = inspect.getattr_static(maker, "__init__")
    try:
        return typing.get_type_hints(source)
    except (NameError, TypeError):  # named for the type checker alone; a partial has none
        return {}


def typed(annotation: Any, value: Any, name: str, sign: str = "=") -> Any:
    """Return a value as the type that is asked for.

    Numbers and strings have to be what they are: ``"3"`` and ``3.5`` are no ``int``. Lists and
    arrays stand for tuples, and NumPy's numbers for Python's.

    Parameters
    ----------
    annotation
        The type.
    value
        The value; TOML's, JSON's or Python's.
    name
        What the message calls it, such as ``"explain.0.scales"``.
    sign
        What stands between name and value there: ``" = "`` for TOML.

    Raises
    ------
    BadValueError
        If it is of another type; ``<name>.<k>`` is the first of a list that is.
    """
    if annotation is Any:
        return value
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        if not isinstance(value, annotation):
            raise BadValueError(f"{name}{sign}{value!r}: {_wanted(annotation, value)}")
        return value
    try:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        else:
            adapter = TypeAdapter(annotation, config=_STRICT)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return value
    try:
        try:
            text = json.dumps(plain(value))
        except (TypeError, ValueError):  # no value of a recipe, such as jets or a file's path
            return adapter.validate_python(value)
        # in JSON, strict is strict about numbers and strings, but a list may be a tuple
        return adapter.validate_json(text, strict=True)
    except ValidationError as error:
        steps = error.errors(include_url=False)[0]["loc"]
        where = ".".join([name, *(str(step) for step in steps if isinstance(step, int))])
        raise BadValueError(f"{where}{sign}{value!r}: {_wanted(annotation, value)}") from None


def plain(value: Any) -> Any:
    """Return NumPy's arrays and numbers, tuples and mappings as what JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _wanted(annotation: Any, value: object) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return expected(str(value), typing.get_args(annotation))
    return f"expected {_words(annotation)}"


_WORDS: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
    Any: "anything",
}
_SEVERAL = {
    "a string": "strings",
    "a whole number": "whole numbers",
    "a number": "numbers",
    "true or false": "true or false",
}


def _words(annotation: Any) -> str:
    """Say what a type is in a reader's words, such as ``a number or a list of numbers``."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _WORDS:
        return _WORDS[annotation]
    if origin is typing.Literal:
        return _either(repr(choice) for choice in inner)
    if not inner:
        return f"a {getattr(annotation, '__name__', annotation)}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a table of {_several(inner[1])}"
    if origin is tuple and inner[-1] is not Ellipsis:
        return f"a list of {len(inner)} {_several(inner[0])}"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return f"a list of {_several(inner[0])}"
    return _either(_words(each) for each in inner)


def _several(annotation: Any) -> str:
    words = _words(annotation)
    return _SEVERAL.get(words, words.replace("a list", "lists", 1).replace("a table", "tables", 1))


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
