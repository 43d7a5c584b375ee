"""A run's folder: what lies where, and which stages are done.

A stage that begins writes its key into ``.stages``; one that ends says so there, last. A key is a
hash of the stage's part of the recipe, of the stage's version and of what it reads. While a stage
has the same key, what it wrote is kept, so that a killed run goes on; another key starts it afresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadFileError
from jetlens.core.files import sweep, told, write_text
from jetlens.core.hashing import digest

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Store:
    """The places in a run's folder.

    Parameters
    ----------
    root
        The folder.
    """

    root: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.root / "recipe.toml"

    @property
    def jets(self) -> Path:
        """The generated jets, one file a partition."""
        return self.root / "jets"

    @property
    def tagger(self) -> Path:
        """The trained tagger."""
        return self.root / "tagger"

    @property
    def predictions(self) -> Path:
        """The tagger's outputs for the test part, one file a partition."""
        return self.root / "predictions"

    @property
    def attributions(self) -> Path:
        """The attributions that are kept: a group an explanation, in it one a partition."""
        return self.root / "attributions.zarr"

    @property
    def results(self) -> Path:
        """The summaries and ``numbers.json``."""
        return self.root / "results"

    @property
    def partial(self) -> Path:
        """The summaries of single partitions."""
        return self.root / ".partial"

    @property
    def numbers(self) -> Path:
        """The headline numbers, flat."""
        return self.results / "numbers.json"

    @property
    def figures(self) -> Path:
        """The figures."""
        return self.root / "figures"

    @property
    def report(self) -> Path:
        """The page."""
        return self.root / "report.html"

    @property
    def provenance(self) -> Path:
        """Versions, seeds and hashes."""
        return self.root / "provenance.json"

    def repeat(self, number: int) -> Store:
        """Return the folder of a repeat: the first is the run itself."""
        return self if number == 0 else Store(self.root / f"repeat-{number + 1}")

    def _marker(self, stage: str) -> Path:
        return self.root / ".stages" / f"{stage}.json"

    def state(self, stage: str) -> dict[str, Any]:
        """Return what is known of a stage: its ``key``, whether it is ``done``, and more."""
        try:
            known = json.loads(self._marker(stage).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def copy_state(self, other: Store, stage: str) -> None:
        """Take over what another run's folder knows of a stage, with the files themselves."""
        write_text(self._marker(stage), json.dumps(other.state(stage)))

    def begin(
        self, stage: str, key: str, outputs: Iterable[Path], scratch: Iterable[Path] = ()
    ) -> bool:
        """Begin a stage; what another key left behind is removed.

        Parameters
        ----------
        stage, key
            Its name, and the hash of all that it depends on.
        outputs
            Files and folders that stand there when it is done.
        scratch
            Those that it needs only while it is under way.

        Returns
        -------
        Whether there is anything to do: False if the stage is done with this very key.
        """
        outputs = list(outputs)
        known = self.state(stage)
        if known.get("key") == key:
            if known.get("done") and all(path.exists() for path in outputs):
                return False
        else:
            for path in (*outputs, *scratch):
                remove(path)
        write_text(self._marker(stage), json.dumps({"key": key, "done": False}))
        return True

    def finish(self, stage: str, **facts: Any) -> None:
        """Say that a stage is done, with some facts about it."""
        known = self.state(stage)
        write_text(self._marker(stage), json.dumps({**known, **facts, "done": True}, indent=1))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder, and clear away what a killed one left half-written.

        Raises
        ------
        BadFileError
            If another run works there, or the folder cannot be written to.
        """
        with told(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / ".stages").mkdir(exist_ok=True)
            lock = (self.root / ".stages" / "lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadFileError(
                    f"another run is at work in {str(self.root)!r}: wait for it, or choose "
                    "another --out"
                ) from None
            sweep(self.root)
            yield

    def fingerprint(self, paths: Iterable[Path]) -> str:
        """Return one digest of the contents of files and folders, in the order given."""
        files = []
        for path in paths:
            below = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
            files += below
        return digest(*(part for pair in self.hashes(files) for part in pair))

    def hashes(self, files: Iterable[Path]) -> list[tuple[str, str]]:
        """Return names and content hashes of files; read again only if size or time changed."""
        place = self.root / ".stages" / "hashes.json"
        try:
            known = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        found, fresh = [], False
        for path in files:
            absolute = str(path.resolve())
            try:
                status = path.stat()
                stamp = [status.st_size, status.st_mtime_ns]
                if known.get(absolute, [None])[:2] != stamp:
                    known[absolute] = [*stamp, content_hash(path)]
                    fresh = True
            except OSError as error:
                raise BadFileError(f"cannot read {str(path)!r}: {error.strerror}") from error
            found.append((path.name, known[absolute][2]))
        if fresh:
            write_text(place, json.dumps(known))
        return found


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole.update(block)
    return whole.hexdigest()


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
