"""Performance against cost: what is drawn, the range of costs that are all alike, and the file."""

from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from figure_words import inside, words
from jetlens.core.errors import BadFileError
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


def costs():
    rng = np.random.default_rng(0)
    found = []
    for task in ("first", "second"):
        for images in (30, 300):
            for model, trained in (("two-layers", 4e6), ("head", 800.0)):
                spent = {
                    "jets": [2.0 * images] * 3,
                    "trained": [trained] * 3,
                    "flops": [images * trained * 60] * 3,
                    "seconds": list(rng.uniform(5, 6, size=3) * images),
                }
                own = {"value": 0.7, "low": 0.65, "high": 0.74}
                places = {"data": task, "images": str(images), "model": model}
                found.append(Spent(places, spent, {"auc": own}))
    return Costs(tuple(found))


def test_performance_against_costs():
    found = costs()
    inside(lambda: jl.draw(found), 5)
    drawn = jl.draw(found)
    assert len(drawn.axes) == 8  # two tasks, four costs; of accuracy nothing is known
    said = " ".join(t.get_text() for t in words(drawn))
    for word in ("first", "second", "two-layers", "head", "Jets that are trained on"):
        assert word in said
    (line, *_) = drawn.axes[0].get_lines()
    np.testing.assert_allclose(line.get_xdata(), [60, 600])
    assert "3 trainings" in caption(found)
    assert "$" not in caption(found)


def test_costs_are_saved_and_loaded(tmp_path):
    path = tmp_path / "costs.json"
    costs().save(path)
    loaded = Costs.load(path)
    assert loaded.spent == costs().spent
    assert loaded.axes["images"] == ("30", "300")
    assert loaded.spent[0].mean("jets") == (60.0, 0.0)
    assert np.isnan(loaded.spent[0].mean("gold")[0])
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BadFileError, match="does not hold 'jetlens costs 1'"):
        Costs.load(path)
