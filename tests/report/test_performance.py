"""The section about performance."""

from __future__ import annotations

import jetlens as jl
from jetlens.report.content import Table
from jetlens.report.facts import Facts
from jetlens.report.performance import performance
from searches import events


def captions(called: str) -> str:
    jets = events(300).assign_attrs(called=called)
    result = jl.summarise(jets, "performance", replicas=5, signal_with={"resonance_mass": 1000.0})
    told = Facts({}, "", {}, {}, {}, [(result, None)], [], {})
    tables = [b for b in performance(told).blocks if isinstance(b, Table)]
    return " ".join(str(t.caption) for t in tables)


def test_what_is_tagged_is_called_what_it_is():
    assert "no jet of the background passes. Jets: signal" in captions("jets")
    assert "no event of the background passes. Events: signal" in captions("events")
    assert "jet" not in captions("showers").lower()
