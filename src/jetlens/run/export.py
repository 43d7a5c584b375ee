"""Stored attributions as HDF5 in the layout of the jets' own files, joined by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import IMPORTANCE, MASK, SCORE, of_target
from jetlens.core.errors import BadFileError, UnsupportedError, look_up
from jetlens.data.tables.hdf5 import write_tables
from jetlens.run import attributions
from jetlens.run.progress import Log
from jetlens.run.store import Store

PER_JET = ("row", "event", "label", "target", "weight")
ACCOUNT = (
    *("target_output", "baseline_output", "completeness_error", "converged", "steps"),
    "relevance_in",
)
"""What is said of scores, which is worth nothing without them."""


def export(run: Path, out: Path, explanation: str | None = None, *, quiet: bool = True) -> Path:
    """Write one explanation's attributions as HDF5.

    ``jets`` ``[jet]`` has ``row`` (the jet's place in its file, over all files in their order),
    ``eventNumber``, label, target, the output of each class and the scores of per-jet features.
    Each particle collection ``c`` is ``[jet, c]`` with ``valid`` and a field for each feature's
    score, or ``importance`` where the method tells features not apart.

    Parameters
    ----------
    run
        A run's folder, or one of attributions.
    out
        The file to write.
    explanation
        Which of the run's explanations; it may be left out where there is one.
    quiet
        Do not say what has no place in tables, such as pixels.

    Raises
    ------
    BadFileError
        If there is no such folder, or no attributions are stored in it.
    UnsupportedError
        If nothing of them has a place in tables.
    """
    if not run.is_dir():
        raise BadFileError(f"no folder {str(run)!r}: expected a run's, or one of attributions")
    folder = Store(run).attributions if Store(run).attributions.is_dir() else run
    if not attributions.parts(folder):
        there = {p.name: p for p in sorted(folder.glob("*")) if attributions.parts(p)}
        if not there:
            raise BadFileError(
                f"no attributions are stored in {str(run)!r}: set keep in the recipe's [[explain]]"
            )
        if explanation is None and len(there) > 1:
            raise BadFileError(
                f"{str(run)!r} holds several explanations: name one of {', '.join(there)}"
            )
        folder = look_up("explanation", explanation or next(iter(there)), there)
    found = attributions.read(folder)
    if "target" in found.dims:
        raise BadFileError(f"{str(folder)!r} holds several targets, which a flat file cannot")
    attrs = {k: v for k, v in found.attrs.items() if isinstance(v, str | int | float)}
    made = tables(found)
    left_out = [name for name in of_target(found) if not _fits(found[name])]
    if left_out:
        Log(quiet).say(f"left out, as tables have no place for it: {', '.join(left_out)}")
    write_tables(out, made, {"": attrs})
    return out


def tables(found: xr.Dataset) -> dict[str, NDArray[np.void]]:
    """Return structured arrays by collection: ``jets`` first.

    Raises
    ------
    UnsupportedError
        If nothing of the attribution has a place in them.
    """
    fits = [name for name in of_target(found) if _fits(found[name])]
    if not set(fits) - {*ACCOUNT}:
        there = (f"{n} [{', '.join(map(str, found[n].dims))}]" for n in of_target(found))
        raise UnsupportedError(
            "nothing of this attribution has a place in tables, which hold a row for each jet or "
            f"particle: it has {', '.join(there)}; expected scores or importance of these, so read "
            "it by xarray.open_zarr"
        )
    jets: dict[str, NDArray[Any]] = {
        "eventNumber" if name == "event" else name: found[name].values
        for name in (*PER_JET, *fits)
        if name in found and found[name].ndim == 1
    }
    for i, name in enumerate(found["class"].values):
        jets[f"output_{name}"] = found["output"].values[:, i]
    others: dict[str, dict[str, NDArray[Any]]] = {}
    for variable in fits:
        dims, values = found[variable].dims, found[variable].values
        collection = str(variable).removesuffix(SCORE).removesuffix(IMPORTANCE)
        if collection in dims and collection not in others:
            others[collection] = {"valid": found[collection + MASK].values}
        own = others.get(collection, jets)
        if variable.endswith(SCORE):
            names = found[str(dims[-1])].values
            own |= {f"{feature}_score": values[..., i] for i, feature in enumerate(names)}
        elif own is not jets:
            own["importance"] = values
    return {"jets": _table(jets), **{name: _table(own) for name, own in others.items()}}


def _fits(variable: xr.DataArray) -> bool:
    """Say whether a variable is numbers of jets, or scores or importance of particles."""
    name, dims = str(variable.name), variable.dims
    scored = name.endswith((SCORE, IMPORTANCE)) and not {"y", "x"} & {*dims}
    return dims == ("jet",) or scored


def _table(columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
    first = next(iter(columns.values()))
    table = np.zeros(first.shape, dtype=[(k, v.dtype) for k, v in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table
