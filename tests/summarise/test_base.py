from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from synthetic import attribution


def test_replicas_go_by_event():
    jets = attribution(3000)
    weights = jl.summarise(jets, "top-origin").summary.weights(jets)
    event = jets["event"].values
    times = weights / jets["weight"].values[:, None]
    np.testing.assert_allclose(times[:, 0], 1)
    same = event[1:] == event[:-1]
    np.testing.assert_allclose(times[1:][same], times[:-1][same])
    assert times[:, 1:].mean() == pytest.approx(1, abs=0.02)
    assert times[:, 1:].var() == pytest.approx(1, abs=0.05)


def test_intervals_have_the_width_that_counting_gives_and_widen_with_repeated_events():
    jets = attribution(3000, weighted=False).assign(event=("jet", np.arange(3000)))
    single = jl.summarise(jets, "performance", replicas=400).numbers()["accuracy"]
    p = single["value"]
    half = (single["high"] - single["low"]) / 2
    assert half == pytest.approx(np.sqrt(p * (1 - p) / 3000) * 0.9945, rel=0.12)
    # the same jet four times an event: four times the jets, no more information
    fourfold = jets.isel(jet=np.repeat(np.arange(3000), 4))
    again = jl.summarise(fourfold, "performance", replicas=400).numbers()["accuracy"]
    assert (again["high"] - again["low"]) / 2 == pytest.approx(half, rel=1e-9)


def test_arguments_are_checked():
    with pytest.raises(BadValueError, match="replicas=1"):
        summaries.make("top-origin", replicas=1)
    with pytest.raises(BadValueError, match="did you mean 'correct'"):
        summaries.make("top-origin", select="corect")
    with pytest.raises(BadValueError, match="normalise='most'"):
        summaries.make("box", normalise="most")
