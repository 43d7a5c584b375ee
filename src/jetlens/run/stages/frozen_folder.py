"""Where a run keeps what frozen parts of taggers make of jets: how much there is room for.

A folder for each frozen part and what it is given, named by the key of both.
"""

from __future__ import annotations

import shutil
from collections.abc import Container
from pathlib import Path

from jetlens.core.errors import BadFileError
from jetlens.run.store import remove
from jetlens.run.study import Study
from jetlens.taggers.training.features import Features

FEATURES = "features"
"""What is known of a training: the folder of what the tagger's frozen part made of the jets."""


def place(study: Study) -> Path:
    """Return the folder of the run, of which the study may be a variation."""
    home = study.home.root
    return (home.parent if study.name else home) / ".stages" / FEATURES


def of(study: Study, name: str | None) -> Features | None:
    """Return what the frozen part of a study's tagger made of jets, if it is still there.

    Parameters
    ----------
    study
        The study, or a repeat.
    name
        The folder, as its training knows it, if it does.
    """
    folder = place(study) / str(name)
    return Features(folder) if name and folder.is_dir() else None


def tidy(study: Study, used: Container[str | None]) -> None:
    """Remove what was kept under other keys, which nothing reads any more.

    Parameters
    ----------
    study
        Any of the run.
    used
        The names of the folders that stay.
    """
    whole = place(study)
    for folder in [*whole.iterdir()] if whole.is_dir() else ():
        if folder.name not in used:
            remove(folder)


def check_room(study: Study, size: int) -> None:
    """Refuse to begin what the disk has no room for.

    Parameters
    ----------
    study
        Any of the run.
    size
        How many bytes will be written.

    Raises
    ------
    BadFileError
        If there are not so many.
    """
    free = shutil.disk_usage(study.home.root).free
    if size > free:
        raise BadFileError(
            f"what frozen parts make of the jets takes {told(size)} in {str(place(study))!r}, "
            f"where {told(free)} are free: free some, or choose another --out"
        )


def told(size: int) -> str:
    """Return a number of bytes in words."""
    for unit, large in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= large:
            return f"{size / large:.1f} {unit}"
    return f"{size} bytes"
