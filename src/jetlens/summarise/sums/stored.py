"""Results as files: one ``npz`` archive of plain arrays and a JSON header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import numpy as np
import xarray as xr

from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic
from jetlens.summarise.sums.closest import Closest
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.packed import pack, unpack
from jetlens.summarise.sums.plane import Plane

FORMAT = "jetlens result 1"
_HEADER = "header"

_KINDS: dict[str, Any] = {
    kind.__name__.lower(): kind for kind in (Closest, Examples, Histogram, Plane)
}


class Stored(NamedTuple):
    """What a file of a result holds."""

    arguments: dict[str, Any]
    """The summary's name and arguments."""
    sums: xr.Dataset
    parts: Mapping[str, Any]


def save(result: Stored, path: Path | str) -> None:
    """Write a result to `path`, whole or not at all."""
    header: dict[str, Any] = {"format": FORMAT, "summary": result.arguments, "parts": {}}
    header["sums"], arrays = pack(result.sums)
    stored = {f"sums/{name}": array for name, array in arrays.items()}
    for name, part in result.parts.items():
        kind = type(part).__name__.lower()
        described, arrays = part.pack()
        header["parts"][name] = {"kind": kind, "header": described, "arrays": list(arrays)}
        stored |= {f"{name}/{key}": array for key, array in arrays.items()}
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), dtype=np.uint8)
    with atomic(path) as part_file, part_file.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{_HEADER: text}, **stored)


def load(path: Path | str) -> Stored:
    """Read a result; nothing in the file is ever executed."""
    if Path(path).is_file() and not is_zipfile(path):  # NumPy would take it for a pickle
        raise BadFileError(
            f"{str(path)!r} is not a whole jetlens result: it is no .npz archive, or cut short"
        )
    try:
        # opened here: NumPy leaves its own file open where it is not an archive
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if _HEADER not in file:
                raise BadFileError(
                    f"{str(path)!r} is no result of jetlens: "
                    f"it holds {', '.join(file) or 'nothing'}"
                )
            header = json.loads(file[_HEADER].tobytes())
            if header.get("format") != FORMAT:
                raise BadFileError(
                    f"{str(path)!r} has format {header.get('format')!r}: expected {FORMAT!r}"
                )
            names = header["sums"]["dims"]
            sums = unpack(header["sums"], {n: file[f"sums/{n}"] for n in names})
            parts = {
                name: _KINDS[told["kind"]].unpack(
                    told["header"], {key: file[f"{name}/{key}"] for key in told["arrays"]}
                )
                for name, told in header["parts"].items()
            }
    except FileNotFoundError:
        raise BadFileError(f"no result {str(path)!r}") from None
    except BadFileError:
        raise
    except Exception as error:  # archives, their compression, arrays and JSON each have their own
        raise BadFileError(f"{str(path)!r} is not a whole jetlens result: {error}") from error
    return Stored(header["summary"], sums, parts)
