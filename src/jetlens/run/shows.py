"""The summaries of a recipe's ``[[show]]``: filled in each partition, added up in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def fill(
    attributions: Iterable[xr.Dataset], shows: Shows, folder: Path, lenient: bool = False
) -> None:
    """Fill all summaries from one partition; the folder stands there whole or not at all.

    Parameters
    ----------
    attributions
        The partition's scores, or what the tagger says of it, in one or several chunks; one of
        these is held at a time.
    shows
        The summaries.
    folder
        Where they go.
    lenient
        Whether to leave out those that this attribution does not allow, such as profiles of
        variables where the tagger takes images: of one recipe's variations, some may not.
    """
    made = {
        result_name(k, show): summaries.make(show, **arguments)
        for k, (show, arguments) in enumerate(shows)
    }
    filled: dict[str, Result] = {}
    for attribution in attributions:
        for name, summary in list(made.items()):
            try:
                found: Result = summary.fill(attribution)
            except UnsupportedError:
                if not lenient:
                    raise
                filled.pop(name, None)
                del made[name]
            else:
                filled[name] = filled[name] + found if name in filled else found
    with atomic_folder(folder) as part:
        for name, result in filled.items():
            result.save(part / name)


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
