"""What rows are called follows from what they have."""

from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core import attribution
from jetlens.core.batch import EVENTS, JETS, SHOWERS, concatenate
from jetlens.summarise.jets.rows import rows, rows_of
from synthetic import scanned


@pytest.mark.parametrize(
    ("collection", "called"),
    [("constituents", JETS), ("objects", EVENTS), ("hits", SHOWERS), ("tracks", JETS)],
)
def test_rows_are_called_after_what_they_have(collection: str, called: str) -> None:
    batch = jl.batch(
        {"jets": (np.zeros((4, 1)), ["pt"]), collection: (np.zeros((4, 2, 1)), ["pt"])},
        label=["a", "b", "a", "b"],
    )
    said = attribution.build(
        concatenate([batch, batch.take([1, 2])]),
        {"jets": ["pt"]},  # whatever is an input
        {},
        classes=batch.classes,
        output=np.zeros((6, 2)),
        target=np.zeros(6, np.int64),
    )
    assert rows(said) == called
    assert rows_of(jl.summarise(said, "performance", replicas=3)) == called


def test_results_know_what_they_are_of() -> None:
    jets = scanned(60, 9)
    for name in ("nudge-scan", "performance"):
        assert rows_of(jl.summarise(jets, name, replicas=3)) == JETS
        result = jl.summarise(jets.assign_attrs(called=SHOWERS), name, replicas=3)
        assert rows_of(result) == rows_of(result + result) == SHOWERS
