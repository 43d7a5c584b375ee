"""Which jets are moved: all, the misclassified ones, or those of some labels and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnknownNameError, expected

ALL, WRONG = MOVES = ("all", "wrong")
LABEL, PREDICTED = KEYS = ("label", "predicted")

Move = str | Mapping[str, str | Sequence[str]]
"""One of `MOVES`, or classes by what jets are of them: their label, what is decided, or both."""

_WANTED = f"{ALL!r}, {WRONG!r} or a table, as in {{ label = 'gluon', predicted = 'quark' }}"


def check_move(move: Move) -> None:
    """Refuse what says of no jets whether they are moved.

    Raises
    ------
    BadValueError
        If it is no such word or table, or one without classes.
    UnknownNameError
        If jets are to be selected by something else.
    """
    if isinstance(move, str):
        if move not in MOVES:
            raise BadValueError(f"move={move!r}: {expected(move, MOVES)}, or a table of classes")
        return
    if not isinstance(move, Mapping) or not move:
        raise BadValueError(f"move={move!r}: expected {_WANTED}")
    for key, given in move.items():
        if key not in KEYS:
            raise UnknownNameError("key of move", key, KEYS)
        names = [given] if isinstance(given, str) else given
        listed = isinstance(names, Sequence) and all(isinstance(name, str) for name in names)
        if not listed or not len(names):
            raise BadValueError(f"move.{key}={given!r}: expected a class, or a list of classes")


def by_key(move: Move) -> dict[str, tuple[str, ...]]:
    """Return the classes that are asked for, by what jets are to be of them."""
    if isinstance(move, str):
        return {}
    given = {key: move[key] for key in KEYS if key in move}
    return {k: (v,) if isinstance(v, str) else tuple(v) for k, v in given.items()}


def misclassified(move: Move) -> bool:
    """Say whether all jets that are moved are tagged as something that they are not."""
    classes = by_key(move)
    return move == WRONG or (
        len(classes) == len(KEYS) and not {*classes[LABEL]} & {*classes[PREDICTED]}
    )


def selected(
    move: Move, classes: Sequence[str], label: NDArray[np.int64], decided: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say which jets are moved ``[jet]``.

    Parameters
    ----------
    move
        Which are asked for.
    classes
        The tagger's.
    label, decided
        ``[jet]``, the positions of their class and of that which is decided for; a label of -1 is
        none.

    Raises
    ------
    UnknownNameError
        If there is no such class.
    """
    found = np.ones(len(label), dtype=bool)
    if move == WRONG:
        found &= (label >= 0) & (label != decided)
    for key, names in by_key(move).items():
        for name in names:
            if name not in classes:
                raise UnknownNameError(f"class in move.{key}", name, classes)
        own = label if key == LABEL else decided
        found &= np.isin(own, [list(classes).index(name) for name in names])
    return found


def in_words(move: Move) -> str:
    """Name the jets that are moved: ``misclassified jets``, ``gluon jets tagged as quark``."""
    if isinstance(move, str):
        return "misclassified jets" if move == WRONG else "jets"
    said = {key: " or ".join(names) for key, names in by_key(move).items()}
    what = f"{said[LABEL]} jets" if LABEL in said else "jets"
    return f"{what} tagged as {said[PREDICTED]}" if PREDICTED in said else what


def none_of(move: Move, jets: int) -> str:
    """Say that none of so many jets is to be moved."""
    return f"none of the {jets:,} jets explained is among the {in_words(move)}"
