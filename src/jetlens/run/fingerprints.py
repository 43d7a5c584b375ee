"""Digests of what files hold, read again only where their size or time has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadFileError
from jetlens.core.files import write_text
from jetlens.core.hashing import digest

_BLOCK = 1 << 20


def fingerprint(paths: Iterable[Path], known: Path) -> str:
    """Return one digest of the contents of files and folders, in the order given.

    Parameters
    ----------
    paths
        The files and folders. Their names count, but not where they lie.
    known
        The file in which the hashes are kept.

    Raises
    ------
    BadFileError
        If one cannot be read.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return digest(*(part for pair in hashes(files, known) for part in pair))


def hashes(files: Iterable[Path], known: Path) -> list[tuple[str, str]]:
    """Return names and content hashes of files; those in the file `known` are not read again."""
    table = _table(known)
    found, fresh = [], False
    for path in files:
        absolute = str(path.resolve())
        try:
            status = path.stat()
            stamp = [status.st_size, status.st_mtime_ns]
            if table.get(absolute, [])[:2] != stamp:
                table[absolute] = [*stamp, _of(path)]
                fresh = True
        except OSError as error:
            raise BadFileError(f"cannot read {str(path)!r}: {error.strerror}") from error
        found.append((path.name, table[absolute][2]))
    if fresh:
        write_text(known, json.dumps(table))
    return found


def _table(known: Path) -> dict[str, list[Any]]:
    """Return size, time and hash by file, as far as they can be read."""
    try:
        table = json.loads(known.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = table.items() if isinstance(table, dict) else ()
    return {name: row for name, row in entries if isinstance(row, list) and len(row) == 3}


def _of(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole.update(block)
    return whole.hexdigest()
