"""The explainer: its account, its options, and what comes back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import jetlens as jl
from contracts import explainers as case
from jetlens.core import attribution
from jetlens.core.errors import BadRecipeError, BadValueError, UnknownNameError
from jetlens.explain.relevance.ledger import CAUSES


def account(found) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each jet's account is from being closed, and its whole size."""
    names = [v for v in found.data_vars if str(v).endswith("_score")]
    flat = [found[n].values.reshape(found.sizes["jet"], -1) for n in names]
    absorbed = found.relevance_absorbed.values
    total = sum(np.nansum(f, 1) for f in flat) + absorbed.sum((1, 2))
    size = sum(np.nansum(abs(f), 1) for f in flat) + abs(absorbed).sum((1, 2))
    return total - found.relevance_in.values, size


ACTIVATIONS = [nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.LeakyReLU, nn.Softplus]
OPTIONS = [
    {"rule": "z"},
    {"rule": "epsilon", "epsilon": 0.01},
    {"rule": "gamma"},
    {"rule": "alpha-beta", "alpha": 1},
    {"rule": "alpha-beta", "alpha": 2.5},
    {"rule": "flat"},
    {"rule": "w-squared"},
    {"rule": "z-box", "low": -4, "high": 4},
    {"composite": "epsilon-plus-flat"},
    {"composite": {"last": "z", "module.0": "gamma"}, "attention": "value"},
]


class Residual(nn.Module):
    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.inside = inside

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inside(x)


@st.composite
def networks(draw) -> nn.Sequential:
    """Draw a small network on images of 2 channels and 6 x 6 pixels."""
    torch.manual_seed(draw(st.integers(0, 1000)))
    width, act = draw(st.integers(1, 4)), draw(st.sampled_from(ACTIVATIONS))
    layers: list[nn.Module] = [nn.Conv2d(2, width, draw(st.sampled_from([1, 2, 3])))]
    for kind in draw(st.lists(st.sampled_from(["norm", "residual", "max", "mean"]), max_size=4)):
        if kind == "norm":
            layers.append(nn.BatchNorm2d(width))
            layers[-1].running_var.uniform_(0.5, 2)
            layers[-1].running_mean.normal_()
        elif kind == "residual":
            layers.append(Residual(nn.Sequential(nn.Conv2d(width, width, 3, padding=1), act())))
        else:
            kinds = {"max": nn.MaxPool2d, "mean": nn.AvgPool2d}
            layers.append(kinds[kind](2, stride=1, padding=1))
        layers.append(act())
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(3)).double()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks(), st.sampled_from(OPTIONS), st.integers(0, 100))
def test_the_account_of_any_network_is_closed(module, options, seed: int) -> None:
    module(torch.zeros(2, 2, 6, 6, dtype=torch.float64))  # the lazy layer learns its width
    values = np.random.default_rng(seed).normal(size=(4, 2, 6, 6))
    values[0] = 0
    if seed % 2:
        values = abs(values)
    tagger = jl.wrap(
        module, {"image": ("a", "b")}, ("x", "y", "z"), call=lambda m, i, k: m(i["image"])
    )
    found = jl.explain(tagger, jl.batch({"image": (values, ("a", "b"))}), "lrp", **options)
    gap, size = account(found)
    assert (abs(gap) <= 1e-9 * size + 1e-12).all()
    np.testing.assert_allclose(found.relevance_in, found.output.max("class"), rtol=1e-9)


@pytest.mark.parametrize(
    "target", ["b", "predicted", "label", "log(b/(0.2*c+0.8*u))", "logit(b)-logit(u)"]
)
@pytest.mark.parametrize("of", ["logit", "probability"])
def test_every_target_starts_from_its_value(target: str, of: str) -> None:
    found = jl.explain(case.tagger(), case.jets(), "lrp", target=target, of=of)
    gap, size = account(found)
    assert (abs(gap) <= 1e-9 * size).all()
    at_target = found.relevance_absorbed.sel(layer="target", cause="target")
    if target == "logit(b)-logit(u)":
        np.testing.assert_allclose(found.relevance_in, found.output[:, 0] - found.output[:, 2])
    if target == "logit(b)-logit(u)" or (of == "logit" and "log(" not in target):
        assert float(abs(at_target).max()) < 1e-15  # it is a sum of outputs
    else:
        assert float(abs(at_target).max()) > 1e-3


