from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import jetlens as jl
import moving
from contracts import explainers as case
from jetlens.core.registry import taggers
from jetlens.data.scaling.fit import fit
from jetlens.explain.shared.spread import spread, spreads_of, told_by
from jetlens.taggers.encode import encode
from reference.gradient import slow_gradient


@pytest.mark.parametrize("target", ["c", "predicted", "label", "other"])
def test_against_the_slow_reference(target: str) -> None:
    tagger, jets = case.tagger(), case.jets()
    found = jl.explain(tagger, jets, "gradient", target=target)
    reference = slow_gradient(tagger, jets, found.target.values)
    inputs, _ = encode(tagger, jets)
    times = jl.explain(tagger, jets, "gradient-times-input", target=target)
    for name, values in reference.items():
        scores = found[f"{name}_score"].values
        real = np.isfinite(scores)
        assert np.abs(scores[real]).max() > 0.01
        np.testing.assert_allclose(scores[real], values[real], rtol=1e-10, atol=1e-13)
        product = times[f"{name}_score"].values
        np.testing.assert_allclose(
            product[real], (values * inputs[name].numpy())[real], rtol=1e-10, atol=1e-13
        )


def test_the_other_class_is_the_second() -> None:
    tagger, jets = case.tagger(), case.jets()
    found = jl.explain(tagger, jets, "gradient", target="other")
    second = np.argsort(found.output.values, axis=1)[:, -2]
    np.testing.assert_array_equal(found.target.values, second)


def test_it_is_the_derivative_of_an_expression() -> None:
    tagger, jets = case.tagger(), case.jets()
    found = jl.explain(tagger, jets, "gradient", target="log(b/c)")
    parts = [jl.explain(tagger, jets, "gradient", target=t) for t in ("b", "c")]
    np.testing.assert_allclose(
        found.jets_score, parts[0].jets_score - parts[1].jets_score, atol=1e-12
    )


def test_products_add_up_to_the_logit_of_a_network_without_biases() -> None:
    torch.manual_seed(0)
    module = case.SetTagger(nn.ReLU, bias=False).double()
    tagger = jl.wrap(module, {"jets": case.JETS, "tracks": case.TRACKS}, case.CLASSES)
    found = jl.explain(tagger, case.jets(), "gradient-times-input", target="c")
    total = found.tracks_score.sum(("tracks", "tracks_feature")) + found.jets_score.sum(
        "jets_feature"
    )
    np.testing.assert_allclose(total, found.output.sel({"class": "c"}), atol=1e-12)


def finite_difference(tagger: jl.Tagger, jets: jl.JetBatch, feature: str, eps: float) -> np.ndarray:
    """Return how the first class's logit changes with a feature of all particles of a jet."""
    said = []
    for sign in (1, -1):
        values = jets["constituents"].values.copy()
        values[..., moving.FEATURES.index(feature)] += sign * eps
        moved = jl.batch(
            {
                "jets": (jets["jets"].values, moving.JETS),
                "constituents": (values, moving.FEATURES, jets["constituents"].mask),
            }
        )
        inputs, masks = encode(tagger, moved)
        with torch.no_grad():
            said.append(tagger(inputs, masks)[:, 0].numpy())
    return (said[0] - said[1]) / (2 * eps)


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("feature", ["pt", "deta", "m2"])
def test_physical_gradients_are_per_unit_of_the_feature(logarithm: bool, feature: str) -> None:
    tagger, jets = moving.tagger(logarithm), moving.jets()
    found = jl.explain(tagger, jets, "gradient", target="gluon", unit="physical")
    total = found.constituents_score.sel(constituents_feature=feature).sum("constituents")
    below = (jets["constituents"].column("pt") < 0.51) & jets["constituents"].mask
    smooth = ~below.any(1) if logarithm else slice(None)
    slope = finite_difference(tagger, jets, feature, 1e-5)
    assert np.abs(slope).max() > 1e-3
    np.testing.assert_allclose(total.values[smooth], slope[smooth], rtol=1e-5, atol=1e-8)
    assert found.attrs["scores"] == "per unit of the feature"


