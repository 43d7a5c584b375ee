"""What has to hold of numbers in JetClass's files, and what is said where it does not.

Only what cannot be is refused. Zeros are JetClass's own in many places (impact parameters of
neutral particles, N-subjettiness of few particles, truth of QCD), and a groomed mass of nothing may
be a little below zero. Impact parameters and N-subjettiness that are not finite are left to the
taggers that take them, which refuse them.
"""

from __future__ import annotations

import numpy as np

from jetlens.core.collection import Array
from jetlens.core.errors import BadFileError
from jetlens.data.readers.jetclass_files import Columns, list_of
from jetlens.data.readers.jetclass_variables import KINDS

_POSITIVE = ("jet_pt", "jet_energy", "jet_nparticles", "part_energy")
_FINITE = (
    *_POSITIVE,
    *("jet_eta", "jet_phi"),
    *(f"part_{name}" for name in ("px", "py", "pz", "deta", "dphi", "charge")),
    *(f"part_is{kind}" for kind in KINDS),
)


def check_columns(columns: Columns, first: int, path: str) -> None:
    """Refuse branches that are no numbers, and momenta, places and kinds that cannot be.

    Parameters
    ----------
    columns
        The branches.
    first
        The place of the first jet in its file.
    path
        The file.

    Raises
    ------
    BadFileError
        If one of them holds something else than numbers, or one number is not finite or negative
        where it cannot be.
    """
    for name, values in columns.flat.items():
        if values.dtype.kind not in "biuf":
            raise BadFileError(f"{name!r} of {path!r} holds {values.dtype}: expected numbers")
        # a sum is finite if all of its terms are, and quicker to tell than each of them
        with np.errstate(all="ignore"):
            total = values.sum(dtype=np.float64) if name in _FINITE else 0.0
        if not np.isfinite(total):
            _refuse(~np.isfinite(values), columns, name, first, path, "a finite number")
        if name in _POSITIVE and values.min(initial=0) < 0:
            _refuse(values < 0, columns, name, first, path, "0 or more")


def _refuse(bad: Array, columns: Columns, name: str, first: int, path: str, wanted: str) -> None:
    if not bad.any():  # terms that are finite, and a sum that is not
        return
    place, begins = int(np.argmax(bad)), list_of(name)
    value, of, jet = columns.flat[name][place], "", place
    if begins is not None:
        ends = np.cumsum(columns.counts[begins])
        jet = int(np.searchsorted(ends, place, side="right"))
        of = f"particle {place - (ends[jet] - columns.counts[begins][jet])} of "
    raise BadFileError(
        f"{name} = {value:g} of {of}jet {first + jet} in {path!r} ({bad.sum()} such in this "
        f"part of it): expected {wanted}"
    )
