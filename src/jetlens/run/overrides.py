"""Changes to a recipe as plain tables: dotted keys, presets, ``--set`` and ``[vary]``."""

from __future__ import annotations

import copy
import itertools
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jetlens.core.errors import BadRecipeError, expected
from jetlens.core.hashing import digest

Tree = dict[str, Any]

_LONGEST = 150  # characters of a folder's name


def setting(text: str) -> tuple[str, Any]:
    """Read ``train.epochs=2``: a dotted key and a TOML value; a bare word is a string.

    Raises
    ------
    BadRecipeError
        If there is no key or no ``=``.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key or not equals:
        raise BadRecipeError(f"--set {text!r}: expected KEY=VALUE, such as train.epochs=2")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        if value and value[0] in "\"'[{":  # meant as TOML, but is none
            raise BadRecipeError(f"--set {text!r}: {value!r} is not a TOML value") from None
        return key, value


def assign(tree: Tree, key: str, value: Any) -> None:
    """Put `value` at a dotted key, in place; numbers count the entries of a list from 0.

    Raises
    ------
    BadRecipeError
        If the key leads through something that has no parts.
    """
    here: Any = tree
    *way, last = key.split(".")
    for i, step in enumerate(way):
        if isinstance(here, list):
            here = here[_place(here, step, key)]
        elif isinstance(here, dict):
            here = here.setdefault(step, {})
        else:
            raise BadRecipeError(f"{key!r}: {'.'.join(way[:i])!r} is {here!r} and has no parts")
    if isinstance(here, list):
        where = _place(here, last, key)
        here[where] = _merged(here[where], value)
    elif isinstance(here, dict):
        here[last] = _merged(here.get(last), value)
    else:
        raise BadRecipeError(f"{key!r}: {'.'.join(way)!r} is {here!r} and has no parts")


def _place(there: Sequence[Any], step: str, key: str) -> int:
    places = [str(i) for i in range(len(there))]
    if step not in places:
        raise BadRecipeError(f"{key!r}: no entry {step!r}: {expected(step, places)}")
    return int(step)


def _merged(old: Any, new: Any) -> Any:
    # a table with `use` is another thing, not a change of the one that was there
    if isinstance(new, dict) and "use" not in new and isinstance(old, dict | list):
        whole: Any = {"": copy.deepcopy(old)}
        for key, value in new.items():
            assign(whole, f".{key}", value)
        return whole[""]
    return copy.deepcopy(new)


def apply(tree: Tree, changes: Mapping[str, Any]) -> None:
    """Change a recipe's table in place: dotted keys, or tables that are merged into it."""
    for key, value in changes.items():
        assign(tree, key, value)


def preset(tree: Tree, name: str) -> None:
    """Apply ``[presets.NAME]`` in place.

    Raises
    ------
    BadRecipeError
        If there is no such preset.
    """
    presets = tree.get("presets", {})
    if not isinstance(presets, dict) or name not in presets:
        raise BadRecipeError(f"unknown preset {name!r}: {expected(name, presets)}")
    apply(tree, presets[name])


def variations(vary: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Tree]]:
    """Go through the product of ``[vary]``: a name for the run's folder, and its changes."""
    for values in itertools.product(*vary.values()):
        changes = dict(zip(vary, values, strict=True))
        name = ",".join(f"{k}={_short(v)}" for k, v in changes.items())
        if len(name) > _LONGEST:
            name = f"{name[:_LONGEST]}-{_hash(changes)}"
        yield name, changes


def _short(value: Any) -> str:
    """Return a value as a part of a folder's name, hashed too where the name alone loses some."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    safe = "".join(c if c.isalnum() or c in "._-+" else "_" for c in text)
    same = safe == text and setting(f"value={text}")[1] == value if text else False
    return safe if same else f"{safe}-{_hash(value)}"


def _hash(value: Any) -> str:
    return digest(json.dumps(value, default=str))[:6]
