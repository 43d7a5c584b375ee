from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadFileError
from jetlens.plots import caption
from jetlens.summarise.trainings.retrained import RANDOM, RELEVANCE, REVERSE, Retrained

LINES = (
    (RELEVANCE, ("jets.z", "jets.theta", "jets.r1")),
    (RANDOM, ("jets.theta", "jets.r1", "jets.z")),
    (RANDOM, ("jets.r1", "jets.z", "jets.theta")),
    (REVERSE, ("jets.r1", "jets.theta", "jets.z")),
)
MEANS = np.array([[0.9, 0.95, 0.97], [0.7, 0.8, 0.97], [0.6, 0.9, 0.97], [0.5, 0.7, 0.97]])
SHIFTS = np.array([-0.01, 0.0, 0.01])


def retrained(noise: float = 0.0, retrainings=SHIFTS) -> Retrained:
    """Three trainings a point, shifted alike in all orders, and 2,000 replicas."""
    rng = np.random.default_rng(5)
    table = MEANS[..., None, None] + retrainings[:, None] + np.zeros(2001)
    table[..., 1:] += noise * rng.normal(size=2000)
    return Retrained(LINES, (1, 2, 3), {"auc": table}, ())


def test_curves_are_means_over_retrainings_and_random_orders():
    found = retrained()
    mean, low, high = found.curve(RELEVANCE, "auc")
    np.testing.assert_allclose(mean, MEANS[0])
    np.testing.assert_allclose(high - mean, 0.01)
    np.testing.assert_allclose(mean - low, 0.01)
    mean, _, high = found.curve(RANDOM, "auc")
    np.testing.assert_allclose(mean, MEANS[1:3].mean(axis=0))
    six = np.concatenate([MEANS[1, 0] + SHIFTS, MEANS[2, 0] + SHIFTS])
    assert high[0] - mean[0] == pytest.approx(six.std(ddof=1))


def test_the_tests_error_is_added_in_quadrature():
    mean, _, high = retrained(noise=0.02).curve(REVERSE, "auc")
    assert high[0] - mean[0] == pytest.approx(np.hypot(0.01, 0.02), rel=0.05)


def test_the_advantage_is_the_area_between_curves_of_the_same_seeds():
    found = retrained()
    over = found.advantage(REVERSE, "auc")
    assert over["value"] == pytest.approx((0.4 + 0.25) / 2)  # all inputs do not count
    assert over["high"] - over["low"] == pytest.approx(0, abs=1e-12)  # shifts alike cancel
    over = found.advantage(RANDOM, "auc")
    assert over["value"] == pytest.approx((0.25 + 0.1) / 2)
    draws = np.array([0.75, 0.75])
    assert over["high"] - over["low"] == pytest.approx(draws.std(), abs=1e-12)
    numbers = found.numbers()
    assert numbers["retrained.relevance.auc.k=2"]["value"] == pytest.approx(0.95)
    assert numbers["retrained.advantage.auc.over.reverse"]["low"] > 0


def test_points_tell_the_share_of_replicas_that_define_them():
    found = retrained(noise=0.01)
    table = found.measured["auc"]
    table[0, 0, 1, 1:501] = np.nan  # of the first point, one training's
    table[3, 1, :, 501:] = np.nan
    numbers = found.numbers()
    assert numbers["retrained.relevance.auc.k=1"]["defined"] == pytest.approx(0.75)
    assert "defined" not in numbers["retrained.relevance.auc.k=2"]
    assert "retrained.reverse.auc.k=2" not in numbers
    assert np.isnan(found.curve(REVERSE, "auc")[0]).tolist() == [False, True, False]
    assert numbers["retrained.advantage.auc.over.random"]["defined"] == pytest.approx(0.75)
    assert "retrained.advantage.auc.over.reverse" not in numbers


def test_saved_and_loaded_it_is_the_same(tmp_path):
    found = retrained(noise=0.01)
    found.save(tmp_path / "retrained.npz")
    again = Retrained.load(tmp_path / "retrained.npz")
    assert (again.lines, again.keep, again.first) == (found.lines, found.keep, found.first)
    assert again.numbers() == found.numbers()


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_a_damaged_file_is_told(tmp_path, content):
    path = tmp_path / "retrained.npz"
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=r"retrained\.npz"):
        Retrained.load(path)


def test_the_figure_shows_the_three_orders_and_says_what_was_trained():
    found = retrained(noise=0.01)
    figure = jl.draw(found)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    np.testing.assert_allclose(lines["most relevant first"], MEANS[0])
    np.testing.assert_allclose(lines["least relevant first"], MEANS[3])
    words = caption(found)
    assert "jets.z, jets.theta, jets.r1" in words
    assert "3 trainings of each set of inputs, 2 random orders" in words


def test_points_at_the_ends_are_whole():
    found = retrained()
    table = found.measured["auc"]
    table[0] = 1.0  # a perfect tagger
    ax = jl.draw(found).axes[0]
    for at in ((1, 1.0), (3, 1.0), (1, 0.5)):
        x, y = ax.transAxes.inverted().transform(ax.transData.transform(at))
        assert 0.02 < x < 0.98
        assert 0.02 < y < 0.98
