"""The axes of ``[vary]``, and the variations that are their product."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jetlens.core.errors import BadRecipeError, expected
from jetlens.core.hashing import digest
from jetlens.run.overrides import Tree, apply, assign, setting

Axis = Sequence[Any] | Mapping[str, Tree]

_LONGEST = 150  # characters of a folder's name
_NAME = re.compile(r"[A-Za-z0-9._+-]+")
_MARK = "\N{REPLACEMENT CHARACTER}"
_APART = ("vary", "leave_out", "against", "presets")


def axes(vary: Any) -> dict[str, Any]:
    """Return the axes of ``[vary]``, with those that are dotted keys under their whole names.

    Raises
    ------
    BadRecipeError
        If one is neither a list of values nor a table of alternatives, or is empty, or has a value
        twice.
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
        places = [place for place, _ in _places(key, axis)]
        for i, place in enumerate(places):
            if place in places[:i]:
                raise BadRecipeError(f"vary.{key} = {axis!r}: {axis[i]!r} is there twice")
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


def variations(
    vary: Mapping[str, Axis], leave_out: Sequence[Mapping[str, Sequence[str]]] = ()
) -> Iterator[Variation]:
    """Go through the product of ``[vary]``, but for what is left out.

    Parameters
    ----------
    vary
        An axis is a dotted key with its values, or a name with a table of alternatives, each of
        which is a set of changes like a preset.
    leave_out
        Combinations of places that there is no variation of: by axis, the places. A variation is
        left out if it has one of the places on each of the axes.
    """
    for point in itertools.product(*(_places(key, axis) for key, axis in vary.items())):
        places = {key: place for key, (place, _) in zip(vary, point, strict=True)}
        if any(all(places[key] in some for key, some in each.items()) for each in leave_out):
            continue
        changes = [change for _, change in point]
        name = ",".join(f"{k}={place}" for k, place in places.items())
        if len(name) > _LONGEST:
            name = f"{name[:_LONGEST]}-{_hash(changes)}"
        yield Variation(name, places, changes)


def check_left_out(tree: Tree, written: Tree) -> None:
    """Refuse to leave out, or to compare with, places that no axis has, now or as written.

    A preset may take alternatives away: what is said of these is no mistake.

    Parameters
    ----------
    tree
        A recipe's table.
    written
        The same, before a preset or anything else changed it.

    Raises
    ------
    BadRecipeError
        If one is not there; it names the nearest.
    """
    every = [axes(each.get("vary", {})) for each in (written, tree)]
    given = tree.get("leave_out", ())
    told = [("leave_out", each) for each in given] if isinstance(given, list) else []
    for setting_of, each in [*told, ("against", tree.get("against"))]:
        for axis, some in each.items() if isinstance(each, Mapping) else ():
            known = list(
                dict.fromkeys(p for vary in every for p, _ in _places(axis, vary.get(axis, ())))
            )
            for name in [some] if isinstance(some, str) else some if isinstance(some, list) else ():
                if known and name not in known:
                    raise BadRecipeError(
                        f"{setting_of}: vary.{axis} has no place {name!r}; "
                        f"{expected(str(name), known)}"
                    )


def check_effective(tree: Tree, vary: Mapping[str, Axis], changes: Mapping[str, Any]) -> None:
    """Refuse changes that every variation would undo in silence.

    Parameters
    ----------
    tree
        A recipe's table.
    vary
        Its axes.
    changes
        What was set, by dotted key.

    Raises
    ------
    BadRecipeError
        If all values or alternatives of an axis set the same again, or an alternative that was
        changed is not there any more.
    """
    for key, value in changes.items():
        if key.split(".")[0] in _APART:
            _check_kept(tree, key, value, changes)
            continue
        marked = copy.deepcopy(tree)
        assign(marked, key, _marked(value))
        for axis, places in vary.items():
            if any(_survives(marked, point.changes) for point in variations({axis: places})):
                continue
            instead = f"[{json.dumps(value)}]" if axis == key else "other values or alternatives"
            raise BadRecipeError(
                f"{key} = {value!r} has no effect, since [vary] sets it again: expected "
                f"vary.{axis} = {instead}"
            )