@pytest.mark.parametrize("rule", [{"rule": "z"}, {"rule": "epsilon", "epsilon": 1e-12}])
def test_without_biases_the_scores_add_up_to_the_output(rule) -> None:
    torch.manual_seed(0)
    module = case.SetTagger(nn.ReLU, bias=False).double()
    names = {"jets": case.JETS, "tracks": case.TRACKS}
    tagger = jl.wrap(module, names, case.CLASSES)
    found = jl.explain(tagger, case.jets(), "lrp", **rule, target="c")
    total = found.tracks_score.sum(("tracks", "tracks_feature")) + found.jets_score.sum(
        "jets_feature"
    )
    np.testing.assert_allclose(total, found.output[:, 1], rtol=1e-5, atol=1e-9)
    assert float(abs(found.output[:, 1]).max()) > 0.05


def test_layers_stand_in_forward_order_with_their_causes() -> None:
    found = jl.explain(case.tagger(), case.jets(), "lrp", target="c")
    layers = ["tracks", "module.each.0", "sum-1", "module.all.0", "module.all.2", "target"]
    assert list(found.layer.values) == layers
    assert tuple(found.cause.values) == CAUSES
    bias = found.relevance_absorbed.sel(cause="bias")
    last = case.tagger().module.all[2].bias.detach().numpy()[1]
    np.testing.assert_allclose(bias.sel(layer="module.all.2"), last, rtol=1e-2)
    assert float(abs(bias.sel(layer="sum-1")).max()) == 0


def test_a_composite_by_path_and_by_place() -> None:
    """Each layer has its own rule: the same as by hand, one after the other."""
    jets, tagger = case.jets(), case.tagger()
    options = {"module.each.*": "flat", "last": "z", "linear": {"rule": "gamma", "gamma": 0.1}}
    found = jl.explain(tagger, jets, "lrp", composite=options)
    by_path = jl.explain(
        tagger,
        jets,
        "lrp",
        composite={
            "module.each.0": "flat",
            "module.all.0": {"rule": "gamma", "gamma": 0.1},
            "module.all.2": "z",
        },
    )
    np.testing.assert_allclose(found.tracks_score, by_path.tracks_score, rtol=1e-12)
    other = jl.explain(tagger, jets, "lrp", composite=options | {"last": "w-squared"})
    assert float(abs(other.tracks_score - found.tracks_score).max()) > 1e-3
    with pytest.raises(UnknownNameError, match=r"did you mean 'module.all.2'"):
        jl.explain(tagger, jets, "lrp", composite={"modul.all.2": "z"})


def test_flat_gives_padding_nothing_that_is_not_told() -> None:
    """A rule that ignores inputs gives to padding too: that is absorbed, and stands in no score."""
    jets = case.jets()
    torch.manual_seed(1)

    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.each, self.all = nn.Linear(4, 5), nn.Linear(5, 3)
            nn.init.constant_(self.each.bias, 0.3)  # so that padding is not silent

        def forward(self, inputs: dict, masks: dict) -> Tensor:
            return self.all(self.each(inputs["tracks"]).relu().mean(1))  # padding included

    tagger = jl.wrap(Bare().double(), {"tracks": case.TRACKS}, case.CLASSES)
    found = jl.explain(tagger, jets, "lrp", rule="flat", target="b")
    gap, size = account(found)
    assert (abs(gap) <= 1e-9 * size).all()
    lost = found.relevance_absorbed.sel(layer="tracks", cause="constants")
    assert float(abs(lost[0])) > 1e-6  # the first jet has no tracks
    assert float(abs(lost[1])) == 0  # the second fills all places


def test_attributions_of_other_layers_can_be_joined() -> None:
    jets = case.jets()
    shallow = nn.Sequential(nn.Linear(4, 3)).double()
    deep = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).double()
    found = [
        jl.explain(
            jl.wrap(
                m, {"tracks": case.TRACKS}, case.CLASSES, lambda m, i, k: m(i["tracks"].sum(1))
            ),
            jets,
            "lrp",
        )
        for m in (shallow, deep)
    ]
    joined = attribution.concatenate(found)
    assert joined.sizes["jet"] == 2 * len(jets)
    gap, size = account(joined)
    assert (abs(gap) <= 1e-9 * size).all()
    assert set(joined.layer.values) >= {"module.0", "module.2", "sum-1", "target"}


