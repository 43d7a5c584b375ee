"""What has to hold of tables in the flavour-tagging layout, and what is said where it does not.

Numbers that are not finite are ATLAS's own in some variables, and are left to the taggers that take
them, which refuse them.
"""

from __future__ import annotations

import h5py

from jetlens.core.errors import BadFileError


def check_table(table: h5py.Dataset, path: str, jets: int | None = None) -> None:
    """Refuse a table that cannot be read, or is no table of jets or of their particles.

    Parameters
    ----------
    table
        The table; nothing of it is read.
    path
        The file.
    jets
        How many jets there are; None for the table of jets itself.

    Raises
    ------
    BadFileError
        If a variable reaches into another one (of such a table HDF5 would write beyond the memory
        that it is given), or the table has not a row for each jet.
    """
    name = table.name.strip("/")
    end, before, whole = 0, "", table.dtype
    fields = whole.fields or {}
    for variable, (kind, offset, *_) in sorted(fields.items(), key=lambda item: item[1][1]):
        if offset < end:
            raise BadFileError(
                f"{path!r} is damaged, or holds numbers of an unusual kind: {before!r} of {name!r} "
                f"reaches into {variable!r}"
            )
        end, before = offset + kind.itemsize, variable
    if end > whole.itemsize:
        raise BadFileError(f"{path!r} is damaged: {before!r} of {name!r} ends beyond its row")
    if jets is None and (not fields or table.ndim != 1):
        raise BadFileError(
            f"{name!r} of {path!r} is of shape {table.shape}: expected a table [jet] of variables"
        )
    if jets is not None and (table.ndim not in (1, 2) or len(table) != jets):
        raise BadFileError(
            f"{name!r} of {path!r} is of shape {table.shape}: expected a row for each of {jets} "
            "jets, [jet] or [jet, particle]"
        )
