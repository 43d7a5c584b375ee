from __future__ import annotations

import json

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.units import Feature
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from reference import images as reference
from synthetic import attribution


def image(attribution, /, **options):
    return jl.summarise(attribution, "jet-image", **options)


@pytest.fixture(scope="module")
def jets():
    return attribution(80, image=True)


def with_scores(jets, scores, values=None):
    axes = ("jet", "image_channel", "y", "x")
    found = jets.copy()
    found["image_score"] = (axes, scores)
    if values is not None:
        found["image_value"] = (axes, values.astype(np.float32), jets["image_value"].attrs)
    return found


@pytest.mark.parametrize(
    ("normalise", "toward"), [("none", None), ("abs", None), ("none", "c"), ("abs", "b")]
)
def test_means_are_those_of_the_slow_twin(jets, normalise, toward):
    result = image(jets, normalise=normalise, toward=toward or "")
    value, score, _ = result.summary.mean(result)
    for group in ("all", "b", "tau"):
        exact = reference.means(jets, group, normalise, toward)
        g = list(result.sums["group"].values).index(group)
        np.testing.assert_allclose(value[g, 0], exact[0], rtol=1e-5)
        np.testing.assert_allclose(score[g, 0], exact[1], rtol=1e-5, atol=1e-9)


def test_channels_are_summed_or_kept_apart(jets):
    axes = ("jet", "image_channel", "y", "x")
    two = {"features": json.dumps([Feature("a").as_dict(), Feature("b").as_dict()])}
    factors = np.array([1.0, -3.0])[:, None, None]
    double = jets.drop_vars(["image_score", "image_value", "image_channel"]).assign(
        image_score=(axes, jets["image_score"].values * factors),
        image_value=(axes, jets["image_value"].values * np.abs(factors), two),
    )
    one = image(jets).sums
    apart, together = image(double, channels=True).sums, image(double).sums
    assert list(apart["channel"].values) == ["a", "b"]
    np.testing.assert_allclose(apart["score"][:, 1], -3 * one["score"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(together["score"], -2 * one["score"], rtol=1e-6)
    np.testing.assert_allclose(together["value"], 4 * one["value"], rtol=1e-6)


def test_pixels_are_told_from_zero_where_they_differ():
    jets = attribution(600, image=True, weighted=False)
    rng = np.random.default_rng(5)
    noise = rng.normal(size=jets["image_score"].shape)
    noise[:, 0, 2, 7] += 1.0
    result = image(with_scores(jets, noise))
    clear = result.summary.mean(result)[2][0, 0]
    assert clear[2, 7]
    clear[2, 7] = False
    assert clear.sum() <= 15  # of 99 pixels, 5 % are expected
    few = image(with_scores(jets, noise).isel(jet=slice(0, 5)))
    assert few.summary.mean(few)[2][0].all()  # of so few jets, nothing is called zero


def test_numbers_tell_sign_and_width():
    jets = attribution(300, image=True, weighted=False)
    scores = np.zeros((300, 1, 10, 10))
    scores[:, 0, 4, 2] = 1.0
    scores[:, 0, 4, 8] = -3.0
    numbers = image(with_scores(jets, scores)).numbers()
    assert numbers["jet_image.all.sum"]["value"] == pytest.approx(-2)
    assert numbers["jet_image.all.positive"]["value"] == pytest.approx(0.25)
    exact = np.sqrt(0.25 * (2 - 6.5) ** 2 + 0.75 * (8 - 6.5) ** 2)
    assert numbers["jet_image.b.width_x"]["value"] == pytest.approx(exact)
    assert numbers["jet_image.b.width_y"]["value"] == pytest.approx(0, abs=1e-6)


def test_axes_are_in_physical_coordinates_where_they_are_known(jets):
    middles = np.linspace(-0.9, 0.9, 10)
    told = {"feature": json.dumps(Feature("deta", "", r"$\Delta\eta$").as_dict())}
    vertical = {"feature": json.dumps(Feature("y").as_dict())}
    placed = jets.assign_coords(x=("x", middles, told), y=("y", 2 * middles, vertical))
    result = image(placed)
    np.testing.assert_array_equal(result.sums["y"].values, 2 * middles)
    numbers, pixels = result.numbers(), image(jets).numbers()
    for axis, step in (("x", 0.2), ("y", 0.4)):
        wide = numbers[f"jet_image.b.width_{axis}"]["value"]
        assert wide == pytest.approx(step * pixels[f"jet_image.b.width_{axis}"]["value"])
    figure = jl.draw(result)
    assert figure.axes[0].get_ylabel() == "y"
    assert any(ax.get_xlabel() == r"$\Delta\eta$" for ax in figure.axes)
    assert any(ax.get_xlabel() == "x [pixels]" for ax in jl.draw(image(jets)).axes)


def test_single_jets_are_kept_with_their_scaled_scores(jets):
    result = image(jets, jets=3, normalise="max", toward="b")
    kept = result.parts["examples"].jets
    assert kept.sizes["jet"] == 12
    for k, row in enumerate(kept["row"].values):
        np.testing.assert_array_equal(kept["image_value"][k], jets["image_value"][row])
        sizes = [np.nanmax(np.abs(jets[f"{c}_score"][row])) for c in ("tracks", "jets", "image")]
        sign = 1 if jets["target"].values[row] == 0 else -1
        exact = jets["image_score"].values[row] * sign / max(sizes)
        np.testing.assert_allclose(kept["image_score"].values[k], exact, rtol=1e-6)


@pytest.mark.parametrize("kind", ["constant", "empty", "negative"])
def test_any_image_can_be_drawn(jets, kind):
    level = {"constant": 3.0, "empty": 0.0, "negative": -1.0}[kind]
    values = np.full(jets["image_value"].shape, level)
    result = image(with_scores(jets, 0 * values, values))
    assert all(np.isfinite(list(n.values())).all() for n in result.numbers().values())
    jl.draw(result)


def test_what_is_missing_is_told(jets):
    with pytest.raises(UnsupportedError, match=r"no image .* takes tracks, jets"):
        image(attribution(10))
    with pytest.raises(jl.JetlensError, match="did you mean 'image'"):
        image(jets, collection="images")
    with pytest.raises(jl.JetlensError, match="did you mean 'tau'"):
        image(jets, toward="taus")
    with pytest.raises(BadValueError, match="jets=-1"):
        image(jets, jets=-1)


def test_means_over_retrainings_and_what_is_clear_there():
    each = []
    for repeat in range(5):
        scores = np.zeros((60, 1, 10, 10))
        scores[:, 0, 1, 1] = 1.0 + 0.1 * repeat
        scores[:, 0, 5, 5] = repeat - 2.0
        scores[:, 0, 7, 7] = 1 + 0.6 * (repeat - 2)  # 2.4 standard errors of a mean of five
        scores[:, 0, 8, 8] = 1 + 0.8 * (repeat - 2)  # 1.8
        each.append(image(with_scores(attribution(60, image=True), scores), replicas=3))
    mean, clear = each[0].summary.over_retrainings(each)
    assert mean[0, 0, 1, 1] == pytest.approx(1.2)
    assert clear[0, 0, 1, 1]
    assert not clear[0, 0, 5, 5]
    assert clear[0, 0, 7, 7]
    assert not clear[0, 0, 8, 8]
    numbers = Ensemble(tuple(Member({}, k, r) for k, r in enumerate(each))).numbers()
    found = numbers["jet_image.all.sum"]
    values = [3 + 0.1 * k + (k - 2) * (1 + 0.6 + 0.8) for k in range(5)]
    assert found["value"] == pytest.approx(np.mean(values))
    assert found["high"] - found["value"] == pytest.approx(np.std(values, ddof=1))