def test_a_value_that_a_limit_holds_has_no_physical_gradient() -> None:
    jets = moving.jets()
    scaling = fit([jets], {"jets": moving.JETS, "constituents": moving.FEATURES}, "unit")
    tagger = jl.wrap(
        moving.Set().double(),
        {"jets": moving.JETS, "constituents": moving.FEATURES},
        moving.CLASSES,
        scaling=scaling,
    )
    found = jl.explain(tagger, jets, "gradient", unit="physical")
    high = scaling.limits["constituents"]["pt"][1]
    pt = found.constituents_value.sel(constituents_feature="pt").values
    score = found.constituents_score.sel(constituents_feature="pt").values
    assert (pt > high).sum() >= 3
    assert (score[pt > high] == 0).all()
    assert (score[pt < high] != 0).all()


def test_spreads_are_those_of_the_reference_jets() -> None:
    tagger, pool = moving.tagger(scaled=False), moving.jets(60, seed=5)
    plain = jl.explain(tagger, moving.jets(), "gradient")
    found = jl.explain(tagger, moving.jets(), "gradient", unit="spread", pool=pool)
    mask = pool["constituents"].mask
    for i, name in enumerate(moving.FEATURES):
        width = pool["constituents"].values[mask][:, i].std()
        one, other = (v.constituents_score.sel(constituents_feature=name) for v in (found, plain))
        np.testing.assert_allclose(one, other * width, rtol=1e-10)
    np.testing.assert_allclose(spread(tagger, pool)["jets"], pool["jets"].values.std(0), rtol=1e-10)


def test_inputs_that_were_scaled_to_it_have_a_spread_of_one() -> None:
    found = spread(moving.tagger(logarithm=True), moving.jets(200, seed=8))
    np.testing.assert_allclose(found["constituents"], 1.0)
    nobody = spread(moving.tagger(), moving.jets().take([0]))
    np.testing.assert_array_equal(nobody["constituents"], np.zeros(len(moving.FEATURES)))


@pytest.mark.parametrize("method", ["gradient", "nudge"])
def test_without_reference_jets_a_spread_is_one_scaled_input(method: str) -> None:
    """Whichever jets stand beside a jet, and be it none."""
    tagger, jets = moving.tagger(), moving.jets()
    per, raw = [
        {"gradient": {"unit": u}, "nudge": {"normalise": n, "scales": [0, 1]}}[method]
        for u, n in (("spread", "spread"), ("input", "raw"))
    ]
    plain = jl.explain(tagger, jets, method, **raw)
    found = jl.explain(tagger, jets, method, **per)
    np.testing.assert_array_equal(found.constituents_score, plain.constituents_score)
    assert found.attrs["scores"].endswith("per spread of the feature in the tagger's scaling")
    one = jl.explain(tagger, jets.take([4]), method, **per)
    np.testing.assert_allclose(one.jets_score[0], found.jets_score[4], rtol=1e-12)
    among = jl.explain(tagger, jets, method, pool=jets, **per)
    assert among.attrs["scores"].endswith("per spread of the feature among the reference jets")
    assert not np.allclose(among.jets_score, found.jets_score)


def test_what_is_not_scaled_spreads_as_the_jets_themselves_do() -> None:
    jets, inputs = moving.jets(), {"jets": moving.JETS, "constituents": moving.FEATURES}
    foreign = moving.tagger(scaled=False)
    found = spreads_of(foreign, jets, None)
    for name, values in spread(foreign, jets).items():
        np.testing.assert_array_equal(found[name], values)
    assert told_by(foreign, None) == "among the jets themselves"
    half = jl.wrap(foreign.module, inputs, moving.CLASSES, scaling={"jets": {"pt": (5.0, 5.0)}})
    found = spreads_of(half, jets, None)
    np.testing.assert_array_equal(found["jets"], [1, 1])
    np.testing.assert_array_equal(found["constituents"], spread(half, jets)["constituents"])
    assert told_by(half, None).endswith("; of constituents, among the jets themselves")


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("gradient", {"unit": "spread"}),
        ("smooth-gradient", {}),
        ("nudge", {"normalise": "unit"}),
        ("flip", {}),
    ],
)
def test_too_few_jets_and_jets_that_are_alike_tell_no_spread(method: str, options: dict) -> None:
    tagger, jets = moving.tagger(scaled=False), moving.jets()
    with pytest.raises(jl.JetlensError, match=r"too few to tell \(9\); expected reference"):
        jl.explain(tagger, jets.take(slice(9)), method, **options)
    alike = jets.take(np.full(20, 2))
    with pytest.raises(jl.JetlensError, match=r"none of these jets differ \(20\); expected ref"):
        jl.explain(tagger, alike, method, **options)
    jl.explain(tagger, jets.take(slice(9)), method, pool=jets, **options)
    jl.explain(tagger, jets.take(slice(0)), method, **options)


