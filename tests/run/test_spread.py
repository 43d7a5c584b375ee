"""Some jets spread over classes: as equal as there are, whatever the partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.run.spread import EVERY, counts, cut, first_of_each, left_by, shared_out


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


@settings(max_examples=80, deadline=None)
@given(
    there=st.lists(st.integers(0, 90), max_size=12),
    parts=st.integers(1, 9),
    least=st.integers(1, 6),
)
def test_few_partitions_are_cut_into_tasks_of_like_size(there, parts, least):
    found = cut(there, parts, least)
    assert len(found) == len(there)
    for n, ranges in zip(there, found, strict=True):
        ends = [0, *(end for _, end in ranges)]
        assert [begin for begin, _ in ranges] == ends[:-1]  # one after the other, with no gap
        assert ends[-1] == n
        sizes = [end - begin for begin, end in ranges]
        assert not sizes or min(sizes) >= max(max(sizes) - 1, 1)
    tasks = sum(map(len, found))
    whole = sum(n > 0 for n in there)
    if whole >= parts:
        assert tasks == whole
    else:
        assert tasks >= min(parts, sum(there) // least)


def test_what_is_wanted_of_few_jets_is_in_several_tasks():
    assert cut([20, 4], 8, 4) == [[(0, 4), (4, 8), (8, 12), (12, 16), (16, 20)], [(0, 4)]]
    assert cut([5, 0, 3], 2, 4) == [[(0, 5)], [], [(0, 3)]]
    assert cut([], 8, 4) == []