def _check_kept(tree: Tree, key: str, value: Any, changes: Mapping[str, Any]) -> None:
    """Refuse an alternative that was added, and that another change leaves out again."""
    again = copy.deepcopy(tree)
    assign(again, key, value)
    for axis, places in again.get("vary", {}).items():
        there = tree.get("vary", {}).get(axis, places)
        for name in places if isinstance(places, Mapping) else ():
            if name not in there:
                other = f"vary.{axis}"
                raise BadRecipeError(
                    f"{key} = {value!r} has no effect, since {other} = {changes.get(other)} leaves "
                    f"{name!r} out again: expected {name!r} among these, or nothing set for it"
                )


def shared(tree: Tree, vary: Mapping[str, Axis]) -> Tree:
    """Return a recipe's tables without the values that every variation replaces.

    Entries of lists keep their places.
    """
    marks: list[str] = []
    marked = _numbered({k: v for k, v in tree.items() if k not in _APART}, marks)
    left: set[str] = set()
    for variation in variations(vary):
        changed = copy.deepcopy(marked)
        for changes in variation.changes:
            apply(changed, changes)
        left |= set(re.findall(f"{_MARK}[0-9]+{_MARK}", json.dumps(changed, ensure_ascii=False)))
    kept = _kept(tree, marked, left)
    return {k: tree[k] if k in _APART else kept[k] for k in tree if k in _APART or k in kept}


def _numbered(value: Any, marks: list[str]) -> Any:
    """Return a value with a mark of its own in the place of everything that is set."""
    if isinstance(value, Mapping) and value:
        return {name: _numbered(inner, marks) for name, inner in value.items()}
    if isinstance(value, list) and value:
        return [_numbered(inner, marks) for inner in value]
    if isinstance(value, Mapping | list):  # something may be put there
        return copy.deepcopy(value)
    marks.append(f"{_MARK}{len(marks)}{_MARK}")
    return marks[-1]


def _kept(value: Any, marked: Any, left: set[str]) -> Any:
    """Return what has marks that are left, `None` where there is none."""
    if isinstance(marked, Mapping) and marked:
        kept = {name: _kept(value[name], inner, left) for name, inner in marked.items()}
        return {name: inner for name, inner in kept.items() if inner is not None} or None
    if isinstance(marked, list) and marked:
        if any(isinstance(inner, Mapping) for inner in marked):
            return [_kept(v, m, left) or {} for v, m in zip(value, marked, strict=True)]
        return value if any(inner in left for inner in marked) else None
    return value if isinstance(marked, Mapping | list) or marked in left else None


def _marked(value: Any) -> Any:
    """Return a value with a mark in the place of everything that is set."""
    if isinstance(value, Mapping):
        return {name: _marked(inner) for name, inner in value.items()}
    return [_marked(inner) for inner in value] if isinstance(value, list) and value else _MARK


def _survives(marked: Tree, changes: Sequence[Tree]) -> bool:
    tree = copy.deepcopy(marked)
    for change in changes:
        apply(tree, change)
    return _MARK in json.dumps(tree, default=str, ensure_ascii=False)


def _places(key: str, axis: Axis) -> list[tuple[str, Tree]]:
    """Return the places on an axis, each with what it changes."""
    if isinstance(axis, Mapping):
        return list(axis.items())
    return [(_short(value), {key: value}) for value in axis]


def _short(value: Any) -> str:
    """Return a value as a part of a folder's name, hashed too where the name alone loses some."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    safe = "".join(c if c.isalnum() or c in "._-+" else "_" for c in text)
    same = safe == text and setting(f"value={text}")[1] == value if text else False
    return safe if same else f"{safe}-{_hash(value)}"


def _hash(value: Any) -> str:
    return digest(json.dumps(value, default=str))[:6]
