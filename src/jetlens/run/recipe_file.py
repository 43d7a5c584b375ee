"""Recipes as they are written: a TOML file, its preset and changes, read and checked."""

from __future__ import annotations

import copy
import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jetlens.core.errors import BadFileError, BadRecipeError
from jetlens.core.files import remote
from jetlens.core.validation import told
from jetlens.run import overrides, variations
from jetlens.run.checks import check_registered
from jetlens.run.recipe import Recipe


def load(
    path: Path | str,
    *,
    preset: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Recipe:
    """Read a recipe and check all of it.

    Parameters
    ----------
    path
        The TOML file. Names of data files in it are relative to its folder, or begin with an
        environment variable such as ``$JETLENS_REAL_DATA``.
    preset
        One of its ``[presets]``.
    changes
        Values by dotted key, such as ``{"train.epochs": 2}``, applied after the preset. File names
        in them are relative to the working folder.

    Raises
    ------
    BadFileError
        If the file cannot be read.
    BadRecipeError
        If it is not TOML, or a key, name or value in it is not understood: the message names the
        file, the key, the value and what was expected.
    """
    path = Path(path)
    tree = _read(path)
    try:
        written = copy.deepcopy(tree)
        variations.check_left_out(tree, written)
        _check_presets(written)
        if preset is not None:
            overrides.preset(tree, preset)
        _anchor(tree, path.resolve().parent, "data files")
        for key, value in (changes or {}).items():
            overrides.assign(tree, key, value)
            if key in ("data", "data.files"):
                _anchor(tree, Path.cwd(), None)
        variations.check_left_out(tree, written)
        recipe = build(tree)
        variations.check_effective(recipe.tree(), recipe.vary, changes or {})
        return recipe
    except BadRecipeError as error:
        raise BadRecipeError(f"{path}: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        there = path.parent.glob("*.toml") if path.parent.is_dir() else ()
        near = difflib.get_close_matches(str(path), [str(p) for p in there], n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise BadFileError(f"no recipe {str(path)!r}{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(f"cannot read the recipe {str(path)!r}: {error}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRecipeError(f"{path} is not TOML: {error}") from None


def _anchor(tree: dict[str, Any], folder: Path, refuse: str | None) -> None:
    """Make the data's relative file names absolute; `refuse` absolute ones in recipes."""
    data = tree.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("files"), str | list):
        return
    files = data["files"]
    made = []
    for name in [files] if isinstance(files, str) else files:
        if not isinstance(name, str):
            raise BadRecipeError(f"data.files = {files!r}: expected file names")
        if refuse and Path(name).is_absolute():
            raise BadRecipeError(
                f"data.files = {name!r}: {refuse} of a recipe are named relative to it, or begin "
                "with an environment variable such as $JETLENS_REAL_DATA"
            )
        elsewhere = name.startswith("$") or remote(name)
        made.append(name if elsewhere else os.path.normpath(folder / name))
    data["files"] = made[0] if isinstance(files, str) else made


def build(tree: Mapping[str, Any]) -> Recipe:
    """Check plain tables and make the recipe of them.

    Raises
    ------
    BadRecipeError
        If a key, name or value is not understood.
    """
    recipe = _build_one(tree)
    for variation, changed in recipe.variations():
        try:
            build(changed)
        except BadRecipeError as error:
            raise BadRecipeError(f"vary, {variation.name}: {error}") from None
    return recipe


def _build_one(tree: Mapping[str, Any]) -> Recipe:
    """Make a recipe whose variations are not looked at."""
    tree = dict(tree)
    if "vary" in tree:
        tree["vary"] = variations.axes(tree["vary"])
    try:
        recipe = Recipe.model_validate_json(_as_json(tree), strict=True)
    except ValidationError as error:
        raise BadRecipeError(told(error, Recipe)) from None
    check_registered(recipe)
    return recipe


def _check_presets(written: dict[str, Any]) -> None:
    """Refuse presets with a mistake of their own, whether they are asked for or not.

    In what a preset changes of variations it is told when these are run: they may be many.
    """
    presets = written.get("presets")
    if not isinstance(presets, Mapping) or not presets:
        return
    for name, changes in presets.items():
        mistake = _mistake(written, name) if isinstance(changes, Mapping) else ""
        if mistake and mistake != _mistake(written):  # else it is the recipe's own
            raise BadRecipeError(f"presets.{name}: {mistake}")


def _mistake(written: dict[str, Any], preset: str | None = None) -> str:
    """Return what is wrong with a recipe, or with one of its presets; empty if nothing is."""
    tree = copy.deepcopy(written)
    try:
        if preset is not None:
            overrides.preset(tree, preset)
        variations.check_left_out(tree, written)
        _build_one(tree)
    except BadRecipeError as error:
        return str(error)
    return ""


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Read what ``--set`` was given: dotted keys and TOML values."""
    return dict(overrides.setting(text) for text in settings)


def _as_json(value: Any, path: str = "") -> str:
    """Return a TOML value as JSON.

    Raises
    ------
    BadRecipeError
        If it is a date or a time, which no recipe holds.
    """
    if isinstance(value, dict):
        inner = (
            f"{json.dumps(str(k))}: {_as_json(v, f'{path}.{k}'.lstrip('.'))}"
            for k, v in value.items()
        )
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_as_json(v, f'{path}.{i}') for i, v in enumerate(value))}]"
    try:
        return json.dumps(value)
    except TypeError:
        raise BadRecipeError(f"{path} = {value}: a recipe holds no dates or times") from None
