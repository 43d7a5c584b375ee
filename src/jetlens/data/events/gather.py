"""Generating events until enough of them hold what is asked for, of each of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.data.events.generator import EventRecord, Generator

AT_FIRST, AT_ONCE = 30, 300
"""Events generated in a batch."""

IN_VAIN = 100_000
"""Events after which there is no hope if none of them has anything."""

KIND_BITS, EVENT_BITS = 8, 24  # kinds of events of a dataset, events of a partition

Tables = dict[str, NDArray[np.void]]
Found = TypeVar("Found", bound=Sized)


class Gathered(NamedTuple):
    """What passed, and out of how much."""

    tables: Tables
    """As many rows as were wanted; ``eventNumber`` counts the events from 0."""
    found: int
    """How many passed, those included that were more than wanted."""
    tried: int
    """Events begun, those given up early included."""


def gather(
    pythia: Generator,
    find: Callable[[EventRecord], Found],
    to_tables: Callable[[EventRecord, Found], Tables],
    wanted: int,
    sought: str,
) -> Gathered:
    """Generate events until so many rows of tables are found in them.

    Parameters
    ----------
    pythia
        The source of events, seeded.
    find
        Selects from a batch of events; the length of what it returns is the number of rows.
    to_tables
        Makes the tables of what was found; ``jets`` has a column ``eventNumber``.
    wanted
        Number of rows, at least one.
    sought
        What is looked for, in words.

    Raises
    ------
    BadValueError
        If nothing is found in 100,000 events.
    """
    made: list[Tables] = []
    found = events = 0
    while found < wanted:
        record = pythia.events(_next_batch(events, found, wanted))
        passed = find(record)
        if len(passed):
            tables = to_tables(record, passed)
            tables["jets"]["eventNumber"] += events
            made.append(tables)
        found += len(passed)
        events += record.events
        tried = events + pythia.given_up
        if found == 0 and tried >= IN_VAIN:
            raise BadValueError(f"none of {tried} events has {sought}")
    tables = {name: np.concatenate([m[name] for m in made])[:wanted] for name in made[0]}
    return Gathered(tables, found, events + pythia.given_up)


def _next_batch(events: int, found: int, wanted: int) -> int:
    """Return how many events to generate next, so that few are thrown away at the end."""
    if found == 0:
        return min(AT_FIRST, 5 * wanted + 4)
    return int(min(AT_ONCE, 1.02 * (wanted - found) * events / found + 2))


def fill(
    tables: Mapping[str, NDArray[np.void]],
    kind: NDArray[np.int64],
    partition: int,
    make: Callable[[int, int], Tables],
) -> None:
    """Fill the rows of tables, each with events of its kind.

    Event numbers differ from those of other kinds and partitions.

    Parameters
    ----------
    tables
        The tables, of ``len(kind)`` rows.
    kind
        Which kind each row is of.
    partition
        The partition's index.
    make
        Makes the tables of a kind, of so many rows.
    """
    for k, wanted in enumerate(np.bincount(kind)):
        if wanted:
            made = make(k, int(wanted))
            made["jets"]["eventNumber"] += ((partition << KIND_BITS) + k) << EVENT_BITS
            for name, table in made.items():
                tables[name][kind == k] = table
