from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from jetlens.summarise.estimates import named
from jetlens.summarise.trainings.retrainings import (
    compared,
    over_retrainings,
    over_trainings,
    place_of,
)


def trained(**values):
    numbers = {
        k.replace("_", "."): {"value": v, "low": v - 1, "high": v + 2} for k, v in values.items()
    }
    return SimpleNamespace(numbers=lambda: numbers)


def test_the_interval_holds_spread_and_the_tests_error():
    rng = np.random.default_rng(1)
    replicas = np.concatenate([[0.8], 0.8 + 0.03 * rng.normal(size=4000)])
    each = [(v, replicas - 0.8 + v) for v in (0.7, 0.8, 0.9)]
    number = over_trainings(each)
    assert number["value"] == pytest.approx(0.8)
    assert number["high"] - 0.8 == pytest.approx(np.hypot(0.1, 0.03), rel=0.02)
    assert 0.8 - number["low"] == pytest.approx(np.hypot(0.1, 0.03), rel=0.02)
    single = over_trainings(each[:1])
    assert single["high"] - 0.7 == pytest.approx(0.03, rel=0.05)


def test_the_interval_holds_the_deviation_and_the_tests_error():
    some = [trained(r_a=1.0, r_b=0.0), trained(r_a=3.0, r_b=0.0), trained(r_a=5.0)]
    number = over_retrainings(some)
    assert set(number) == {"r.a"}
    low, high = 3.0 - np.hypot(2.0, 1.0), 3.0 + np.hypot(2.0, 2.0)
    assert number["r.a"] == {"value": 3.0, "low": pytest.approx(low), "high": pytest.approx(high)}
    assert over_retrainings(some[:1])["r.a"] == {"value": 1.0, "low": 0.0, "high": 3.0}


def test_identical_trainings_keep_the_tests_error():
    (number,) = over_retrainings([trained(r_a=2.0)] * 4).values()
    assert number == {"value": 2.0, "low": 1.0, "high": 4.0}


@pytest.mark.parametrize(("shared", "most"), [(1.0, 1.05), (0.0, 2.5)])
def test_the_tests_error_without_replicas_is_not_too_small(shared, most):
    """Of trainings that err alike it is that of their mean's replicas, of others it is larger."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=500)
    each = []
    for _ in range(4):
        noise = shared * common + np.sqrt(1 - shared**2) * rng.normal(size=500)
        each.append(np.concatenate([[0.5], 0.5 + 0.02 * noise]))
    exact = over_trainings([(0.5, r) for r in each])
    (found,) = over_retrainings(
        [SimpleNamespace(numbers=lambda r=r: named("r.a", r)) for r in each]
    ).values()
    ratio = (found["high"] - found["low"]) / (exact["high"] - exact["low"])
    assert 0.95 < ratio < most


def test_numbers_tell_the_share_of_replicas_that_define_them():
    replicas = np.array([0.8, 0.7, np.nan, 0.8, 0.9, 0.8])
    other = np.array([0.8, np.nan, 0.8, 0.8, 0.7, 0.9])
    assert over_trainings([(0.8, replicas), (0.8, other)])["defined"] == pytest.approx(0.6)
    assert over_trainings([(0.8, replicas), (0.8, np.full(6, np.nan))]) == {}
    shares = (0.9, 0.7, 1.0)
    each = [trained(r_a=1.0), trained(r_a=2.0), trained(r_a=3.0)]
    for training, share in zip(each, shares, strict=True):
        if share < 1:
            training.numbers()["r.a"]["defined"] = share
    assert over_retrainings(each)["r.a"]["defined"] == 0.7


def test_the_place_follows_the_first_word():
    groups = {
        (("data.difficulty", "1"), ("model", "image")): [trained(r_a=1.0), trained(r_a=2.0)],
        (("data.difficulty", "2"), ("model", "image")): [trained(r_a=4.0, s_b=1.0)],
    }
    ensemble = SimpleNamespace(groups=lambda: groups)
    assert set(compared(ensemble)) == {"r.1,image.a", "r.2,image.a", "s.2,image.b"}
    assert compared(ensemble)["r.1,image.a"]["value"] == pytest.approx(1.5)
    assert set(compared(ensemble, ("s",))) == {"s.2,image.b"}
    assert place_of(()) == ""
    assert list(compared(SimpleNamespace(groups=lambda: {(): [trained(r_a=1.0)]}))) == ["r.a"]
