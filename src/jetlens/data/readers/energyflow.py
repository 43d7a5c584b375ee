"""EnergyFlow's jets: ``QG_jets*.npz`` (Zenodo 3164691), its Herwig twin (3066475), and our own.

``X`` is ``[jet, particle, (pt, y, phi, pid)]``, padded with zeros, ``y`` the label, 1 for quarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Array
from jetlens.core.errors import BadFileError, BadValueError, expected, look_up
from jetlens.core.files import atomic
from jetlens.core.registry import readers
from jetlens.data.arrays import description as array_description
from jetlens.data.arrays.files import NpzFile, kind_of
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.readers.energyflow_checks import (
    check_others,
    check_particles,
    check_shapes,
    labels,
)
from jetlens.data.readers.energyflow_variables import IMPACT, PID, collections
from jetlens.data.readers.slices import Slice, slices

CLASSES = ("gluon", "quark")
X, LABEL, EVENT, PARTON = "X", "y", "event", "parton"
OURS = {EVENT: 1, PARTON: 1, **{f.name: 2 for f in IMPACT}}
"""Arrays that EnergyFlow's own files do not have, and how many axes they have."""

REFUSE, KEEP = "refuse", "keep"

_LOOKED_AT = 10  # jets, to tell such a file from others with arrays of the same names


@readers.register("energyflow")
@dataclass(frozen=True, kw_only=True)
class EnergyFlowFiles(Dataset):
    """Quark and gluon jets in EnergyFlow's ``.npz`` files, and other jets in that format.

    Files follow one another. Their arrays are compressed: what stands in front of the jets that are
    read is passed over, so that no file is ever held whole.

    Parameters
    ----------
    files
        Paths.
    partition
        Jets read at a time.
    columns
        The variables to read, by collection; left out, all. Truth is always read.
    label
        The array of the jets' classes; left out, ``y``.
    classes
        The names of the numbers 0, 1, ... in it; left out, gluon and quark.
    constituents
        How many particles of a jet to keep, the hardest; left out, all. Variables of the jet are
        those of all its particles.
    unknown
        What to do with particles whose numbers `jetlens.physics.particles` does not know:
        ``"refuse"`` the file, or ``"keep"`` them, massless, neutral and of no kind.
    """

    files: tuple[str, ...]
    partition: int = 5000
    columns: Mapping[str, Sequence[str]] | None = None
    label: str | None = None
    classes: Sequence[str] | None = None
    constituents: int | None = None
    unknown: str = REFUSE

    def __post_init__(self) -> None:
        if self.constituents is not None:
            check_whole("constituents", self.constituents)
        if self.unknown not in (REFUSE, KEEP):
            what = expected(str(self.unknown), (REFUSE, KEEP))
            raise BadValueError(f"unknown = {self.unknown!r}: {what}")

    @property
    def named(self) -> tuple[str, ...]:
        """The classes' names."""
        return CLASSES if self.classes is None else tuple(self.classes)

    @staticmethod
    def recognises(path: Path) -> bool:
        """Say whether the file holds such arrays, and no description of others stands beside it."""
        if kind_of(path) is not NpzFile:
            return False
        file = NpzFile(str(path))
        try:
            shape = file.shape(X) if {X, LABEL} <= set(file.names()) else ()
            if len(shape) != 3 or shape[2] != 4:
                return False
            first = np.asarray(file.read(X, (0, _LOOKED_AT)), dtype=np.float64)[..., PID]
        except (BadFileError, ValueError):
            return False
        # what is no number is told when it is read, with the jet
        if (np.isfinite(first) & (first != np.round(first))).any():
            return False
        return not any(array_description.is_description(p) for p in path.parent.glob("*.toml"))

    def partitions(self) -> list[EnergyFlowSlice]:
        """Return slices of the files, `partition` jets each."""
        return [
            EnergyFlowSlice(some, self)
            for some in slices(
                self.files, self.partition, lambda p: check_shapes(p, self.label or LABEL, OURS)
            )
        ]


@dataclass(frozen=True)
class EnergyFlowSlice:
    """A part of the jets of one file."""

    part: Slice
    dataset: EnergyFlowFiles

    def read(self) -> JetBatch:
        """Read the jets."""
        path, rows, own = self.part.path, self.part.rows, self.dataset
        file = NpzFile(path)
        there = set(file.names())
        arrays = {name: file.read(name, rows) for name in (X, *OURS) if name in there}
        arrays[X] = arrays[X].astype(np.float64)
        arrays[LABEL] = file.read(own.label or LABEL, rows)
        check_particles(arrays[X], self.part.start, path, own.unknown)
        others = {name: arrays[name] for name in OURS if name in there}
        check_others(others, self.part.start, path)
        arrays[LABEL] = labels(arrays[LABEL], own.named, path)
        return to_batch(
            arrays,
            self.part.row,
            classes=own.named,
            columns=own.columns,
            constituents=own.constituents,
        )


def to_batch(
    arrays: Mapping[str, Array],
    first: int = 0,
    *,
    classes: Sequence[str] = CLASSES,
    columns: Mapping[str, Sequence[str]] | None = None,
    constituents: int | None = None,
) -> JetBatch:
    """Turn arrays in EnergyFlow's format into a `JetBatch`.

    Parameters
    ----------
    arrays
        ``X``, ``y``, and those of `OURS` that there are.
    first
        The global row of the first jet.
    classes
        The names of the labels 0, 1, ...
    columns, constituents
        As of `EnergyFlowFiles`.
    """
    label = arrays[LABEL].astype(np.int64)
    row = np.arange(first, first + len(label), dtype=np.int64)
    return JetBatch(
        collections(arrays, columns, constituents),
        label,
        tuple(classes),
        np.ones(len(label)),
        arrays[EVENT].astype(np.int64) if EVENT in arrays else row,
        row,
    )


def write(path: Path | str, arrays: Mapping[str, Array]) -> None:
    """Write jets in EnergyFlow's format, atomically; the same arrays make the same bytes.

    Parameters
    ----------
    path
        Where to; the file stands there whole or not at all.
    arrays
        ``X`` and ``y`` as EnergyFlow has them, and what of `OURS` there is.
    """
    for name in (X, LABEL):
        look_up("array of jets", name, arrays)
    named: dict[str, Any] = dict(arrays)
    with atomic(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **named)
