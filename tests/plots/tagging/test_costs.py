"""Performance against cost: all variations are drawn, and costs that are all alike have a range."""

from __future__ import annotations

import pytest

import jetlens as jl
from jetlens.plots.entry import caption
from jetlens.summarise.trainings.costs import COSTS, FLOPS, IMAGES, Costs, Spent

FEW = 150.00000000000003  # a mean that rounding moved


def spent(model, jets, flops, auc):
    number = {"value": auc, "low": auc - 0.01, "high": auc + 0.01}
    costs = {c: [1.0, 2.0] for c in COSTS} | {IMAGES: [jets, jets], FLOPS: [flops, 2 * flops]}
    return Spent({"model": model}, costs, {"auc": number, "accuracy": number})


@pytest.mark.parametrize("jets", [(150.0, FEW), (150.0, 150.0), (30.0, 1000.0)])
def test_costs_that_are_alike_have_a_range_of_their_own(jets):
    costs = Costs(tuple(spent(m, n, 1e9, 0.8) for m, n in zip("ab", jets, strict=True)))
    figure = jl.draw(costs)
    panels = {ax.get_xlabel(): ax for ax in figure.axes if ax.get_xlabel()}
    low, high = panels["Jets that are trained on"].get_xlim()
    assert low < min(jets)
    assert max(jets) < high
    assert high > 1.5 * low
    assert caption(costs).endswith(".")


def test_what_is_saved_is_read_again(tmp_path):
    costs = Costs((spent("a", 100.0, 1e9, 0.8),))
    costs.save(tmp_path / "costs.json")
    again = Costs.load(tmp_path / "costs.json")
    assert again.axes == costs.axes == {"model": ("a",)}
    assert again.spent[0] == costs.spent[0]
