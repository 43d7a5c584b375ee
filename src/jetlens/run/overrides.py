"""Changes to a recipe as plain tables: dotted keys, presets, ``--set`` and ``[vary]``."""

from __future__ import annotations

import copy
import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jetlens.core.errors import BadRecipeError, expected
from jetlens.core.hashing import digest

Tree = dict[str, Any]
Axis = Sequence[Any] | Mapping[str, Tree]

_LONGEST = 150  # characters of a folder's name
_NAME = re.compile(r"[A-Za-z0-9._+-]+")
_ALTERNATIVES = re.compile(r"vary\.[^.]+")


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

    A list of names at ``vary.<axis>`` keeps these of the axis's alternatives.

    Raises
    ------
    BadRecipeError
        If the key leads through something that has no parts, or an alternative is not there.
    """
    here, way = tree, key.split(".")
    done: list[str] = []
    while True:
        step, rest = _step(here, way, key, done)
        if not rest:
            here[step] = _merged(_there(here, step), value, key)
            return
        if isinstance(here, dict):
            here.setdefault(step, {})
        here, way = here[step], rest
        done.append(str(step))


def _step(here: Any, way: Sequence[str], key: str, done: Sequence[str]) -> tuple[Any, list[str]]:
    """Return the next step of a way, and what is left; a key that has dots itself is one step."""
    if isinstance(here, list):
        return _place(here, way[0], key), list(way[1:])
    if not isinstance(here, dict):
        raise BadRecipeError(f"{key!r}: {'.'.join(done)!r} is {here!r} and has no parts")
    for end in range(len(way), 1, -1):
        if (whole := ".".join(way[:end])) in here:
            return whole, list(way[end:])
    return way[0], list(way[1:])


def _there(here: Any, step: Any) -> Any:
    return here[step] if isinstance(here, list) else here.get(step)


def _place(there: Sequence[Any], step: str, key: str) -> int:
    places = [str(i) for i in range(len(there))]
    if step not in places:
        raise BadRecipeError(f"{key!r}: no entry {step!r}: {expected(step, places)}")
    return int(step)


def _merged(old: Any, new: Any, key: str) -> Any:
    if _ALTERNATIVES.fullmatch(key) and isinstance(old, dict) and isinstance(new, list):
        return _chosen(old, new, key)
    # a table with `use` is another thing, not a change of the one that was there
    if isinstance(new, dict) and "use" not in new and isinstance(old, dict | list):
        whole = {key: copy.deepcopy(old)}
        for inner, value in new.items():
            assign(whole, f"{key}.{inner}", value)
        return whole[key]
    return copy.deepcopy(new)


def _chosen(alternatives: Tree, names: Sequence[Any], key: str) -> Tree:
    """Return some of an axis's named alternatives, in the order of their names."""
    for name in names:
        if name not in alternatives:
            raise BadRecipeError(
                f"{key} = {list(names)}: unknown alternative {name!r}; "
                f"{expected(str(name), alternatives)}"
            )
    return {name: alternatives[name] for name in names}


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


def axes(vary: Any) -> dict[str, Any]:
    """Return the axes of ``[vary]``, with those that are dotted keys under their whole names.

    Raises
    ------
    BadRecipeError
        If one is neither a list of values nor a table of alternatives, or is empty.
    """
    if not isinstance(vary, Mapping):
        raise BadRecipeError(f"vary = {vary!r}: expected a table of axes")
    found: dict[str, Any] = {}
    for key, axis in vary.items():
        if isinstance(axis, Mapping) and any(isinstance(v, list) for v in axis.values()):
            found |= {f"{key}.{inner}": values for inner, values in axis.items()}
        else:
            found[key] = axis
    for key, axis in found.items():
        if not isinstance(axis, list | Mapping):
            raise BadRecipeError(
                f"vary.{key} = {axis!r}: expected a list of values, or a table of alternatives"
            )
        if not axis:
            raise BadRecipeError(f"vary.{key} is empty: expected a value or an alternative")
        for name, changes in axis.items() if isinstance(axis, Mapping) else ():
            if not isinstance(changes, Mapping):
                raise BadRecipeError(
                    f"vary.{key}.{name} = {changes!r}: expected a table of changes, such as "
                    "{ train.epochs = 8 }"
                )
            if not _NAME.fullmatch(name):
                raise BadRecipeError(
                    f"vary.{key}.{name}: an alternative's name becomes a folder's; expected "
                    "letters, digits and . _ - +"
                )
    return found


@dataclass(frozen=True)
class Variation:
    """One point of the product of ``[vary]``.

    Attributes
    ----------
    name
        Its folder.
    places
        The place on each axis: an alternative's name, or a value in words.
    changes
        What it changes in the recipe.
    """

    name: str
    places: dict[str, str]
    changes: Sequence[Tree]


def variations(vary: Mapping[str, Axis]) -> Iterator[Variation]:
    """Go through the product of ``[vary]``.

    Parameters
    ----------
    vary
        An axis is a dotted key with its values, or a name with a table of alternatives, each of
        which is a set of changes like a preset.
    """
    axes = [
        [(name, changes) for name, changes in axis.items()]
        if isinstance(axis, Mapping)
        else [(_short(value), {key: value}) for value in axis]
        for key, axis in vary.items()
    ]
    for point in itertools.product(*axes):
        places = {key: place for key, (place, _) in zip(vary, point, strict=True)}
        changes = [change for _, change in point]
        name = ",".join(f"{k}={place}" for k, place in places.items())
        if len(name) > _LONGEST:
            name = f"{name[:_LONGEST]}-{_hash(changes)}"
        yield Variation(name, places, changes)


def _short(value: Any) -> str:
    """Return a value as a part of a folder's name, hashed too where the name alone loses some."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    safe = "".join(c if c.isalnum() or c in "._-+" else "_" for c in text)
    same = safe == text and setting(f"value={text}")[1] == value if text else False
    return safe if same else f"{safe}-{_hash(value)}"


def _hash(value: Any) -> str:
    return digest(json.dumps(value, default=str))[:6]
