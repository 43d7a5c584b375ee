from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from jetlens.core.errors import BadValueError
from jetlens.data.events.gather import fill, gather

KIND = np.dtype([("eventNumber", "i8"), ("x", "f8")])


class Source:
    """Events numbered from 0, of which each third is good; one is given up for each generated."""

    def __init__(self, good: int = 3) -> None:
        self.good, self.made = good, 0

    @property
    def given_up(self) -> int:
        return self.made

    def events(self, count: int) -> SimpleNamespace:
        self.made += count
        return SimpleNamespace(events=count, first=self.made - count)


def collected(source: Source, wanted: int):
    def find(record):
        numbers = np.arange(record.first, record.first + record.events)
        return np.flatnonzero(numbers % source.good == 0) if source.good else []

    def to_tables(record, found):
        table = np.zeros(len(found), dtype=KIND)
        table["eventNumber"], table["x"] = found, found + record.first
        return {"jets": table, "more": np.zeros((len(found), 2), dtype=KIND)}

    return gather(source, find, to_tables, wanted, "a third")


def test_as_much_as_is_wanted_is_gathered_and_all_that_was_tried_counts() -> None:
    source = Source()
    tables, found, tried = collected(source, 100)
    jets = tables["jets"]
    assert jets["x"].tolist() == list(range(0, 300, 3))
    np.testing.assert_array_equal(jets["eventNumber"], jets["x"])  # numbered through the batches
    assert tables["more"].shape == (100, 2)
    assert tried == 2 * source.made
    assert found == -(-source.made // 3)
    assert 100 <= found < 115


def test_nothing_at_all_is_told(monkeypatch) -> None:
    monkeypatch.setattr("jetlens.data.events.gather.IN_VAIN", 100)
    with pytest.raises(BadValueError, match=r"none of 1\d\d events has a third"):
        collected(Source(good=0), 4)


def test_rows_are_of_their_kind_and_events_of_no_other() -> None:
    kind = np.array([2, 0, 2, 2, 0])
    asked = []

    def make(k: int, wanted: int):
        asked.append((k, wanted))
        table = np.zeros(wanted, dtype=KIND)
        table["eventNumber"], table["x"] = np.arange(wanted), k + np.arange(wanted) / 10
        return {"jets": table}

    tables = {"jets": np.zeros(5, dtype=KIND)}
    fill(tables, kind, 7, make)
    assert asked == [(0, 2), (2, 3)]
    assert tables["jets"]["x"].tolist() == [2.0, 0.0, 2.1, 2.2, 0.1]
    first = tables["jets"]["eventNumber"].copy()
    fill(tables, kind, 8, make)
    assert len({*first, *tables["jets"]["eventNumber"]}) == 10
