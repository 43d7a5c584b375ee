"""Performance against cost: what is drawn, the range of costs that are all alike, and the file."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import jetlens as jl
from figure_words import inside, words
from jetlens.core.errors import BadFileError
from jetlens.plots.entry import caption, draw
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


@pytest.mark.parametrize(
    "flops", [(1e9, 1.8e9), (3e8, 1.3e9), (4e8, 3e9), (1.5e9, 4e10), (2e8, 1.5e9), (4e8, 2e13)]
)
def test_names_of_costs_do_not_lie_on_each_other(flops):
    costs = Costs(tuple(spent(m, 100.0, f, 0.8) for m, f in zip("ab", flops, strict=True)))
    figure = jl.draw(costs)
    figure.draw_without_rendering()
    (ax,) = (
        a for a in figure.axes if a.get_xlabel() == "Floating-point operations of the training"
    )
    low, high = ax.get_xlim()
    names = [t for t in ax.get_xticklabels(which="both") if t.get_text()]
    boxes = sorted(
        (t.get_window_extent() for t in names if low <= t.get_position()[0] <= high),
        key=lambda box: box.x0,
    )
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.filterwarnings("error")
def test_a_single_training_is_drawn_without_a_warning():
    jl.draw(Costs((spent("a", 100.0, 1e9, 0.8),)))


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
                places = {"task": task, "images": str(images), "model": model}
                found.append(Spent(places, spent, {"auc": own}, task, task))
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
    assert loaded.rows == "jets"
    assert loaded.axes["images"] == ("30", "300")
    assert loaded.spent[0].mean("jets") == (60.0, 0.0)
    assert np.isnan(loaded.spent[0].mean("gold")[0])
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BadFileError, match="does not hold 'jetlens costs 3'"):
        Costs.load(path)


def of_pixels(pixels, images, model, auc):
    """Two tasks; taggers of other pixels read other images of the same jets."""
    number = {"value": auc, "low": auc - 0.01, "high": auc + 0.01}
    return [
        Spent(
            {"data": task, "images": images, "pixels": pixels, "model": model},
            {c: [float(images) * int(pixels)] for c in COSTS},
            {"auc": number},
            task,
            f"{task}-{pixels}",
        )
        for task in ("four", "two")
    ]


def test_points_of_other_pixels_are_not_joined_and_tasks_are_those_of_other_jets():
    spent = []
    for images, auc in (("300", 0.9), ("30", 0.7)):
        for pixels in ("224", "112"):
            spent += of_pixels(pixels, images, "vit", auc)
        spent += of_pixels("112", images, "cnn", auc - 0.1)
    found = Costs(tuple(spent))
    inside(lambda: jl.draw(found), 5)
    drawn = jl.draw(found)
    assert len(drawn.axes) == 8
    assert [drawn.axes[k].get_ylabel().split("\n")[0] for k in (0, 4)] == ["four", "two"]
    for ax in drawn.axes:
        told = {(c.get_label(), c[0].get_linestyle()) for c in ax.containers}
        assert told == {("vit", "-"), ("vit", "--"), ("cnn", "--")}
        for line in (c[0] for c in ax.containers):
            pixels = 224 if line.get_linestyle() == "-" else 112
            np.testing.assert_allclose(line.get_xdata(), [30 * pixels, 300 * pixels])
    (legend,) = drawn.legends
    names = [t.get_text() for t in legend.get_texts()]
    assert names == ["vit", "cnn", "pixels 224", "pixels 112"]
    assert "broken lines and open marks are of other pixels" in caption(found)
    alike = Costs(tuple(s for s in spent if s.places["pixels"] == "112"))
    assert "broken" not in caption(alike)
    assert len(jl.draw(alike).legends[0].get_texts()) == 2


def test_costs_are_numbers_with_their_deviation():
    found = Costs((spent("a", 100.0, 1e9, 0.8), spent("b", 50.0, 1e9, 0.8))).numbers()
    assert found["cost.b.jets"] == {"value": 50.0, "low": 50.0, "high": 50.0}
    deviation = 1e9 / np.sqrt(2)
    number = found["cost.a.flops"]
    assert number["value"] == 1.5e9
    assert number["high"] - 1.5e9 == pytest.approx(deviation)
    assert 1.5e9 - number["low"] == pytest.approx(deviation)
    assert len(found) == 2 * len(COSTS)
    unknown = Costs((Spent({"model": "a"}, {"jets": [1.0]}, {}),))
    assert list(unknown.numbers()) == ["cost.a.jets"]


def test_costs_of_events_are_said_of_events(tmp_path):
    found = Costs((spent("a", 100.0, 1e9, 0.8), spent("b", 50.0, 1e9, 0.8)), "events")
    found.save(tmp_path / "costs.json")
    loaded = Costs.load(tmp_path / "costs.json")
    assert "Events that are trained on" in {ax.get_xlabel() for ax in draw(loaded).axes}
    assert "against the events that it is trained on" in caption(loaded)
