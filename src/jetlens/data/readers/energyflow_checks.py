"""What has to hold of arrays in EnergyFlow's format, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Array
from jetlens.core.errors import BadFileError, UnknownNameError
from jetlens.data.arrays.files import NpzFile, kind_of
from jetlens.physics.particles import TABLE, known

COLUMNS = ("pt", "y", "phi", "pid")
"""The last axis of ``X``."""
_STEEPEST = 100.0  # no particle's rapidity is larger, and its momentum is still a number
_NUMBERS = 2.0**31  # particles' numbers are below


def check_shapes(path: str, label: str, others: Mapping[str, int]) -> int:
    """Return how many jets a file holds, reading none of them.

    Parameters
    ----------
    path
        The file.
    label
        The array of labels.
    others
        Arrays that may be there, and how many axes they have: the first ones of ``X``.

    Raises
    ------
    BadFileError
        If it is no ``.npz``, or an array has another shape than it should have, or no real numbers.
    UnknownNameError
        If an array is not there.
    """
    if kind_of(Path(path)) is not NpzFile:
        raise BadFileError(f"{path!r} is no .npz file: expected EnergyFlow's arrays 'X' and 'y'")
    file = NpzFile(path)
    names = file.names()
    for name in ("X", label):
        if name not in names:
            raise UnknownNameError(f"array of {path!r}", name, names)
    for name in ("X", label, *(n for n in others if n in names)):
        kind = file.dtype(name)
        if kind.kind not in "biuf":
            raise BadFileError(f"{name!r} of {path!r} holds {kind}: expected real numbers")
    shape = file.shape("X")
    if len(shape) != 3 or shape[2] != len(COLUMNS):
        raise BadFileError(
            f"'X' of {path!r} is of shape {shape}: expected [jet, particle, 4], "
            f"the last axis being {', '.join(COLUMNS)}"
        )
    for name, axes in {label: 1, **others}.items():
        if name in names and file.shape(name) != shape[:axes]:
            raise BadFileError(
                f"{name!r} of {path!r} is of shape {file.shape(name)}: expected {shape[:axes]}, as "
                f"'X' is of shape {shape}"
            )
    return shape[0]


def check_particles(x: Array, first: int, path: str, unknown: str) -> None:
    """Refuse particles ``[jet, particle, (pt, y, phi, pid)]`` that are none.

    Parameters
    ----------
    x
        The particles.
    first
        The place of the first jet in its file.
    path
        The file.
    unknown
        ``"keep"`` accepts numbers that are not known.

    Raises
    ------
    BadFileError
        If a number is not finite, a pt negative, a rapidity beyond all bounds, or a particle's
        number not whole or not known.
    """
    for i, name in enumerate(COLUMNS):
        _refuse(~np.isfinite(x[..., i]), x[..., i], name, first, path, "a finite number")
    pt, y, pid = x[..., 0], x[..., 1], x[..., 3]
    _refuse(pt < 0, pt, "pt", first, path, "0 (padding) or more, in GeV")
    _refuse(np.abs(y) > _STEEPEST, y, "y", first, path, "a rapidity")
    _refuse(
        (pid != np.round(pid)) | (np.abs(pid) >= _NUMBERS), pid, "pid", first, path,
        "a particle's number as it is, not as remap_pids leaves it",
    )  # fmt: skip
    if unknown != "keep":
        strange = (pt > 0) & ~known(pid.astype(np.int64)).known
        _refuse(
            strange, pid, "pid", first, path,
            f"one of {', '.join(str(s.number) for s in TABLE)} or an antiparticle; "
            "unknown='keep' takes others as massless and neutral",
        )  # fmt: skip


def check_others(arrays: Mapping[str, Array], first: int, path: str) -> None:
    """Refuse numbers of jets or particles that are not finite; arrays by name, jets first."""
    for name, values in arrays.items():
        bad = ~np.isfinite(values)
        if bad.any():
            jet, *particle = np.argwhere(bad)[0]
            of = f"particle {particle[0]} of jet" if particle else "jet"
            raise BadFileError(
                f"{name} = {values[bad][0]:g} of {of} {first + jet} in {path!r}: expected a finite "
                "number"
            )


def _refuse(
    bad: NDArray[np.bool_], values: Array, name: str, first: int, path: str, wanted: str
) -> None:
    if bad.any():
        jet, particle = np.argwhere(bad)[0]
        raise BadFileError(
            f"{name} = {values[jet, particle]:g} of particle {particle} of jet {first + jet} in "
            f"{path!r} ({bad.sum()} such in these {len(bad)} jets): expected {wanted}"
        )


def labels(y: Array, classes: Sequence[str], path: str) -> NDArray[np.int64]:
    """Return labels as positions in the classes.

    Raises
    ------
    BadFileError
        If one is the position of none.
    """
    bad = ~np.isin(y, np.arange(len(classes)))
    if bad.any():
        wanted = ", ".join(f"{i} ({c})" for i, c in enumerate(classes))
        raise BadFileError(f"label {y[bad][0]:g} in {path!r}: expected one of {wanted}")
    return y.astype(np.int64)
