from __future__ import annotations

from types import SimpleNamespace

import pytest

from jetlens.summarise.trainings.retrainings import compared, over_retrainings, place_of


def trained(**values):
    numbers = {
        k.replace("_", "."): {"value": v, "low": v - 1, "high": v + 2} for k, v in values.items()
    }
    return SimpleNamespace(numbers=lambda: numbers)


def test_the_interval_is_the_deviation_over_retrainings():
    found = over_retrainings(
        [trained(r_a=1.0, r_b=0.0), trained(r_a=3.0, r_b=0.0), trained(r_a=5.0)]
    )
    assert found == {"r.a": {"value": 3.0, "low": 1.0, "high": 5.0}}
    assert over_retrainings([trained(r_a=1.0)]) == {"r.a": {"value": 1.0, "low": 0.0, "high": 3.0}}


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
