"""Which of several means is the largest, in how many of the replicas."""

import numpy as np
import pytest

from jetlens.summarise.estimates import wilson
from jetlens.summarise.sums.leads import lead_shares, leads, named_lead


def means(replicas):
    """Return two groups of three, of which the first has its second largest in 6 of 8 replicas."""
    found = np.zeros((2, 3, 1 + replicas))
    found[0, 1] = 1
    found[0, 2, 1:3] = 2
    found[1] = np.nan
    return found


def test_replicas_in_which_each_is_the_largest_are_counted():
    np.testing.assert_array_equal(leads(means(8)), [[0, 6, 2], [0, 0, 0]])


def test_what_is_below_zero_can_be_the_largest():
    np.testing.assert_array_equal(leads(means(8) - 5)[0], [0, 6, 2])


def test_shares_add_up_to_one_and_a_group_without_any_has_none():
    shares = lead_shares(means(8))
    np.testing.assert_allclose(shares[0], [0, 0.75, 0.25])
    assert np.isnan(shares[1]).all()


def test_a_replica_that_does_not_define_all_of_them_does_not_count():
    estimates = means(8)
    estimates[0, 0, 4] = np.nan
    led = leads(estimates)[0]
    np.testing.assert_array_equal(led, [0, 5, 2])
    number = named_lead("first", led, 1, 8)["first"]
    assert number["defined"] == 7 / 8
    assert number["value"] == pytest.approx(5 / 7)


def test_the_share_has_wilsons_interval():
    led = leads(means(8))[0]
    number = named_lead("first", led, 1, 8)["first"]
    assert (number["low"], number["high"]) == pytest.approx(wilson(0.75, 8))
    assert "defined" not in number


def test_what_too_few_replicas_define_is_not_given():
    assert named_lead("first", np.array([0.0, 3.0]), 1, 8) == {}
    assert named_lead("first", np.zeros(2), 1, 8) == {}
