"""Everything that can be wrong with what a user hands in.

The tree::

    JetlensError                   one message for a person; on the command line, exit status 2
    ├── UnknownNameError           a name that nothing answers to (also a LookupError)
    ├── BadValueError              a value of the right kind that cannot be used (also a ValueError)
    ├── BadFileError               a file that cannot be read as what it should be (also an OSError)
    ├── BadRecipeError             a recipe that does not say what to do
    └── UnsupportedError           something that this tagger, method or machine cannot do
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class JetlensError(Exception):
    """A mistake in what was handed in, told in one message for the person who made it."""


class BadValueError(JetlensError, ValueError):
    """A value of the right kind that cannot be used."""


class BadFileError(JetlensError, OSError):
    """A file that cannot be read as what it should be, or a place that cannot be written to."""


class BadRecipeError(JetlensError):
    """A recipe that does not say what to do."""


class UnsupportedError(JetlensError):
    """Something that this tagger, method or machine cannot do."""


class UnknownNameError(JetlensError, LookupError):
    """A name that nothing answers to.

    Parameters
    ----------
    kind
        What the name should have named, such as ``"explainer"`` or ``"variable of tracks"``.
    name
        The name that was given.
    known
        The names that would have been understood.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"unknown {kind} {name!r}: {expected(str(name), self.known)}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, object, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


def expected(name: str, known: Iterable[str], most: int = 12) -> str:
    """Say what was expected: the nearest match to `name`, then what there is (`most` at most)."""
    names = [str(k) for k in known]
    if not names:
        return "there is none to choose from"
    near = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    hint = ""
    if near:
        match = next(n for n in names if n.lower() == near[0])
        hint = f"did you mean {match!r}? "
    shown = ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
    return f"{hint}expected one of {shown}"


def look_up(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return ``table[name]`` or raise `UnknownNameError` with the nearest match."""
    try:
        return table[name]
    except KeyError:
        raise UnknownNameError(kind, name, table) from None