def test_images_are_per_root_mean_square_of_their_pixels() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(2 * 25, 4), nn.GELU(), nn.Linear(4, 2)).double()
    tagger = jl.wrap(module, {"image": ["pt", "n"]}, ("s", "b"), call=lambda m, i, _: m(i["image"]))
    rng = np.random.default_rng(0)
    image = rng.exponential(size=(10, 2, 5, 5)) * (rng.random((10, 2, 5, 5)) < 0.4)
    jets = jl.batch({"image": (image, ["pt", "n"])})
    plain = jl.explain(tagger, jets, "gradient")
    found = jl.explain(tagger, jets, "gradient", unit="spread")
    for c in range(2):
        hit = image[:, c][image[:, c] > 0]
        width = np.sqrt((hit**2).mean())
        np.testing.assert_allclose(found.image_score[:, c], plain.image_score[:, c] * width)
    physical = jl.explain(tagger, jets, "gradient", unit="physical")
    np.testing.assert_allclose(physical.image_score, plain.image_score)


@pytest.mark.parametrize("method", ["gradient", "gradient-times-input", "smooth-gradient", "nudge"])
def test_a_tagger_without_gradients_is_refused(method: str) -> None:
    tagger = case.tagger()

    def detached(module: nn.Module, inputs: dict, masks: dict) -> Tensor:
        return module({k: v.detach() for k, v in inputs.items()}, masks)

    tagger.call = detached
    with pytest.raises(jl.JetlensError, match=r"target 'predicted' has no gradient|'other' has no"):
        jl.explain(tagger, case.jets(), method)


@pytest.mark.parametrize("method", ["gradient", "smooth-gradient"])
def test_a_gradient_that_is_no_number_is_named(method: str) -> None:
    tagger = case.tagger()
    tagger.call = lambda m, inputs, masks: m(inputs, masks) + inputs["jets"][:, :1].square().sqrt()
    jets = case.jets()
    jets["jets"].values[7, 0] = 1.0  # scaled, it is zero
    jets["jets"].values[:7, 0] = 5.0
    options = {"noise": 0.0} if method == "smooth-gradient" else {}
    with pytest.raises(jl.JetlensError, match=r"jets\.pt is (nan|inf) for jet \d+ of the batch"):
        jl.explain(tagger, jets, method, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unit": "GeV"}, "unit='GeV': expected one of input, spread, physical"),
        ({"unit": "physics"}, "did you mean 'physical'"),
        ({"target": "d"}, "unknown target 'd'"),
    ],
)
def test_wrong_options(options: dict, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(case.tagger(), case.jets(3), "gradient", **options)


def test_one_class_alone_has_no_other() -> None:
    module = nn.Linear(2, 1)
    tagger = jl.wrap(module, {"jets": case.JETS}, ("b",), call=lambda m, i, _: m(i["jets"]))
    jets = jl.batch({"jets": (np.ones((2, 2)), case.JETS)})
    with pytest.raises(jl.JetlensError, match="one class alone"):
        jl.explain(tagger, jets, "gradient", target="other")


def test_where_places_are_things_of_their_own_each_spreads_about_its_own_mean() -> None:
    rng = np.random.default_rng(6)
    mask = rng.random((80, 3)) < [1.0, 0.7, 0.4]
    values = rng.normal([[0.0], [50.0], [900.0]], [[1.0], [2.0], [4.0]], (80, 3, 1))
    jets = jl.batch({"objects": (values, ["pt"], mask)})
    tagger = taggers.make(
        "cross-attention",
        inputs={"objects": ["pt"]},
        classes=("s", "b"),
        streams={"objects": {"width": 8, "heads": 2, "places": 3}},
    )
    squares = [values[mask[:, i], i].var() * mask[:, i].sum() for i in range(3)]
    np.testing.assert_allclose(
        spread(tagger, jets)["objects"], [(sum(squares) / mask.sum()) ** 0.5]
    )
