from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl
from contracts import explainers as case
from formula import Formula
from reference.integrated_gradients import slow_integrated_gradients


def integrated(formula, x: np.ndarray, **options) -> np.ndarray:
    names = [f"x{i}" for i in range(x.shape[1])]
    tagger = jl.wrap(Formula(formula), {"jets": names}, ("y",))
    jets = jl.batch({"jets": (x, names)})
    return jl.explain(tagger, jets, "integrated-gradients", target="y", **options)


X = np.random.default_rng(0).uniform(0.2, 1.5, (7, 4))
W = torch.tensor([0.5, -1.0, 2.0, 0.3], dtype=torch.float64)
A = torch.tensor(np.random.default_rng(1).normal(size=(4, 4)))
A = A + A.T


@pytest.mark.parametrize(
    ("formula", "truth", "tolerance"),
    [
        (lambda x: x @ W, lambda x: x * W.numpy(), 1e-9),
        (lambda x: ((x @ A) * x).sum(-1), lambda x: x * (x @ A.numpy()), 1e-9),
        (lambda x: x.prod(-1), lambda x: np.repeat(x.prod(-1, keepdims=True) / 4, 4, 1), 1e-9),
        (
            lambda x: torch.sigmoid(x @ W),
            lambda x: x * W.numpy() / (s := x @ W.numpy())[:, None] * (_sigmoid(s) - 0.5)[:, None],
            1e-9,
        ),
        (
            lambda x: torch.relu(x.sum(-1) - 0.5),
            lambda x: x * (1 - 0.5 / x.sum(-1, keepdims=True)),
            1e-9,
        ),
    ],
    ids=["linear", "quadratic", "product", "sigmoid", "relu"],
)
def test_closed_forms(formula, truth, tolerance: float) -> None:
    found = integrated(formula, X, tolerance=tolerance, absolute=tolerance)
    np.testing.assert_allclose(found.jets_score.values, truth(X), rtol=tolerance, atol=tolerance)
    assert found.converged.values.all()
    size = np.abs(found.jets_score.values).sum(1)
    assert (np.abs(found.completeness_error.values) < tolerance * (1 + size)).all()


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("activation", [nn.GELU, nn.Tanh, nn.ReLU])
@pytest.mark.parametrize("target", ["c", "predicted"])
def test_against_the_slow_reference(activation, target: str) -> None:
    tagger, jets = case.tagger(activation), case.jets(12)
    found = jl.explain(tagger, jets, "integrated-gradients", target=target, tolerance=1e-4)
    chosen = found.target.values
    reference = slow_integrated_gradients(tagger, jets, chosen, steps=2000)
    size = sum(np.abs(v).reshape(len(jets), -1).sum(1) for v in reference.values())
    for name, values in reference.items():
        scores = np.nan_to_num(found[f"{name}_score"].values)
        gap = np.abs(scores - values).reshape(len(jets), -1).sum(1) / (size + 1e-6)
        assert gap.max() < (2e-3 if activation is nn.ReLU else 1e-5), name


def test_smooth_networks_converge_in_few_steps_and_kinks_take_more() -> None:
    smooth = jl.explain(case.tagger(nn.GELU), case.jets(), "integrated-gradients")
    kinked = jl.explain(case.tagger(nn.ReLU), case.jets(), "integrated-gradients")
    assert float(smooth.steps.mean()) < 20
    assert float(kinked.steps.mean()) > 3 * float(smooth.steps.mean())


def test_what_does_not_converge_says_so_and_is_not_rescaled() -> None:
    tagger, jets = case.tagger(nn.ReLU), case.jets()
    found = jl.explain(tagger, jets, "integrated-gradients", tolerance=1e-9, budget=80)
    real = jets["tracks"].mask.any(1)
    assert not found.converged.values[real].any()
    assert np.abs(found.completeness_error.values[real]).max() > 1e-6


@pytest.mark.parametrize("rule", ["clenshaw-curtis", "midpoint", "gauss-legendre", "trapezoid"])
def test_fixed_rules_take_their_steps_and_agree(rule: str) -> None:
    tagger, jets = case.tagger(nn.GELU), case.jets()
    fine = jl.explain(tagger, jets, "integrated-gradients", tolerance=1e-6)
    found = jl.explain(tagger, jets, "integrated-gradients", steps=65, rule=rule)
    assert (found.steps.values == 65).all()
    np.testing.assert_allclose(found.tracks_score, fine.tracks_score, atol=2e-3)


