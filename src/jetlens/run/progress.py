"""What a run says while it works: a line a stage, and a bar on a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any


class Progress:
    """A progress bar over some steps on a terminal; elsewhere silent.

    Parameters
    ----------
    label
        What is being done.
    total
        Steps there are.
    """

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, total
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and self.total > 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.label, total=self.total)
        return self

    def advance(self) -> None:
        """Say that a step is done."""
        if self._bar is not None:
            self._bar.advance(self._task)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class Log:
    """Lines about stages, with the seconds they took.

    Parameters
    ----------
    quiet
        Say nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._start = time.perf_counter()
        self._known: set[str] = set()

    def say(self, text: str) -> None:
        """Print one line on the standard error stream, so that outputs can be piped."""
        if not self.quiet:
            seconds = time.perf_counter() - self._start
            print(f"[{seconds:6.1f} s] {text}", file=sys.stderr, flush=True)

    def is_news(self, fact: str) -> bool:
        """Say whether this is asked for the first time: what holds of every repeat is told once."""
        known = fact in self._known
        self._known.add(fact)
        return not known
