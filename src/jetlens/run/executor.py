"""Where partitions are worked on: here one after the other, or on a Dask cluster.

The same tasks are sent to either, each computes on one thread, and results come back in the order
of the tasks: so they are the same bit for bit.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.run.progress import Progress

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = "20s"
"""How long a scheduler may take to answer."""

HELD = {"MALLOC_MMAP_THRESHOLD_": 2**25, "MALLOC_TRIM_THRESHOLD_": 2**28}
"""Bytes that a worker keeps for later and does not give back to the system (glibc). With the 64 kB
that Dask sets, every tensor of a training is new memory, and a step takes 1.7 times as long."""


class Executor(Protocol):
    """Works through tasks."""

    def map(
        self, function: Callable[[T], R], tasks: Sequence[T], progress: Progress | None = None
    ) -> list[R]:
        """Return ``[function(task) for task in tasks]``; all can be pickled."""


class Serial:
    """One task after the other, in this process."""

    def map(
        self, function: Callable[[T], R], tasks: Sequence[T], progress: Progress | None = None
    ) -> list[R]:
        """Return ``[function(task) for task in tasks]``."""
        done = []
        for task in tasks:
            with one_thread():
                done.append(function(task))
            if progress is not None:
                progress.advance()
        return done


class Dask:
    """Tasks sent to a Dask cluster, which is started when the first come.

    Parameters
    ----------
    workers
        Processes of a cluster on this machine.
    scheduler
        The address of a cluster instead, such as ``"tcp://host:8786"``. Its workers see the same
        files.
    """

    def __init__(self, workers: int = 2, scheduler: str | None = None) -> None:
        self.workers, self.scheduler = workers, scheduler
        self._stack = contextlib.ExitStack()
        self._client: Any = None

    def connect(self) -> Any:
        """Return the cluster's client; connect, or start the cluster, if that is not done yet.

        Raises
        ------
        UnsupportedError
            If no scheduler answers, or workers do not start.
        """
        if self._client is None:
            import dask

            distributed: Any = importlib.import_module("distributed")
            given = dask.config.get("distributed.nanny.pre-spawn-environ")
            dask.config.set(
                {
                    "distributed.comm.timeouts.connect": PATIENCE,
                    "distributed.nanny.pre-spawn-environ": {**given, **HELD},
                }
            )
            try:
                address: Any = self.scheduler
                if address is None:
                    address = self._stack.enter_context(
                        distributed.LocalCluster(
                            n_workers=self.workers,
                            threads_per_worker=1,
                            processes=True,
                            dashboard_address="127.0.0.1:0",  # any free port
                            memory_limit=0,
                            silence_logs="CRITICAL",
                        )
                    )
                self._client = self._stack.enter_context(distributed.Client(address))
            except (OSError, ValueError) as error:
                raise UnsupportedError(
                    f"no Dask scheduler answers at {self.scheduler!r}: expected an address such as "
                    f"'tcp://host:8786' ({error})"
                ) from error
            except RuntimeError as error:
                raise UnsupportedError(
                    f"{self.workers} workers did not start ({error}): a script that starts some "
                    'has to do so below if __name__ == "__main__":, since each of them reads the '
                    "script first"
                ) from None
        return self._client

    def map(
        self, function: Callable[[T], R], tasks: Sequence[T], progress: Progress | None = None
    ) -> list[R]:
        """Return ``[function(task) for task in tasks]``, computed by the cluster."""
        if not tasks:
            return []
        client = self.connect()
        as_completed = importlib.import_module("distributed").as_completed
        futures = client.map(_alone, [(function, task) for task in tasks], pure=False)
        try:
            for future in as_completed(futures):
                future.result()
                if progress is not None:
                    progress.advance()
            found: list[R] = client.gather(futures)
        except BaseException:
            with contextlib.suppress(Exception):
                client.cancel(futures)
            raise
        return found

    def close(self) -> None:
        """Stop the cluster, if it was started here."""
        self._stack.close()
        self._client = None


def _alone(call: tuple[Callable[[Any], Any], Any]) -> Any:
    function, task = call
    with one_thread():
        return function(task)


def end_second_reading() -> None:
    """End a worker that comes here while it reads the script that started it.

    Silently, since who waits for it tells.
    """
    process: Any = multiprocessing.current_process()
    # as multiprocessing itself knows that it is reading the main script again
    if getattr(process, "_inheriting", False) and process.name.startswith("Dask Worker"):
        sys.exit(1)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread inside the block, so that sums are taken in one order everywhere."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def executor(workers: int = 1, scheduler: str | None = None) -> Iterator[Executor]:
    """Choose where tasks are worked on: serially, or on a Dask cluster, stopped at the end.

    Parameters
    ----------
    workers
        More than one starts so many processes on this machine.
    scheduler
        The address of a Dask cluster.
    """
    if workers < 1:
        raise BadValueError(f"workers={workers}: expected at least 1")
    if workers == 1 and scheduler is None:
        yield Serial()
        return
    if workers > 1 and scheduler is not None:
        raise BadValueError(f"workers={workers}: the cluster at {scheduler!r} has its own")
    dask = Dask(workers, scheduler)
    if scheduler is not None:
        dask.connect()  # one that does not answer is told before any work
    try:
        yield dask
    finally:
        dask.close()
