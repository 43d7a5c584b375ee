"""Stored attributions as HDF5 in the layout of the jets' own files, joined by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, collections
from jetlens.core.errors import BadFileError, look_up
from jetlens.data.tables.hdf5 import write_tables
from jetlens.run import attributions
from jetlens.run.store import Store

PER_JET = ("row", "event", "label", "target", "weight")
OPTIONAL = ("baseline_output", "completeness_error", "converged", "relevance_in")


def export(run: Path, out: Path, explanation: str | None = None) -> Path:
    """Write one explanation's attributions as HDF5.

    ``jets`` ``[jet]`` has ``row`` (the jet's place in its file, over all files in their order),
    ``eventNumber``, label, target, the output of each class and the scores of per-jet features.
    Each particle collection ``c`` is ``[jet, c]`` with ``valid`` and a field a feature.

    Parameters
    ----------
    run
        A run's folder, or one of attributions.
    out
        The file to write.
    explanation
        Which of the run's explanations; it may be left out where there is one.

    Raises
    ------
    BadFileError
        If no attributions are stored there.
    """
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
    write_tables(out, tables(found), {"": attrs})
    return out


def tables(found: xr.Dataset) -> dict[str, NDArray[np.void]]:
    """Return structured arrays by collection: ``jets`` first."""
    jets: dict[str, NDArray[Any]] = {
        "eventNumber" if name == "event" else name: found[name].values
        for name in (*PER_JET, *OPTIONAL)
        if name in found
    }
    for i, name in enumerate(found["class"].values):
        jets[f"output_{name}"] = found["output"].values[:, i]
    others = {}
    for name in collections(found):
        score = found[name + SCORE]
        if score.ndim == 4:
            continue  # images have no place in tables
        columns = {
            f"{feature}_score": score.values[..., i]
            for i, feature in enumerate(found[f"{name}_feature"].values)
        }
        if score.ndim == 2:
            jets |= columns
        else:
            others[name] = _table({"valid": found[name + MASK].values, **columns})
    return {"jets": _table(jets), **others}


def _table(columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
    first = next(iter(columns.values()))
    table = np.zeros(first.shape, dtype=[(k, v.dtype) for k, v in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table
