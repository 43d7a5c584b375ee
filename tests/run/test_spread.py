"""Some jets spread over classes: as equal as there are, whatever the partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.run.spread import EVERY, counts, first_of_each, left_by, shared_out


@pytest.mark.parametrize(
    ("there", "wanted", "found"),
    [
        ([100, 100], 10, [5, 5]),
        ([3, 100, 50], 20, [EVERY, 9, 8]),
        ([100, 2, 0], 7, [5, EVERY, EVERY]),
        ([4, 5], 9, [EVERY, EVERY]),
        ([4, 5], 100, [EVERY, EVERY]),
        ([4, 5], None, [EVERY, EVERY]),
        ([4, 5], 0, [0, 0]),
    ],
)
def test_shares_are_as_equal_as_there_are_jets(there, wanted, found):
    shares = shared_out(np.array(there), wanted)
    assert sorted(shares.tolist()) == sorted(found)
    taken = np.minimum(shares, there)
    assert taken.sum() == min(sum(there), 10**9 if wanted is None else wanted)
    short = taken < there  # what is not taken whole differs by one at most
    assert not short.any() or np.ptp(taken[short]) <= 1


@settings(max_examples=80, deadline=None)
@given(
    label=st.lists(st.integers(-1, 2), min_size=1, max_size=40),
    wanted=st.integers(0, 45),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    seed=st.integers(0, 5),
)
def test_the_same_jets_are_taken_however_they_are_cut(label, wanted, cuts, seed):
    label = np.array(label)
    among = np.random.default_rng(seed).random(len(label)) < 0.7
    total = counts(label, 3, among)
    shares = shared_out(total, wanted)
    whole = first_of_each(label, shares, among)
    assert len(whole) == min(wanted, among.sum())
    assert among[whole].all()
    for k in range(-1, 3):
        own = np.flatnonzero(among & (label == k))
        np.testing.assert_array_equal(np.intersect1d(whole, own), own[: shares[k]])
    parts = np.split(np.arange(len(label)), sorted(min(c, len(label)) for c in cuts))
    there = [counts(label[p], 3, among[p]) for p in parts]
    found = [
        p[first_of_each(label[p], left, among[p])]
        for p, left in zip(parts, left_by(there, shares), strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate(found), whole)
