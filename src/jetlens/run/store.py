"""A run's folder: what lies where, and which stages are done.

A stage that begins writes its key into ``.stages``, and all that it makes into a folder there. When
it ends, its outputs move to their places, where they replace those of an earlier key: until then
these stay, and count. A key is a hash of the stage's part of the recipe, of the stage's version and
of what it reads. While a stage has the same key, what it wrote is kept, so that a killed run goes
on; another key starts it afresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadFileError, JetlensError
from jetlens.core.files import sweep, told, write_text
from jetlens.run.fingerprints import fingerprint


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

    @property
    def _outputs(self) -> tuple[Path, ...]:
        """What a run writes over, or removes."""
        made = (self.recipe, self.jets, self.tagger, self.predictions, self.attributions)
        return (*made, self.results, self.figures, self.report, self.provenance)

    def repeat(self, number: int) -> Store:
        """Return the folder of a repeat: the first is the run itself."""
        return self if number == 0 else Store(self.root / f"repeat-{number + 1}")

    def _marker(self, stage: str) -> Path:
        return self.root / ".stages" / f"{stage}.json"

    def state(self, stage: str) -> dict[str, Any]:
        """Return what is known of a stage: its ``key``, whether it is ``done``, and more.

        ``begun`` is the key that is worked on, where it is another.
        """
        try:
            known = json.loads(self._marker(stage).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def copy_state(self, other: Store, stage: str) -> None:
        """Take over what another run's folder knows of a stage, with the files themselves."""
        write_text(self._marker(stage), json.dumps(other.state(stage)))

    def work(self, stage: str, path: Path) -> Path:
        """Return where a stage under way writes what will stand at `path`."""
        return self._work(stage) / path.relative_to(self.root)

    def _work(self, stage: str) -> Path:
        return self.root / ".stages" / f"{stage}.work"

    def begin(self, stage: str, key: str, outputs: Iterable[Path]) -> bool:
        """Begin a stage, or go on with it; what another key had begun is removed.

        Parameters
        ----------
        stage, key
            Its name, and the hash of all that it depends on.
        outputs
            Files and folders that stand there when it is done.

        Returns
        -------
        Whether there is anything to do: False if the stage is done with this very key.
        """
        known = self.state(stage)
        if known.get("key") == key:
            if "moving" in known:  # it was killed while its outputs moved
                self._move(stage)
                known = self.state(stage)
            if known.get("done") and all(path.exists() for path in outputs):
                if "begun" in known:  # another key, given up
                    remove(self._work(stage))
                    self._mark(stage, {k: v for k, v in known.items() if k != "begun"})
                return False
        if known.get("begun") != key:
            remove(self._work(stage))
            known.pop("moving", None)
            self._mark(stage, {**known, "begun": key})
        return True

    def finish(self, stage: str, outputs: Iterable[Path], **facts: Any) -> None:
        """Put a stage's outputs into their places, and say that it is done, with some facts."""
        names = [str(path.relative_to(self.root)) for path in outputs]
        key = self.state(stage)["begun"]
        self._mark(stage, {"key": key, "done": False, **facts, "moving": names})
        self._move(stage)

    def _move(self, stage: str) -> None:
        known = self.state(stage)
        for name in known.pop("moving"):
            made, place = self._work(stage) / name, self.root / name
            if made.exists():
                remove(place)
                with told(place):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    made.replace(place)
        remove(self._work(stage))
        self._mark(stage, {**known, "done": True})

    def _mark(self, stage: str, known: dict[str, Any]) -> None:
        write_text(self._marker(stage), json.dumps(known, indent=1))

    def create(self) -> None:
        """Make the folder, if it is not there.

        Raises
        ------
        BadFileError
            If that cannot be, or what stands there under a run's names is not of a run.
        """
        stages = self.root / ".stages"
        others = [p.name for p in self._outputs if p.exists()] if not stages.exists() else []
        if others:
            raise BadFileError(
                f"{str(self.root)!r} is no run's folder, and a run would replace what is called "
                f"{', '.join(others)} there: choose another --out"
            )
        try:
            with told(self.root):
                stages.mkdir(parents=True, exist_ok=True)
        except BadFileError:
            raise
        except OSError as error:  # some file systems, such as /proc, refuse in ways of their own
            raise BadFileError(f"cannot write {str(self.root)!r}: {error.strerror}") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder, and clear away what a killed one left half-written.

        A folder that was made here goes again, if what is asked for is wrong and nothing was begun.

        Raises
        ------
        BadFileError
            If another run works there, or the folder cannot be written to.
        """
        new = not self.root.exists()
        self.create()
        with told(self.root):
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
            try:
                yield
            except JetlensError:
                if new and all(p.name in _BARE for p in self.root.rglob("*") if p.is_file()):
                    remove(self.root)
                raise

    def fingerprint(self, paths: Iterable[Path]) -> str:
        """Return one digest of the contents of files and folders, in the order given."""
        return fingerprint(paths, self.root / ".stages" / "hashes.json")


_BARE = ("lock", "recipe.toml")
"""Files of a folder in which nothing was begun."""


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
