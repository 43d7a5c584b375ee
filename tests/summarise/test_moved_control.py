"""Moved jets against control steps: what a tagger has picked up, and what any step does."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

import jetlens as jl
import planted
from figure_words import inside
from jetlens.plots import caption
from jetlens.report.headlines import headlines, nearer_by_class
from jetlens.report.moved import observables_table
from jetlens.summarise.jets.shapes import KINDS
from jetlens.summarise.sums.chance import mean_relative
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME, nearest
from jetlens.summarise.sums.transport import changes
from synthetic import scanned

SIZE = ("width", "mass", "tau1")


def summed(found, replicas=60, observables=SIZE):
    inputs = ["pt"]
    return jl.summarise(
        found, "moved-observables", replicas=replicas, observables=observables, inputs=inputs
    )


def said(result, toward):
    """Return verdicts on how wide jets are, on the change and on the difference to the control."""
    t, own = planted.CLASSES.index(toward), result.summary.own_distances(result)
    control = result.summary.control(result)
    both = (result.summary.verdicts(result, own, 1, c) for c in (None, control))
    return [[row[t] for row in verdicts[: len(SIZE)]] for verdicts in both]


@pytest.fixture(scope="module")
def known():
    return {t: summed(planted.moved(1, t, 500, seed=3)) for t in planted.CLASSES}


def test_what_a_tagger_looks_at_comes_nearer_than_by_the_control_in_both_directions(known):
    for toward, result in known.items():
        assert said(result, toward)[1] == [NEARER] * 3


def test_of_a_tagger_that_does_not_look_at_it_the_control_does_the_same():
    """Any step widens jets: nearer to the wide class and farther from the narrow one."""
    found = {t: [] for t in planted.CLASSES}
    for seed in range(1, 9):
        for toward, verdicts in found.items():
            verdicts.append(said(summed(planted.moved(-1, toward, 400, seed)), toward))
    before, control = (
        {t: [v for each in every for v in each[k]] for t, every in found.items()} for k in (0, 1)
    )
    assert before["gluon"].count(NEARER) >= 20  # of 24
    assert before["quark"].count(FARTHER) >= 16
    # one in twenty is chance, and the three of a sample are nearly one
    assert sum(v != OPEN for own in control.values() for v in own) <= 6  # of 48


def test_distances_are_those_of_the_control_s_jets():
    found = planted.moved(1, "quark", 200, seed=5)
    result = summed(found, replicas=4, observables=["width"])
    control, gluon = result.summary.control(result)[0], found["label"].values == 0
    mask = found["constituents_mask"].values

    def width(values, some):
        return KINDS[0].compute(values[some], mask[some], planted.NAMES, ("width",), 1.0, 0.4)[0]

    value, at = found["constituents_value"].values, found["constituents_control"].values[:, 1]
    reference = width(value, ~gluon)["width"]
    wanted = [wasserstein_distance(width(v, gluon)["width"], reference) for v in (value, at)]
    np.testing.assert_allclose(control[1, [0, 2], 0], wanted, rtol=1e-3, atol=1e-6)
    # scale 0 moves nothing, and what is before is the same for both
    own = result.summary.own_distances(result)
    np.testing.assert_array_equal(control[:, 0], own[0, :, 0])
    np.testing.assert_array_equal(control[:, 1], own[0, :, 1])


def test_parts_give_the_result_of_the_whole():
    found = planted.moved(1, "quark", 300, seed=5)
    parts = [found.isel(jet=slice(0, 120)), found.isel(jet=slice(120, None))]
    whole, added = summed(found, 6), sum(summed(p, 6) for p in parts)
    assert whole == added
    np.testing.assert_allclose(added.summary.control(added), whole.summary.control(whole))


def test_numbers_are_paired_with_the_control(known, tmp_path):
    result = known["quark"]
    own, control = result.summary.own_distances(result), result.summary.control(result)
    numbers = result.numbers()
    number = numbers["moved.control.width.quark"]
    assert number["value"] == pytest.approx(own[0, 1, 2, 0] - control[0, 1, 2, 0])
    apart = (own - control)[0, 1, 2, 1:].std()
    assert (number["high_95"] - number["low_95"]) / 2 == pytest.approx(1.96 * apart, rel=0.05)
    alone = np.hypot(own[0, 1, 2, 1:].std(), control[0, 1, 2, 1:].std())
    assert apart < 0.7 * alone  # the same jets
    assert number["low_95"] < number["low"] < number["value"] < number["high"] < number["high_95"]
    assert numbers["moved.picked_up.width.quark"]["value"] == 1
    assert numbers["moved.verdict.width.quark"]["value"] == 1
    mean = [mean_relative(d, result.summary.groups(result))[1, 0] for d in (own, control)]
    assert numbers["moved.control.at.0.7"]["value"] == pytest.approx(mean[0] - mean[1])
    assert numbers["moved.control.at.0.7"]["high"] < 0
    assert numbers["moved.control.at.0"] == {"value": 0, "low": 0, "high": 0}
    # pt is held: the step does what the control's does, nothing
    assert "moved.picked_up.constituents.pt.quark" not in numbers
    result.save(tmp_path / "found.npz")
    assert type(result).load(tmp_path / "found.npz").numbers() == numbers


def test_without_a_control_nothing_is_said_of_it():
    result = jl.summarise(scanned(400, 9), "moved-observables", replicas=6, observables=["width"])
    assert result.summary.control(result) is None
    assert not [n for n in result.numbers() if ".control" in n or ".picked_up" in n]
    table = observables_table(result)
    assert "than the control" not in table.head
    assert "it is not known what any step of this length would do" in str(table.caption)
    assert "control" not in caption(result)


def test_table_figure_and_headlines_tell_it(known):
    result = known["quark"]
    table = observables_table(result)
    row = [re.sub(r"<[^>]+>", "", str(cell)) for cell in table.rows[0]]
    told = dict(zip(table.head, row, strict=True))
    assert told["verdict"] == told["than the control"] == NEARER
    assert told["nearer than the control at scales"] == "0.7"
    held = [re.sub(r"<[^>]+>", "", str(cell)) for cell in table.rows[3]]
    assert held[table.head.index("than the control")] == "the same"
    assert "has picked the observable up" in str(table.caption)
    inside(lambda: jl.draw(result), 8.5)
    far = next(ax for ax in jl.draw(result).axes if ax.get_title("left").startswith("Distance"))
    (line,) = [line for line in far.get_lines() if line.get_label() == "Controls"]
    np.testing.assert_allclose(line.get_ydata()[0], far.containers[1][0].get_ydata()[0])
    assert "than by the control: toward quark, by 0.7: 3 nearer" in caption(result).lower()
    assert nearer_by_class(result.numbers()) == {"quark": (3, 4)}
    tiles = {str(t.label): str(t.number) for t in headlines(result)}
    assert tiles["Observables and inputs that come nearer than after a control step"] == "3 of 4"


def test_what_is_about_the_same_counts_once():
    rng = np.random.default_rng(1)
    own = np.ones((3, 1, 3, 41)) + rng.normal(0, 0.001, (3, 1, 3, 41))
    own[:2, :, 2], own[2, :, 2] = 0.4 * own[:2, :, 0], 0.8 * own[2, :, 0]
    assert mean_relative(own)[1, 0] == pytest.approx((0.4 + 0.4 + 0.8) / 3, rel=1e-3)
    assert mean_relative(own, ["a", "a", "b"])[1, 0] == pytest.approx(0.6, rel=1e-3)
    for kind in KINDS:  # of names that there are
        assert {*kind.about} <= {*kind.observables, *kind.needs, "time"}


def test_no_scale_is_recommended_at_which_a_control_does_better():
    rng = np.random.default_rng(1)
    own = np.ones((1, 1, 4, 41)) + rng.normal(0, 0.001, (1, 1, 4, 41))
    control, allowed = own.copy(), np.ones((3, 41), bool)
    own[..., 2, :], own[..., 3, :] = 0.7 * own[..., 0, :], 0.5 * own[..., 0, :]
    control[..., 2, :], control[..., 3, :] = 0.9 * own[..., 0, :], 0.4 * own[..., 0, :]
    scales = np.array([0.0, 1.0, 2.0])
    assert nearest(own, scales, allowed)[0] == 2
    assert nearest(own, scales, allowed, None, control)[0] == 1
    difference = changes(own, 1, 0.0, control)
    np.testing.assert_allclose(difference[0], -0.2, atol=0.01)


def test_a_step_that_does_what_the_control_does_is_not_judged():
    found = planted.moved(1, "quark", 200, seed=5)
    same = found.assign(constituents_control=found["constituents_moved"])
    result = summed(same, replicas=5)
    own, control = result.summary.own_distances(result), result.summary.control(result)
    assert {row[1] for row in result.summary.verdicts(result, own, 1, control)} == {SAME}
    assert json.loads(found.attrs["options"])["control"] == "turned"
