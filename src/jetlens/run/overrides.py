"""Changes to a recipe as plain tables: dotted keys, presets and ``--set``."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from jetlens.core.errors import BadRecipeError, expected

Tree = dict[str, Any]

_SUCH = {"--set": "train.epochs=2", "--option": "baseline=zero"}
_ALTERNATIVES = re.compile(r"vary\.[^.]+")


def setting(text: str, option: str = "--set") -> tuple[str, Any]:
    """Read ``train.epochs=2``: a dotted key and a TOML value; a bare word is a string.

    Parameters
    ----------
    text
        What was given.
    option
        As the value of which option, for messages.

    Raises
    ------
    BadRecipeError
        If there is no key or no ``=``.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key or not equals:
        raise BadRecipeError(f"{option} {text!r}: expected KEY=VALUE, such as {_SUCH[option]}")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        if value and value[0] in "\"'[{":  # meant as TOML, but is none
            raise BadRecipeError(f"{option} {text!r}: {value!r} is not a TOML value") from None
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
        if rest and len(done) == 2 and done[0] == "vary":
            _check_there(here, step, key, done[1])
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


def _check_there(axis: Any, name: str, key: str, called: str) -> None:
    """Refuse to change an alternative that an axis does not have; a whole new one may be added."""
    named = isinstance(axis, dict) and all(isinstance(v, dict) for v in axis.values())
    if axis and named and name not in axis:
        raise BadRecipeError(
            f"{key!r}: vary.{called} has no alternative {name!r}; {expected(name, axis)}"
        )


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
        If there is no such preset, or it is no table of changes.
    """
    presets = tree.get("presets", {})
    if not isinstance(presets, Mapping):
        raise BadRecipeError(f"presets = {presets!r}: expected a table of presets")
    if name not in presets:
        raise BadRecipeError(f"unknown preset {name!r}: {expected(name, presets)}")
    if not isinstance(presets[name], Mapping):
        raise BadRecipeError(
            f"presets.{name} = {presets[name]!r}: expected a table of changes, such as "
            "{ train.epochs = 8 }"
        )
    apply(tree, presets[name])
