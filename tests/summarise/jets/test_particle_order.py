from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.arrays import batch
from jetlens.core.attribution import build
from jetlens.core.errors import UnknownNameError, UnsupportedError
from jetlens.summarise.jets.particle_order import (
    momentum_shares,
    ordered,
    particle_variable,
    shares,
)


def made(values, mask, names=("pt", "deta"), truth=None):
    values = np.asarray(values, dtype=np.float64)
    jets = batch(
        {"constituents": (values, names, np.asarray(mask))},
        truth={"constituents": truth or {}},
        label=np.zeros(len(values), int),
        classes=("a", "b"),
    )
    output = np.zeros((len(values), 2))
    return build(
        jets,
        {"constituents": names},
        {},
        classes=("a", "b"),
        output=output,
        target=np.zeros(len(values), int),
    )


JETS = made(
    [[[3, 0.1], [9, 0.5], [5, -0.2], [7, 0.3]], [[1, 0], [2, 1], [4, 2], [3, 3]]],
    [[True, False, True, True], [False, False, False, False]],
)


def test_the_largest_goes_first_and_padding_last():
    for order, places in (("", [3, 2, 0]), ("deta", [3, 0, 2]), ("listed", [0, 2, 3])):
        found = ordered(JETS, "constituents", order, 5)
        assert found.place.shape == found.there.shape == (2, 5)
        assert list(found.place[0, :3]) == places
        np.testing.assert_array_equal(found.there, [[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
    first = ordered(JETS, "constituents", "", 2)
    np.testing.assert_array_equal(
        first.of(JETS["constituents_value"].values[..., 0]), [[7, 5], [0, 0]]
    )


def test_a_particle_without_a_value_comes_after_the_others():
    jets = made([[[np.nan, 0], [2, 0], [9, 0]]], [[True, True, False]])
    found = ordered(jets, "constituents", "pt", 3)
    assert list(found.place[0, :2]) == [1, 0]
    assert list(found.there[0]) == [True, True, False]


def test_ties_stay_as_they_are_listed():
    jets = made([[[2, 0], [2, 1], [2, 2]]], [[True] * 3])
    assert list(ordered(jets, "constituents", "pt", 3).place[0]) == [0, 1, 2]


def test_what_stands_beside_the_inputs_orders_too():
    jets = made(
        [[[0.1], [0.2], [0.3]]], [[True] * 3], ("deta",), {"pt": np.array([[5.0, 7.0, 6.0]])}
    )
    found = ordered(jets, "constituents", "", 3)
    assert list(found.place[0]) == [1, 2, 0]
    assert found.words == "$p_T$"
    np.testing.assert_allclose(momentum_shares(jets, "constituents"), [[5 / 18, 7 / 18, 6 / 18]])


def test_shares_of_momentum_from_any_variable_that_tells_it():
    pt = np.array([[4.0, 1.0, 3.0]])
    plain = made(pt[..., None], [[True, True, False]], ("pt_frac",))
    logarithm = made(np.log(pt)[..., None], [[True, True, False]], ("log_pt",))
    for jets in (plain, logarithm):
        np.testing.assert_allclose(momentum_shares(jets, "constituents"), [[0.8, 0.2, 0]])
    assert momentum_shares(made(pt[..., None], [[True] * 3], ("deta",)), "constituents") is None
    np.testing.assert_allclose(momentum_shares(JETS, "constituents", "pt")[1], 0)


def test_shares_of_nothing_are_zero():
    np.testing.assert_allclose(
        shares(np.array([[0.0, np.nan], [-1.0, 3.0]])), [[0, 0], [0.25, 0.75]]
    )


def test_unknown_names_have_a_nearest():
    with pytest.raises(UnknownNameError, match=r"did you mean 'constituents\.deta'"):
        particle_variable(JETS, "constituents", "delta")
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        ordered(JETS, "constituent", "", 2)
    with pytest.raises(UnsupportedError, match="no collection of particles 'tracks'"):
        ordered(JETS, "tracks", "", 2)
