"""JetClass's ROOT files as columns, no more than is asked for; and back, with the same bytes."""

from __future__ import annotations

import contextlib
import io
import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jetlens.core.collection import Array
from jetlens.core.errors import BadFileError, JetlensError
from jetlens.core.files import atomic, remote
from jetlens.data.readers.jetclass_variables import PART, PARTON

TREE = "tree"
_LISTS = (PART, PARTON)  # branches whose names begin so hold several numbers a jet


class Columns(NamedTuple):
    """Columns of jets: one number a jet, or as many as the jet has particles or partons."""

    flat: Mapping[str, Array]
    """By branch: ``[jet]``, or those of all jets one after the other."""
    counts: Mapping[str, Array]
    """Particles and partons of each jet, ``[jet]``, by what the names of their branches begin with.
    """


def list_of(name: str) -> str | None:
    """Return what the names of a branch's list begin with; None if it has one number a jet."""
    return next((start for start in _LISTS if name.startswith(start)), None)


@contextlib.contextmanager
def opened(path: str) -> Iterator[Any]:
    """Open a file's tree of jets; a path may be a URL that uproot takes.

    Raises
    ------
    BadFileError
        If it cannot be read, is no ROOT file, or has no such tree.
    """
    import uproot

    try:
        # a mapping, so that what follows a colon is not taken for a tree's name
        with uproot.open({path: None}, object_cache=None, array_cache=None) as file:
            names = [name.partition(";")[0] for name in file.keys(recursive=False)]
            if TREE not in names:
                raise BadFileError(
                    f"{path!r} has no tree {TREE!r}, where jets are looked for: it holds "
                    f"{_listed(names)}"
                )
            yield file[TREE]
    except JetlensError:
        raise
    except FileNotFoundError as error:
        raise BadFileError(f"no file {path!r}") from error
    except Exception as error:  # uproot fails in many ways on what is no ROOT file, or is cut short
        system = isinstance(error, OSError) and error.errno is not None
        if system or remote(path):  # the network, or that a package for such URLs is missing
            said = " ".join(str(error).split())
            raise BadFileError(f"{path!r} cannot be read: {said}") from error
        first = str(error).strip().partition("\n\n")[0]  # tables of a file's inside may follow
        said = " ".join(first.split()).removesuffix(f" for file path {path}")
        raise BadFileError(
            f"{path!r} is no ROOT file, or is damaged or cut short: {type(error).__name__}: {said}"
        ) from error


def _listed(names: Sequence[str], most: int = 12) -> str:
    """Return what a file holds, in words; what it has several versions of stands once."""
    there = list(dict.fromkeys(names))
    if not there:
        return "nothing"
    return ", ".join(there[:most]) + (f", ... ({len(there)} in all)" if len(there) > most else "")


def read(tree: Any, names: Sequence[str], start: int, stop: int) -> Columns:
    """Read some branches of jets `start` to `stop`, and nothing else."""
    import awkward as ak

    found = tree.arrays(list(names), entry_start=start, entry_stop=stop)
    flat: dict[str, Array] = {}
    counts: dict[str, Array] = {}
    for name in names:
        column = found[name]
        begins = list_of(name)
        if begins is not None:
            number = ak.to_numpy(ak.num(column)).astype(np.int64)
            if not np.array_equal(counts.setdefault(begins, number), number):
                raise BadFileError(
                    f"{name!r} of {tree.file.file_path!r} has other numbers of entries than the "
                    f"other branches {begins}*"
                )
            column = ak.flatten(column)
        flat[name] = ak.to_numpy(column)
    return Columns(flat, counts)


def write(path: Path | str, columns: Columns) -> None:
    """Write columns as JetClass's tree, atomically; the same columns make the same bytes.

    Parameters
    ----------
    path
        Where to; the file stands there whole or not at all.
    columns
        The branches, in their order.
    """
    import awkward as ak
    import uproot

    lists: dict[str, dict[str, Any]] = {}
    branches: dict[str, Any] = {}
    for name, column in columns.flat.items():
        begins = list_of(name)
        if begins is None:
            branches[name] = column
        else:
            of = lists.setdefault(begins, {})
            of[name.removeprefix(begins)] = ak.unflatten(column, columns.counts[begins])
            branches[begins.removesuffix("_")] = None  # its place
    branches |= {begins.removesuffix("_"): ak.zip(of) for begins, of in lists.items()}
    types = {n: b.type if isinstance(b, ak.Array) else b.dtype for n, b in branches.items()}
    memory = io.BytesIO()
    with uproot.recreate(memory, uuid_function=lambda: uuid.UUID(int=0)) as file:
        file.mktree(TREE, types, title=TREE)
        if len(next(iter(columns.flat.values()))):
            file[TREE].extend(branches)
        raw = bytearray(memory.getbuffer())  # leaving the block closes it
    undate(raw)
    with atomic(path) as part:
        part.write_bytes(raw)


_HEADER = struct.Struct(">4siiiiiiiBiii")  # of a file below 2 GB
_KEY = struct.Struct(">ihiIhh")  # bytes, version, bytes unpacked, date, bytes of the key, cycle
_DIRECTORY = struct.Struct(">hIIiiiii")  # version, two dates, bytes of two parts, three places
_DATE = 10  # where a key's date begins
_WIDE = 1000  # keys of later versions hold places of eight bytes
_NEVER = bytes(4)


def undate(raw: bytearray) -> None:
    """Take out of a ROOT file, in place, the dates at which it was written.

    Every key has one (the file's, those of lists and objects, each basket's), and the directory
    two.
    """
    import uproot

    _, _, begin, _, free, _, _, name, _, _, info, _ = _HEADER.unpack_from(raw)
    directory = begin + name
    keys = _DIRECTORY.unpack_from(raw, directory)[-1]
    _blank(raw, directory + 2, directory + 6)
    found = [begin, free, info, keys]
    place = keys + _KEY.unpack_from(raw, keys)[4]
    (number,) = struct.unpack_from(">i", raw, place)
    place += 4
    for _ in range(number):
        found.append(place)
        _, version, _, _, length, _ = _KEY.unpack_from(raw, place)
        (of,) = struct.unpack_from(">q" if version > _WIDE else ">i", raw, place + _KEY.size)
        found.append(of)
        place += length
    with uproot.open(io.BytesIO(raw)) as file:
        for branch in file[TREE].itervalues(recursive=True):
            baskets = branch.member("fBasketSeek")[: branch.member("fWriteBasket")]
            found += [int(b) for b in baskets]
    _blank(raw, *(place + _DATE for place in found))


def _blank(raw: bytearray, *places: int) -> None:
    for place in places:
        raw[place : place + len(_NEVER)] = _NEVER
