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

# No particle of a collider is beyond these: a beam of 7 TeV has a rapidity of 9.6, one of 50 TeV of
# 11.6, and 15 is that of 7 TeV at a pt of 4 MeV. From 18 on, energy less pz is lost in rounding.
_HARDEST = 1e7  # GeV, and that of whoever writes MeV
_STEEPEST = 15.0
_TURNS = 4 * np.pi  # azimuths may go on beyond a turn, so that no jet is cut in two
_NUMBERS = 2.0**31  # particles' numbers
_EVENTS = 2.0**63


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
        If a number is not finite, a pt negative, one of them beyond what any collider makes, or a
        particle's number not whole or not known.
    """
    pt, y, phi, pid = (x[..., i] for i in range(len(COLUMNS)))
    # no comparison holds of what is not a number
    _refuse(
        ~((pt >= 0) & (pt <= _HARDEST)), pt, "pt", first, path,
        f"0 (padding) to {_HARDEST:g}, in GeV",
    )  # fmt: skip
    _refuse(~(np.abs(y) <= _STEEPEST), y, "y", first, path, f"a rapidity, {_STEEPEST:g} at most")
    _refuse(
        ~(np.abs(phi) <= _TURNS), phi, "phi", first, path, "an azimuth in rad, two turns at most"
    )
    _refuse(
        ~((pid == np.round(pid)) & (np.abs(pid) < _NUMBERS)), pid, "pid", first, path,
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
    """Refuse numbers of particles that are not finite, and numbers of jets that are not whole.

    Arrays are by name; those with one axis, events and partons, are the jets'.
    """
    for name, values in arrays.items():
        bad = ~np.isfinite(values)
        wanted = "a finite number"
        if values.ndim == 1 and not bad.any():
            bad = (values != np.rint(values)) | (np.abs(values) >= _EVENTS)
            wanted = "a whole number"
        if bad.any():
            jet, *particle = np.argwhere(bad)[0]
            of = f"particle {particle[0]} of jet" if particle else "jet"
            raise BadFileError(
                f"{name} = {values[bad][0]:g} of {of} {first + jet} in {path!r}: expected {wanted}"
            )


def _refuse(
    bad: NDArray[np.bool_], values: Array, name: str, first: int, path: str, wanted: str
) -> None:
    if bad.any():
        jet, particle = np.argwhere(bad)[0]
        if not np.isfinite(values[jet, particle]):
            wanted = "a finite number"
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
