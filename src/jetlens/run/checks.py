"""What a recipe names must be there, and must take the arguments that it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jetlens.core.errors import BadRecipeError, JetlensError, expected
from jetlens.core.registry import Registry, datasets, explainers, summaries, taggers
from jetlens.data.base import PARTS
from jetlens.data.generated import Generated
from jetlens.data.images import Images
from jetlens.run.arguments import check, check_arguments
from jetlens.run.recipe import Data, Recipe, Used


def check_registered(recipe: Recipe) -> None:
    """Check all names and their arguments against what is registered.

    Raises
    ------
    BadRecipeError
        At the first that is not understood.
    """
    data, arguments = recipe.data.use, _check(datasets, recipe.data, "data")
    maker = datasets.get(data)
    if isinstance(maker, type) and issubclass(maker, Generated):  # others look for their files
        _try(lambda: datasets.make(data, **arguments), "data")
    if recipe.data.images is not None:
        _try(lambda: images(recipe.data), "data.images")
    _check(taggers, recipe.tagger, "tagger", given=("scaling",), filled=("inputs", "classes"))
    for i, entry in enumerate(recipe.explain):
        arguments = _check(explainers, entry, f"explain.{i}")
        _try(lambda e=entry, a=arguments: explainers.make(e.use, **a), f"explain.{i}")  # type: ignore[misc]
    for i, show in enumerate(recipe.show):
        arguments = _check(summaries, show, f"show.{i}")
        _try(lambda s=show, a=arguments: summaries.make(s.use, **a), f"show.{i}")  # type: ignore[misc]
    _check_retrain(recipe)
    for share, part in zip(recipe.split, PARTS, strict=True):
        if share == 0 and part != "validation":
            raise BadRecipeError(
                f"split = {list(recipe.split)}: the {part} part is empty; expected shares above 0, "
                "as in [0.7, 0.1, 0.2]"
            )


def images(data: Data) -> Images | None:
    """Return how images are made of a recipe's jets, if its table ``data.images`` says so.

    Raises
    ------
    BadRecipeError
        If a setting is unknown or of another type.
    BadValueError
        If it makes no sense.
    """
    if data.images is None:
        return None
    return Images(**check_arguments(Images, "data.images", data.images, "data.images"))


def _check_retrain(recipe: Recipe) -> None:
    if recipe.retrain is None:
        return
    names = list(recipe.explanations())
    wanted = recipe.retrain.explain
    if not names:
        raise BadRecipeError("retrain: no explanation ranks the inputs; expected an [[explain]]")
    if wanted is not None and wanted not in names:
        raise BadRecipeError(f"retrain.explain = {wanted!r}: {expected(wanted, names)}")
    if recipe.split[1] == 0:
        raise BadRecipeError(
            f"split = {list(recipe.split)}: the validation part, on which retrain ranks the "
            "inputs, is empty"
        )


def _check(
    registry: Registry[Any],
    used: Used,
    path: str,
    given: tuple[str, ...] = (),
    filled: tuple[str, ...] = (),
) -> dict[str, Any]:
    return check(registry, used.use, used.arguments, path, given, filled)


def _try(make: Callable[[], Any], path: str) -> None:
    """Let a constructor look at its arguments, and say where in the recipe these stand."""
    try:
        make()
    except JetlensError as error:
        raise BadRecipeError(f"{path}: {error}") from None
