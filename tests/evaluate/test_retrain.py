from __future__ import annotations

import numpy as np
import pytest

from jetlens.evaluate.retrain import kept, needed, orders

EXPERTS = [("jets", "z"), ("jets", "theta"), ("jets", "r1")]
ALL = [("jets", "z"), ("image", None), ("jets", "theta")]
INPUTS = {"image": ["pt", "charge"], "jets": ["theta", "z"]}


def test_there_are_three_kinds_of_orders_of_the_same_inputs():
    found = orders(EXPERTS, 4, seed=3)
    assert [kind for kind, _ in found] == ["relevance", *["random"] * 4, "reverse"]
    assert found[0][1] == EXPERTS
    assert found[-1][1] == EXPERTS[::-1]
    assert all(sorted(order) == sorted(EXPERTS) for _, order in found)
    assert found == orders(EXPERTS, 4, seed=3)
    assert len({tuple(o) for _, o in orders(EXPERTS, 20, seed=3)[1:-1]}) > 3


def test_what_is_needed_comes_first_in_every_order():
    for _, order in orders(ALL, 5, seed=1, needed=["image"]):
        assert order[0] == ("image", None)
    relevance, *_, reverse = (o for _, o in orders(ALL, 1, seed=1, needed=["image"]))
    assert relevance[1:] == [("jets", "z"), ("jets", "theta")]
    assert reverse[1:] == [("jets", "theta"), ("jets", "z")]


def test_inputs_stay_in_the_taggers_own_order():
    assert kept(INPUTS, ALL) == INPUTS
    assert kept(INPUTS, [("jets", "z"), ("image", None)]) == {
        "image": ["pt", "charge"],
        "jets": ["z"],
    }
    assert kept(INPUTS, [("jets", "z")]) == {"jets": ["z"]}
    assert kept({"constituents": ["pt", "deta"]}, [("constituents", "deta")]) == {
        "constituents": ["deta"]
    }


@pytest.mark.parametrize(
    ("use", "inputs", "expected"),
    [
        ("cnn2d", {"image": ["pt"], "jets": ["z"]}, ["image"]),
        ("cnn1d", {"constituents": ["pt"], "jets": ["z"]}, ["constituents"]),
        ("mlp", {"jets": ["z", "theta"]}, []),
        ("cnn2d", {"image": ["pt"]}, []),
    ],
)
def test_collections_that_a_tagger_needs(use, inputs, expected):
    import torch

    before = torch.random.get_rng_state()
    assert needed({"use": use}, inputs, ("background", "signal")) == expected
    np.testing.assert_array_equal(before.numpy(), torch.random.get_rng_state().numpy())
