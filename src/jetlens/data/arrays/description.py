"""What arrays of anyone's hold: a small TOML that names collections, columns and labels."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from jetlens.core.errors import BadFileError, expected
from jetlens.core.units import Feature
from jetlens.core.validation import told


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Table):
    """One variable; the table's key is its name."""

    unit: str = ""
    label: str = ""
    """LaTeX, without the unit."""
    shown_unit: str | None = None
    shown_factor: float = 1.0
    array: str | None = None
    """Where each column is an array of its own: which; left out, the one of the column's name."""
    truth: bool = False
    """Whether it is truth beside the inputs, rather than one of them; whole numbers."""

    def feature(self, name: str) -> Feature:
        """Return what is shown of it."""
        return Feature(name, self.unit, self.label, self.shown_unit, self.shown_factor)


class CollectionTable(_Table):
    """One collection: ``[jet, column]`` or ``[jet, particle, column]``, or an array a column."""

    array: str | None = None
    """The array that holds all columns; left out, each column is an array of its own, or the file
    holds one array alone."""
    columns: Annotated[dict[str, Column], Field(min_length=1)]
    """In the array's order."""
    padding: Literal["zeros", "none"] = "zeros"
    """Which rows are no particles: those of zeros alone, or none."""
    mask: str | None = None
    """An array ``[jet, particle]`` that says which particles are real, instead."""
    counts: str | None = None
    """An array ``[jet]`` of how many are real, the first ones, instead."""


class Pick(_Table):
    """One number a jet: an array ``[jet]``, or a column of an array ``[jet, column]``."""

    array: str | None = None
    column: Annotated[int, Field(ge=0)] | None = None


def _pick(given: Any) -> Any:
    return {"array": given} if isinstance(given, str) else given


class Label(Pick):
    """The jets' classes: by file name, or a number, name or one-hot row for each jet."""

    files: Annotated[dict[str, str], Field(min_length=1)] | None = None
    """By class, the pattern of its files' names."""
    classes: tuple[str, ...] = ()
    """The names of the numbers 0, 1, ..."""

    def of_file(self, path: str) -> int:
        """Return the class of all jets of a file.

        Raises
        ------
        BadFileError
            If no pattern fits its name, or several do.
        """
        patterns = self.files or {}
        name = Path(path).name
        fitting = [i for i, p in enumerate(patterns.values()) if fnmatchcase(name, p)]
        if len(fitting) != 1:
            fits = "several patterns fit" if fitting else "no pattern fits"
            raise BadFileError(
                f"label.files: {fits} {path!r}: "
                f"{expected(name, [f'{p} ({c})' for c, p in patterns.items()])}"
            )
        return fitting[0]


class Description(_Table):
    """What arrays hold."""

    title: str = ""
    files: tuple[str, ...] | str | None = None
    """Where the arrays are: names or patterns, beside the description or behind an environment
    variable. Left out, the files that are opened."""
    collections: Annotated[dict[str, CollectionTable], Field(min_length=1)]
    label: Annotated[Label, BeforeValidator(_pick)] | None = None
    weight: Annotated[Pick, BeforeValidator(_pick)] | None = None
    event: Annotated[Pick, BeforeValidator(_pick)] | None = None
    """Whole numbers; jets of one event are never split. Left out, each jet is one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names."""
        if self.label is None:
            return ()
        return tuple(self.label.files) if self.label.files else self.label.classes


def is_description(path: Path) -> bool:
    """Say whether a file is TOML with a table ``collections``."""
    if path.suffix != ".toml" or not path.is_file():
        return False
    try:
        return isinstance(_tables(path).get("collections"), Mapping)
    except BadFileError:
        return False


def beside(path: Path, holds: str) -> Path:
    """Return the one description in the folder of some arrays.

    Parameters
    ----------
    path
        The arrays' file.
    holds
        What it holds, in words, for the message.

    Raises
    ------
    BadFileError
        If there is none, or several.
    """
    there = sorted(p for p in path.parent.glob("*.toml") if is_description(p))
    if len(there) != 1:
        found = f"{', '.join(p.name for p in there)} are" if there else "none is"
        raise BadFileError(
            f"{str(path)!r} holds {holds}: no reader knows these by their names and shapes. "
            "description='jets.toml' names the TOML that says what they are, or it stands beside "
            f"them ({found} there)"
        )
    return there[0]


def load(path: Path) -> Description:
    """Read a description.

    Raises
    ------
    BadFileError
        If it is not there or no TOML, or a key or value in it is not understood: the message names
        the key, the value and the nearest match.
    """
    try:
        made = Description.model_validate(_tables(path))
    except ValidationError as error:
        raise BadFileError(f"{str(path)!r}: {told(error, Description)}") from None
    label = made.label
    if label is not None and (label.files is None) != bool(label.classes):
        raise BadFileError(
            f"{str(path)!r}: label: expected either files, a pattern by class, or classes, the "
            "names of the numbers 0, 1, ... in an array"
        )
    for name, table in made.collections.items():
        ways = [k for k in ("mask", "counts") if getattr(table, k) is not None]
        ways += ["padding"] if "padding" in table.model_fields_set else []
        if len(ways) > 1:
            raise BadFileError(
                f"{str(path)!r}: collections.{name} has {' and '.join(ways)}: expected one way "
                "to tell which particles are real"
            )
    return made


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise BadFileError(f"no description {str(path)!r}") from error
    except (OSError, ValueError) as error:
        raise BadFileError(f"{str(path)!r} is no TOML: {error}") from error
