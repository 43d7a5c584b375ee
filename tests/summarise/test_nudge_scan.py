"""Scans of scales, against what jets one by one say."""

from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.summarise.nudge_scan import FLIPPED, PROBABILITIES
from synthetic import SCALES, graded, scanned


@pytest.fixture(scope="module")
def jets():
    return scanned(600, 8, weighted=False)


@pytest.fixture(scope="module")
def found(jets):
    return jl.summarise(jets, "nudge-scan", replicas=30)


def moved_of(jets, label):
    there = np.isfinite(jets["moved_output"].values).all((1, 2))
    return np.flatnonzero(there & (jets["label"].values == label))


def test_scores_are_quantiles_of_the_class_stepped_toward(jets, found):
    odds, ends = found.summary.score(found)
    for g, label in ((1, 0), (2, 1)):
        some = moved_of(jets, label)
        said = jets["moved_output"].values[some]
        own = said[:, :, label] - said[:, :, 1 - label]  # of two classes
        wanted = np.quantile(own, PROBABILITIES, axis=0).T
        np.testing.assert_allclose(odds[g], wanted, rtol=1e-6, atol=1e-6)
    assert (ends[0] <= odds).all()
    assert (ends[1] >= odds).all()
    number = found.numbers()["nudge.probability.quark.1"]
    assert number["value"] == pytest.approx(1 / (1 + np.exp(-odds[2, 2, 2])))


def test_shares_are_those_of_jets(jets, found):
    before = jets["output"].values.argmax(1)
    for g, label in ((1, 0), (2, 1)):
        some = moved_of(jets, label)
        flips = jets["moved_output"].values[some].argmax(2) != before[some, None]
        value, low, high = found.summary.share(found, FLIPPED)
        np.testing.assert_allclose(value[g], flips.mean(0))
        assert value[g, 0] == low[g, 0] == 0 < high[g, 0] < 0.1  # Wilson's, of none
        for name in ("unphysical", "unphysical_outside"):
            value, low, high = found.summary.share(found, name)
            np.testing.assert_allclose(value[g], jets[name].values[some].mean(0))
            number = found.numbers()[f"nudge.{name}.{('gluon', 'quark')[label]}.1"]
            at = SCALES.index(1.0)
            assert (number["value"], number["low"]) == (value[g, at], low[g, at])
    assert sorted(found.summary.reasons(found)) == ["negative", "off_shell", "outside"]


def test_half_flip_by_the_median_of_first_flips(jets, found):
    half = found.summary.flip_scale(found)
    before = jets["output"].values.argmax(1)
    some = moved_of(jets, 1)
    flips = jets["moved_output"].values[some].argmax(2) != before[some, None]
    first = np.where(flips.any(1), flips.argmax(1), len(SCALES))
    upto = [(first <= k).mean() for k in range(len(SCALES))]
    wanted = np.interp(0.5, upto, SCALES)
    assert half[2, 0] == pytest.approx(wanted)
    assert 0 < np.nanstd(half[2, 1:]) < 0.5
    assert np.isnan(found.summary.flip_scale(found, share=0.999)[2, 0])


def test_a_decision_that_flips_back_is_counted_once(jets):
    said = jets["moved_output"].values.copy()
    said[:, -1] = jets["output"].values  # at the last scale all is as it was
    back = jl.summarise(
        jets.assign(moved_output=(jets["moved_output"].dims, said)), "nudge-scan", replicas=5
    )
    some = moved_of(jets, 1)
    before = jets["output"].values.argmax(1)
    flips = said[some].argmax(2) != before[some, None]
    assert back.summary.share(back, FLIPPED)[0][2, -1] == 0
    np.testing.assert_allclose(back.summary.share(back, "first")[0][2].sum(), flips.any(1).mean())
    ever = back.numbers()["nudge.ever.quark"]
    assert ever["value"] == pytest.approx(flips.any(1).mean())
    assert ever["low"] < ever["value"] < ever["high"]


def test_what_was_not_moved_by_a_scan_is_refused(jets):
    with pytest.raises(jl.JetlensError, match="expected an attribution of 'nudge'"):
        jl.summarise(graded(20), "nudge-scan")
    nowhere = jets.assign(target=("jet", np.full(jets.sizes["jet"], -1)))
    with pytest.raises(jl.JetlensError, match="toward no class"):
        jl.summarise(nowhere, "nudge-scan")
