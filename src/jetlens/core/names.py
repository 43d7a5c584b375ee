"""Names that are handed in: in a list, in its order, and none that an attribution has itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jetlens.core.errors import BadValueError

RESERVED = frozenset(
    {
        *("jet", "class", "target", "y", "x", "scale", "layer", "cause", "stream", "baseline"),
        *("output", "label", "weight", "event", "row", "register", "target_class"),
        *("target_output", "baseline_output", "baseline_outputs"),
        *("completeness_error", "converged", "steps"),
        *("relevance_in", "relevance_absorbed", "attention_to_padding"),
        *("stream_share", "permutation_loss", "permutation_change"),
        *("flip_scale", "tried", "bent", "unphysical", "moved_output"),
    }
)
"""What axes, tokens and numbers of attributions are called; no collection is."""

OF_COLLECTIONS = frozenset(
    {
        *("value", "score", "mask", "importance", "feature", "channel"),
        *("moved", "control", "flip_step", "flip_distance"),
    }
)
"""What attributions hold of a collection ``c``, as ``c_value``; no truth of its is called so."""


def items(what: str, given: Iterable[Any]) -> tuple[Any, ...]:
    """Return what a list, a tuple or an array holds, in its order.

    Raises
    ------
    BadValueError
        If it is one text, or has no order.
    """
    if not isinstance(given, str | bytes | set | frozenset):
        try:
            return tuple(given)
        except TypeError:  # a number, or an array that is one
            pass
    raise BadValueError(f'{what}: {given!r}, expected a list of names, as in ["a", "b"]')


def different(what: str, given: Iterable[str]) -> tuple[str, ...]:
    """Return names in their order.

    Parameters
    ----------
    what
        What they name, for messages.
    given
        A list, a tuple, an array of them.

    Raises
    ------
    BadValueError
        If that is no list of different names.
    """
    names = items(what, given)
    for name in names:
        if not isinstance(name, str):
            raise BadValueError(f"{what}: {name!r} is no name; expected a list of texts")
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise BadValueError(f"{what}: {str(twice)!r} is there twice")
    return tuple(str(name) for name in names)


def one_or_more(what: str, given: Iterable[str]) -> tuple[str, ...]:
    """Return what `different` does; no name at all is refused, too."""
    names = different(what, given)
    if not names:
        raise BadValueError(f"{what}: there are none, expected a list of names")
    return names


def check_free(what: str, name: str, reserved: frozenset[str]) -> None:
    """Refuse a name that attributions have for something else.

    Raises
    ------
    BadValueError
        If it is one of those reserved.
    """
    if name in reserved:
        raise BadValueError(
            f"{what} cannot be called {name!r}, for attributions have something else of that name: "
            "expected another one"
        )