def test_several_targets_keep_their_own_accounts() -> None:
    found = jl.explain(case.tagger(), case.jets(), "lrp", target=["b", "label"])
    for target in ("b", "label"):
        one = attribution.one_target(found, target)
        gap, size = account(one)
        assert (abs(gap) <= 1e-9 * size).all()
    assert found.relevance_absorbed.dims == ("target", "jet", "layer", "cause")


def test_bounds_of_z_box_by_feature() -> None:
    jets, tagger = case.jets(), case.tagger()
    one = jl.explain(tagger, jets, "lrp", rule="z-box", low=-3, high=3)
    same = {"jets": dict.fromkeys(case.JETS, 3), "tracks": dict.fromkeys(case.TRACKS, 3)}
    low = {c: {f: -v for f, v in t.items()} for c, t in same.items()}
    two = jl.explain(tagger, jets, "lrp", rule="z-box", low=low, high=same)
    np.testing.assert_allclose(one.tracks_score, two.tracks_score, rtol=1e-12)
    with pytest.raises(UnknownNameError, match="did you mean 'd0'"):
        jl.explain(tagger, jets, "lrp", rule="z-box", low={"tracks": {"d00": 1}})
    with pytest.raises(UnknownNameError, match="did you mean 'tracks'"):
        jl.explain(tagger, jets, "lrp", rule="z-box", high={"track": {"d0": 1}})
    for wrong in ("1", float("nan"), True):
        for low in (wrong, {"tracks": wrong}, {"tracks": {"d0": wrong}}):
            with pytest.raises(BadValueError, match=r"for z-box: expected a number"):
                jl.explain(tagger, jets, "lrp", rule="z-box", low=low)
    whole = jl.explain(tagger, jets, "lrp", rule="z-box", low={"tracks": -9}, high=9)
    assert abs(account(whole)[0]).max() < 1e-6


def test_gradients_may_be_switched_off_around_it() -> None:
    tagger, jets = case.tagger(), case.jets()
    want = jl.explain(tagger, jets, "lrp", target="c")
    for off in (torch.no_grad(), torch.inference_mode()):
        with off:
            found = jl.explain(tagger, jets, "lrp", target="c")
        np.testing.assert_array_equal(found.tracks_score, want.tracks_score)


def test_options_are_kept_in_words() -> None:
    options = {"composite": {"first": {"rule": "z-box", "low": -2, "high": 2}}}
    found = jl.explain(case.tagger(), case.jets(), "lrp", **options)
    said = json.loads(found.attrs["options"])
    assert said["use"] == "lrp"
    assert said["composite"] == options["composite"]
    assert found.attrs["conserves"] == 1


def test_single_precision_is_enough_for_single_precision() -> None:
    tagger, jets = case.tagger(nn.ReLU), case.jets()
    for options in OPTIONS[1:-1]:
        double = jl.explain(tagger, jets, "lrp", **options)
        single = jl.explain(case.tagger(nn.ReLU).float(), jets, "lrp", **options)
        scale = float(abs(double.tracks_score).max())
        assert single.tracks_score.dtype == np.float32
        np.testing.assert_allclose(
            single.tracks_score, double.tracks_score, rtol=1e-2, atol=1e-3 * scale
        )


def test_a_composite_goes_through_a_recipe(tmp_path) -> None:
    from jetlens.run import recipe_file

    table = {"conv": {"rule": "alpha-beta", "alpha": 1}, "first": "flat", "module.*": "z"}
    made = recipe_file.build(
        {
            "data": {"use": "toy"},
            "tagger": {"use": "cnn2d"},
            "explain": [{"use": "lrp", "composite": table}],
        }
    )
    made.write(tmp_path / "recipe.toml")
    read = recipe_file.load(tmp_path / "recipe.toml")
    assert read.explain[0].arguments == {"composite": table}
    with pytest.raises(BadRecipeError, match="did you mean 'gamma'"):
        recipe_file.build({"data": {"use": "toy"}, "explain": [{"use": "lrp", "rule": "gama"}]})
