"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from jetlens.core.errors import BadFileError

_REFUSED = (
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
)


_PART = ".part"

CACHE = "JETLENS_CACHE"


def cache_folder() -> Path:
    """Return where what is made or fetched once is kept.

    It is the environment variable `CACHE`, or ``jetlens`` in the user's cache.
    """
    if folder := os.environ.get(CACHE):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jetlens"


def expanded(name: str) -> str:
    """Return a file name with its leading environment variable, if it has one, put in.

    Raises
    ------
    BadFileError
        If the variable is not set.
    """
    if not name.startswith("$"):
        return name
    variable, _, rest = name[1:].partition("/")
    folder = os.environ.get(variable.strip("{}"))
    if not folder:
        raise BadFileError(f"data file {name!r}: the environment variable {variable!r} is not set")
    return os.path.join(folder, rest)  # noqa: PTH118 (may hold a pattern)


def remote(name: str) -> bool:
    """Say whether a file's name is the URL of one elsewhere."""
    return "://" in name


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}{_PART}")


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write `path` into one message that names the place."""
    try:
        yield
    except OSError as error:
        if isinstance(error, BadFileError):
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BadFileError(
                f"no space left to write {str(path)!r}: free some, or choose another --out"
            ) from error
        # what is being written cannot be made, as in /proc; other files may be missing, too
        unmade = error.errno == errno.ENOENT and str(error.filename).endswith(_PART)
        if unmade or error.errno in _REFUSED:
            raise BadFileError(f"cannot write {str(path)!r}: {error.strerror}") from error
        if "no space left" in str(error).lower():  # as HDF5 words it, without an errno
            raise BadFileError(f"no space left to write {str(path)!r}: free some") from error
        raise


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Give a path to write a file to; it takes the name `path` only when the block ends well.

    Raises
    ------
    BadFileError
        If the disk is full or the place cannot be written to, or is there and is no plain file;
        nothing is left behind then.
    """
    path = Path(path)
    with told(path):
        if path.exists() and not path.is_file():
            raise BadFileError(f"cannot write {str(path)!r}: it is there and is no plain file")
        part = _beside(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            with part.open("rb+") as written:  # the bytes are on the disk before the name is
                os.fsync(written.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Give a folder to fill; it takes the name `path`, replacing what stood there, at the end."""
    path = Path(path)
    part = _beside(path)
    with told(path):
        try:
            part.mkdir(parents=True)
            yield part
            if path.exists():
                old = _beside(path)
                path.replace(old)
                part.replace(path)
                shutil.rmtree(old)
            else:
                part.replace(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path | str, text: str) -> None:
    """Write a text file atomically."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written in `folder`."""
    if folder.is_dir():
        for part in folder.rglob(f".*{_PART}"):
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