@pytest.mark.parametrize(("steps", "least", "most"), [(1, 0.0, 0.5), (20, 1.0, 1.0)])
def test_a_fixed_rule_has_converged_where_it_is_complete(
    steps: int, least: float, most: float
) -> None:
    tagger, jets = case.tagger(nn.GELU), case.jets()
    tolerance = 3e-3
    found = jl.explain(
        tagger, jets, "integrated-gradients", steps=steps, tolerance=tolerance, absolute=1e-9
    )
    scores = [np.nan_to_num(found[f"{n}_score"].values) for n in ("jets", "tracks")]
    size = sum(np.abs(v).reshape(len(jets), -1).sum(1) for v in scores)
    complete = np.abs(found.completeness_error.values) <= tolerance * size + 1e-9
    np.testing.assert_array_equal(found.converged.values, complete)
    real = jets["tracks"].mask.any(1)
    assert least <= complete[real].mean() <= most


@pytest.mark.parametrize("tokens", [1, 7, 100, 10**6])
def test_chunks_change_nothing(tokens: int) -> None:
    tagger, jets = case.tagger(), case.jets()
    whole = jl.explain(tagger, jets, "integrated-gradients")
    cut = jl.explain(tagger, jets, "integrated-gradients", tokens=tokens)
    np.testing.assert_allclose(whole.tracks_score, cut.tracks_score, rtol=1e-10, atol=1e-13)
    np.testing.assert_array_equal(whole.steps, cut.steps)


def test_hold_keeps_features_at_the_jets_value() -> None:
    tagger, jets = case.tagger(), case.jets()
    found = jl.explain(tagger, jets, "integrated-gradients", hold=["tracks.d0", "eta"])
    assert (found.tracks_score.sel(tracks_feature="d0").fillna(0) == 0).all()
    assert (found.jets_score.sel(jets_feature="eta") == 0).all()
    assert (abs(found.completeness_error) < 1e-2).all()
    assert float(abs(found.tracks_score.sel(tracks_feature="pt")).max()) > 0.01


def test_one_feature_may_be_held_by_its_name_alone() -> None:
    tagger, jets = case.tagger(), case.jets()
    one = jl.explain(tagger, jets, "integrated-gradients", hold="d0")
    other = jl.explain(tagger, jets, "integrated-gradients", hold=["tracks.d0"])
    np.testing.assert_array_equal(one.tracks_score, other.tracks_score)


def test_a_module_that_knows_its_places_is_not_trimmed() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.GELU(), nn.Linear(8, 3)).double()
    tagger = jl.wrap(
        module,
        {"tracks": case.TRACKS},
        case.CLASSES,
        call=lambda m, inputs, masks: m(inputs["tracks"]),
    )
    found = jl.explain(tagger, case.jets(), "integrated-gradients", tolerance=1e-6)
    assert float(abs(found.completeness_error).max()) < 1e-4
    logits = module(torch.as_tensor(case.jets()["tracks"].values)).detach().numpy()
    np.testing.assert_allclose(found.output.values, logits, atol=1e-12)


def test_images() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    tagger = jl.wrap(module, {"image": ["pt"]}, ("s", "b"), call=lambda m, i, _: m(i["image"]))
    image = np.random.default_rng(0).random((5, 1, 12, 12))
    found = jl.explain(tagger, jl.batch({"image": (image, ["pt"])}), "integrated-gradients")
    assert found.image_score.dims == ("jet", "image_channel", "y", "x")
    total = found.image_score.sum(("image_channel", "y", "x"))
    np.testing.assert_allclose(total, found.output.max("class") - found.baseline_output, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tolerance": 0}, "tolerance=0"),
        ({"rule": "midpiont", "steps": 4}, "did you mean 'midpoint'"),
        ({"rule": "midpoint"}, "needs steps="),
        ({"steps": 0}, "steps=0"),
        ({"budget": 2}, "budget=2"),
        ({"steps": "64"}, "steps='64': expected a whole number"),
        ({"tolerance": "small"}, "tolerance='small': expected a number"),
        ({"target": None}, "target=None: expected a name"),
        ({"target": []}, "target=\\[\\]: expected a name"),
        ({"target": "b/(c-c)"}, "target 'b/\\(c-c\\)' is .* cannot be explained"),
        ({"baseline": "zeros"}, "did you mean 'zero'"),
        ({"baseline": 3}, "expected a name"),
        ({"hold": ["tracks.d1"]}, "did you mean 'tracks.d0'"),
        ({"baselin": "zero"}, "did you mean 'baseline'"),
    ],
)
def test_wrong_options(options: dict, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(case.tagger(), case.jets(3), "integrated-gradients", **options)


def test_a_value_that_is_not_finite_is_named() -> None:
    jets = case.jets()
    jets["tracks"].values[1, 3, 2] = np.nan
    with pytest.raises(
        jl.JetlensError, match=r"tracks\.x is nan in the jet of row 101, particle 3"
    ):
        jl.explain(case.tagger(), jets, "integrated-gradients")


def test_a_module_without_names_is_refused() -> None:
    with pytest.raises(jl.JetlensError, match=r"jetlens\.wrap"):
        jl.explain(nn.Linear(2, 2), case.jets(3), "integrated-gradients")
