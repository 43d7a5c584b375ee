"""Files of jets: one format a module, sniffed or named."""

from __future__ import annotations

import difflib
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from jetlens.core.arguments import parameters
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadFileError, BadValueError
from jetlens.core.files import remote
from jetlens.core.names import different, items, one_or_more
from jetlens.core.registry import readers
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.readers.slices import check_different

Paths = str | Path | Sequence[str | Path]


def open(paths: Paths, *, format: str | None = None, **options: Any) -> Dataset:
    """Open files of jets as a `Dataset`, which streams partitions and never loads it all.

    Parameters
    ----------
    paths
        A path, a pattern such as ``"jets/*.h5"``, or several of these; for readers that take them,
        URLs such as ``"root://eospublic.cern.ch//jets.root"``, handed on as they are.
    format
        The reader's name, such as ``"ftag"``; left out, it is found from the first file.
    options
        The reader's own, such as ``columns`` and ``partition``.

    Raises
    ------
    BadFileError
        If there is no such file, one is named twice, or no reader knows what it is.
    BadValueError
        If an option is not what it should be.
    UnknownNameError
        If no reader has that name.
    """
    files = _files(paths)
    _check(options)
    name = format or (_by_name(files[0]) if remote(files[0]) else _sniff(Path(files[0]), options))
    opened: Dataset = readers.make(name, files=files, **options)
    return opened


def read(paths: Paths, *, format: str | None = None, **options: Any) -> JetBatch:
    """Read files of jets whole into one `JetBatch`; takes what `open` takes."""
    return open(paths, format=format, **options).read()


def _files(paths: Paths) -> tuple[str, ...]:
    files: list[str] = []
    for path in [paths] if isinstance(paths, str | Path) else items("files", paths):
        if not isinstance(path, str | Path):
            raise BadValueError(f"files: {path!r}, expected a path or a pattern")
        text = str(path)
        pattern = glob.has_magic(text) and not remote(text)
        found = sorted(glob.glob(text)) if pattern else [text]  # noqa: PTH207 (absolute patterns too)
        if not found:
            raise BadFileError(f"no file matches {text!r}")
        files += found
    if not files:
        raise BadFileError("no file was named")
    check_different(files)
    return tuple(files)


def _check(options: Mapping[str, Any]) -> None:
    """Refuse what options that all readers share cannot be."""
    check_whole("partition", options.get("partition", 1))
    if options.get("classes") is not None:
        one_or_more("classes", options["classes"])
    columns = options.get("columns")
    if columns is None:
        return
    if not isinstance(columns, Mapping):
        raise BadValueError(
            f"columns = {columns!r}: expected variables by collection, as {{'jets': ['pt']}}"
        )
    for collection, names in columns.items():
        different(f"columns of {collection}", names)


def _by_name(url: str) -> str:
    """Return the reader of files elsewhere whose names end so: they are not looked at."""
    ending = PurePosixPath(urlsplit(url).path).suffix
    endings = {name: getattr(readers.get(name), "remote", "") for name in readers}
    known = {end: name for name, end in endings.items() if end}
    if ending not in known:
        raise BadFileError(
            f"no reader takes {url!r} by the end of its name: expected {', '.join(known)}, or "
            f"format= one of {', '.join(known.values())}"
        )
    return known[ending]


def _sniff(path: Path, options: Mapping[str, Any]) -> str:
    """Return the first reader that knows what a file is."""
    try:
        there = path.exists()
    except OSError as error:  # such as a name that is too long
        raise BadFileError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if not there:
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise BadFileError(f"no file {str(path)!r}{_beside(path.name, near)}")
    if path.is_dir():
        raise BadFileError(f"{str(path)!r} is a folder: name its files, as in '{path}/*.h5'")

    def order(name: str) -> tuple[bool, bool]:
        # a reader that does not take what is asked for comes after those that do, and one of
        # anything after the others
        reader = readers.get(name)
        return not options.keys() <= parameters(reader).keys(), hasattr(reader, "general")

    for name in sorted(readers, key=order):
        if readers.get(name).recognises(path):  # type: ignore[attr-defined]
            return name
    with path.open("rb") as file:
        start = file.read(16)
    raise BadFileError(
        f"no reader knows what {str(path)!r} is (it begins with {start!r}): its layout is none of "
        f"{', '.join(readers)}, or it is damaged; format= asks for one of them and says more"
    )


def _beside(name: str, there: list[str]) -> str:
    near = difflib.get_close_matches(name, there, n=1)
    return f": did you mean {near[0]!r}?" if near else ""
