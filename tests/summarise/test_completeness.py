from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from synthetic import attribution


def test_quantiles_of_the_error():
    jets = attribution(500, weighted=False)
    numbers = jl.summarise(jets, "completeness").numbers()
    error = np.abs(jets["completeness_error"].values)
    delta = np.abs(
        jets["output"].values[np.arange(500), jets["target"].values]
        - jets["baseline_output"].values
    )
    label = jets["label"].values
    for group, inside in {"all": label >= 0, "c": label == 1}.items():
        for p in (50, 90, 99):
            for kind, values in {"absolute": error, "relative": error / delta}.items():
                exact = np.quantile(values[inside], p / 100)
                found = numbers[f"completeness.{kind}.{group}.p{p}"]
                assert found["value"] == pytest.approx(exact, rel=0.01)
                assert found["low"] <= found["value"] <= found["high"]


def test_fraction_converged():
    jets = attribution(500)
    result = jl.summarise(jets, "completeness")
    weight, converged = jets["weight"].values, jets["converged"].values
    exact = weight[converged].sum() / weight.sum()
    assert result.numbers()["converged.all"]["value"] == pytest.approx(exact)
    assert int(result.sums["not_converged"].sel(group="all")) == (~converged).sum()


def test_methods_without_a_promise():
    jets = attribution(10)
    with pytest.raises(UnsupportedError, match="completeness_error"):
        jl.summarise(jets.drop_vars("completeness_error"), "completeness")
    numbers = jl.summarise(jets.drop_vars("converged"), "completeness").numbers()
    assert "converged.all" not in numbers
    assert "completeness.relative.all.p50" in numbers


def test_a_perfect_explanation_has_no_error():
    jets = attribution(30)
    perfect = jets.assign(completeness_error=0 * jets["completeness_error"])
    numbers = jl.summarise(perfect, "completeness").numbers()
    assert numbers["completeness.relative.all.p99"]["value"] == pytest.approx(0, abs=1e-12)
