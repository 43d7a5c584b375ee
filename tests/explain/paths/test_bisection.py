"""Rough paths: jumps of the gradient are found, whether the values show them or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import jetlens as jl
from formula import Formula
from reference.integrated_gradients import exact_of_one_hidden_layer

NAMES = [f"x{i}" for i in range(5)]


class Hidden(nn.Module):
    """A layer of ReLU units and their sum, with weights that are known."""

    def __init__(self, units: int, kind: torch.dtype) -> None:
        super().__init__()
        rng = np.random.default_rng(3)
        self.hidden = rng.normal(size=(units, len(NAMES)))
        self.bias, self.out = rng.normal(size=units), rng.normal(size=units)
        made = (torch.as_tensor(each).to(kind) for each in (self.hidden, self.bias, self.out))
        self.weights = nn.ParameterList(made)

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        hidden, bias, out = self.weights
        return (torch.relu(inputs["jets"] @ hidden.T + bias) @ out)[:, None]


def integrated(module: nn.Module, x: np.ndarray, **options):
    tagger = jl.wrap(module, {"jets": NAMES[: x.shape[1]]}, ("y",))
    jets = jl.batch({"jets": (x, NAMES[: x.shape[1]])})
    return jl.explain(tagger, jets, "integrated-gradients", target="y", **options)


def sizes(scores: np.ndarray) -> np.ndarray:
    return np.abs(scores).sum(1)


@pytest.mark.parametrize("units", [1, 6, 40])
def test_networks_of_relu_are_integrated_exactly_by_gradients_at_their_kinks(units: int) -> None:
    module, x = Hidden(units, torch.float64), np.random.default_rng(4).normal(size=(25, 5))
    truth = np.array(
        [exact_of_one_hidden_layer(module.hidden, module.bias, module.out, each) for each in x]
    )
    found = integrated(module, x, tolerance=1e-9, absolute=1e-12)
    assert found.converged.values.all()
    assert (sizes(found.jets_score.values - truth) <= 1e-9 * sizes(truth) + 1e-12).all()
    # the midpoint rule would need about as many nodes as there are digits asked for: 10^9
    assert found.steps.values.max() < 400 + 10 * units
    assert found.steps.values.mean() < 90 + 10 * units


@pytest.mark.parametrize("tolerance", [2e-2, 2e-3, 2e-4])
def test_errors_are_what_is_asked_for(tolerance: float) -> None:
    module, x = Hidden(100, torch.float64), np.random.default_rng(5).normal(size=(100, 5))
    truth = np.array(
        [exact_of_one_hidden_layer(module.hidden, module.bias, module.out, each) for each in x]
    )
    found = integrated(module, x, tolerance=tolerance)
    assert found.converged.values.all()
    wrong = sizes(found.jets_score.values - truth) / sizes(truth)
    assert np.mean(wrong < tolerance) > 0.95
    assert wrong.max() < 3 * tolerance


def test_single_precision_is_not_halved_down_to_its_noise() -> None:
    x = np.random.default_rng(4).normal(size=(25, 5)).astype(np.float32)
    double, single = (
        integrated(Hidden(20, kind), x, tolerance=1e-4) for kind in (torch.float64, torch.float32)
    )
    assert single.converged.values.all()
    assert single.steps.values.mean() < 1.3 * double.steps.values.mean()
    error = sizes(single.jets_score.values - double.jets_score.values)
    assert (error < 3e-4 * sizes(double.jets_score.values)).all()


def test_a_jump_across_the_path_that_no_value_shows_is_found() -> None:
    """What one feature gains another loses: along the path nothing ever changes."""
    where = torch.tensor([0.31, 0.77])

    def formula(x: Tensor) -> Tensor:
        return (torch.relu(x[:, 0] - where[0]) - torch.relu(x[:, 1] - where[0])) + (
            torch.relu(x[:, 1] - where[1]) - torch.relu(x[:, 2] - where[1])
        )

    found = integrated(Formula(formula), np.ones((1, 3)), tolerance=1e-4)
    assert float(found.output[0, 0]) == 0
    a, b = (1 - where).tolist()
    np.testing.assert_allclose(found.jets_score[0], [a, b - a, -b], atol=1e-4 * 2 * (a + b))
    assert found.converged.values.all()
    assert 40 < int(found.steps[0]) < 120


def test_a_step_in_what_is_explained_has_no_gradient_and_does_not_converge() -> None:
    def formula(x: Tensor) -> Tensor:
        return x[:, 0] ** 2 + (x[:, 1] > 0.3).to(x)

    found = integrated(Formula(formula), np.ones((1, 2)), budget=300)
    assert not found.converged.values.any()
    assert float(found.completeness_error[0]) == pytest.approx(-1, abs=1e-2)
    assert int(found.steps[0]) <= 300


@pytest.mark.parametrize("budget", [33, 60, 61, 90])
def test_no_more_gradients_than_the_budget(budget: int) -> None:
    x = np.random.default_rng(5).normal(size=(10, 5))
    found = integrated(Hidden(100, torch.float64), x, tolerance=1e-9, budget=budget)
    assert found.steps.values.max() <= budget
    assert not found.converged.values.any()


def test_paths_are_integrated_alone_as_among_others() -> None:
    x = np.random.default_rng(6).normal(size=(12, 5))
    whole = integrated(Hidden(30, torch.float64), x)
    halves = [integrated(Hidden(30, torch.float64), part) for part in (x[:5], x[5:])]
    scores = np.concatenate([half.jets_score.values for half in halves])
    np.testing.assert_allclose(whole.jets_score.values, scores, rtol=1e-12, atol=1e-14)
    steps = np.concatenate([half.steps.values for half in halves])
    np.testing.assert_array_equal(whole.steps.values, steps)
