"""The summaries of a recipe's ``[[show]]``: filled in each partition, added up in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from jetlens.core.errors import UnsupportedError
from jetlens.core.files import atomic_folder
from jetlens.core.registry import summaries
from jetlens.summarise.result import Result, merge

Shows = tuple[tuple[str, dict[str, Any]], ...]
"""Names of summaries with their arguments."""


def result_name(number: int, show: str) -> str:
    """Return the file name of a summary's result."""
    return f"{number:02d}-{show}.npz"


def fill(attribution: xr.Dataset, shows: Shows, folder: Path, lenient: bool = False) -> None:
    """Fill all summaries from one partition; the folder stands there whole or not at all.

    Parameters
    ----------
    attribution
        The partition's scores, or what the tagger says of it.
    shows
        The summaries.
    folder
        Where they go.
    lenient
        Whether to leave out those that this attribution does not allow, such as profiles of
        variables where the tagger takes images: of one recipe's variations, some may not.
    """
    with atomic_folder(folder) as part:
        for k, (show, arguments) in enumerate(shows):
            try:
                filled: Result = summaries.make(show, **arguments).fill(attribution)
            except UnsupportedError:
                if not lenient:
                    raise
                continue
            filled.save(part / result_name(k, show))


def merge_parts(parts: Sequence[Path], shows: Shows, folder: Path) -> list[str]:
    """Add up what partitions filled, in their order, into one folder of results.

    Returns
    -------
    The names of summaries that no partition filled.
    """
    left_out = []
    with atomic_folder(folder) as whole:
        for k, (show, _) in enumerate(shows):
            name = result_name(k, show)
            if not any((part / name).is_file() for part in parts):
                left_out.append(show)
                continue
            merge(Result.load(part / name) for part in parts).save(whole / name)
    return left_out


def results(folder: Path) -> Iterator[tuple[Path, Result]]:
    """Go through the results in a folder with their files, in the recipe's order."""
    for path in sorted(folder.glob("*.npz")):
        yield path, Result.load(path)
