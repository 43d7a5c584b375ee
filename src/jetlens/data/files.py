"""Files of jets as a dataset of a recipe: ``data = { use = "files", files = "jets/*.h5" }``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jetlens.core.errors import BadValueError
from jetlens.core.files import expanded
from jetlens.core.names import one_or_more
from jetlens.core.registry import datasets
from jetlens.data import readers
from jetlens.data.base import Dataset, Partition

_OWN = {"files", "jets", "format", "partition", "columns", "label", "classes"}


@dataclass(frozen=True)
class Few(Dataset):
    """Some of a dataset's partitions, spread evenly over all of them.

    Parameters
    ----------
    whole
        The dataset.
    most
        How many.
    """

    whole: Dataset
    most: int

    def partitions(self) -> Sequence[Partition]:
        """Return the middle one of so many runs of partitions that are about as long."""
        there = self.whole.partitions()
        taken = min(self.most, len(there))
        return [there[(2 * i + 1) * len(there) // (2 * taken)] for i in range(taken)]


@datasets.register("files")
def files(
    *,
    files: str | Sequence[str],
    jets: int | None = None,
    format: str | None = None,
    partition: int = 5000,
    columns: Mapping[str, Sequence[str]] | None = None,
    label: str | None = None,
    classes: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Dataset:
    """Jets that are read from files, whoever made them.

    Parameters
    ----------
    files
        Names or patterns. A leading environment variable, as in ``$JETLENS_REAL_DATA/jets.h5``,
        stands for its folder. A file that is named twice, by patterns too, is refused.
    jets
        About so many of them, 1 or more: whole partitions, spread evenly over the files. Left out,
        all.
    format
        The reader's name; left out, it is found from the first file.
    partition
        Jets read at a time.
    columns
        The variables to read, by collection; left out, all.
    label, classes
        The jets' variable that holds their classes, and the names of its numbers 0, 1, ...; left
        out, what the files say. One class alone cannot be tagged.
    options
        More that the reader takes, as ``{ constituents = 60 }``.

    Raises
    ------
    BadFileError
        If there is no such file, or the environment variable is not set.
    BadValueError
        If there is one class alone, no jet is asked for, or an option stands in the wrong place.
    """
    if classes is not None and len(one_or_more("classes", classes)) < 2:
        raise BadValueError(
            f"classes = {list(classes)}: expected two or more, for one alone cannot be tagged"
        )
    if jets is not None and jets < 1:
        raise BadValueError(f"jets = {jets}: expected 1 or more, or none given for all")
    for name in _OWN & set(options or ()):
        raise BadValueError(f"options.{name}: expected {name} beside options, not in them")
    names = [files] if isinstance(files, str) else list(files)
    opened = readers.open(
        [expanded(name) for name in names],
        format=format,
        partition=partition,
        columns=columns,
        label=label,
        classes=classes,
        **(options or {}),
    )
    return opened if jets is None else Few(opened, -(-jets // partition))
