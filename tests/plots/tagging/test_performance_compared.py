"""ROC curves of tasks whose classes are not the same: each panel is of its own."""

from __future__ import annotations

import numpy as np

import jetlens as jl
from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch
from jetlens.plots.entry import draw
from jetlens.summarise.trainings.ensemble import Ensemble, Member


def performance(classes, separation):
    rng = np.random.default_rng(3)
    label = rng.integers(0, len(classes), 400)
    made = batch({"jets": (np.zeros((400, 1)), ("x",))}, label=label, classes=classes)
    output = rng.normal(size=(400, len(classes))) + separation * np.eye(len(classes))[label]
    found = attributions.build(
        made, {"jets": ["x"]}, {}, classes=classes, output=output, target=output.argmax(1)
    )
    return jl.summarise(found, "performance", replicas=10)


def compared(tasks):
    return Ensemble(
        tuple(
            Member({"task": "-".join(classes), "model": model}, 0, performance(classes, power), "")
            for classes in tasks
            for model, power in (("plain", 1.0), ("deep", 2.0))
        )
    )


def test_tasks_of_other_classes_are_side_by_side():
    figure = draw(compared([("H4q", "Zqq"), ("Wqq", "Zqq")]))
    top, below = figure.axes[:2], figure.axes[2:]
    assert [len(ax.lines) for ax in top] == [4, 4]  # two curves, two backgrounds marked
    assert top[0].get_ylim() == top[1].get_ylim()
    assert top[0].get_ylabel() == "background efficiency"
    assert len(below) == 2
    same = draw(compared([("H4q", "Zqq")]))
    assert same.axes[0].get_ylabel() not in ("", "background efficiency")


def test_a_task_of_fewer_backgrounds_leaves_panels_empty():
    figure = draw(compared([("QCD", "Wqq", "Zqq"), ("Wqq", "Zqq")]))
    shown = [ax.axison for ax in figure.axes[:4]]
    assert shown == [True, True, True, False]


def test_many_columns_go_on_below():
    columns = [(f"{k}", "Zqq") for k in range(6)]
    figure = draw(compared(columns))
    width, height = figure.get_size_inches()
    three = draw(compared(columns[:3]))
    assert width == three.get_size_inches()[0]
    assert height > 1.8 * three.get_size_inches()[1]
    curves = [ax for ax in figure.axes if ax.get_yscale() == "log"]
    assert [ax.get_title(loc="left") for ax in curves] == [f"task {k}-Zqq" for k in range(6)]
    assert [ax.get_subplotspec().rowspan.start for ax in curves] == [0] * 3 + [2] * 3
    said = [ax.get_ylabel() for ax in curves]
    assert [bool(words) for words in said] == [True, False, False] * 2
    assert len(figure.axes) == 12
    assert len(draw(compared([(f"{k}", "Zqq") for k in range(5)])).axes) == 10


def test_curves_that_the_first_panel_lacks_are_named():
    task, members = "Wqq-Zqq", []
    for pixels, models in (("224", ["a", "b"]), ("112", ["a", "c"])):
        members += [
            Member({"data": task, "pixels": pixels, "model": m}, 0, performance(("W", "Z"), 1.0))
            for m in models
        ]
    legend = draw(Ensemble(tuple(members))).axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["a", "b", "c"]
    assert len({line.get_color() for line in legend.get_lines()}) == 3
