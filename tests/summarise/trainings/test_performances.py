"""Performances over retrainings and gains between variations, against what they say they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import jetlens as jl
from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch
from jetlens.summarise.sums.roc import efficiency_at
from jetlens.summarise.trainings import performances
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from jetlens.summarise.trainings.performances import quantities

JETS = 4000


def said(separation: float, noise: int, jets: int = JETS, replicas: int = 100):
    """Return the performance of a made-up tagger of two classes; `noise` is its training's."""
    rng = np.random.default_rng(7)  # the jets are the same for all taggers
    label = rng.integers(0, 2, jets)
    common = rng.normal(size=jets)
    own = np.random.default_rng([noise, 11]).normal(size=jets)
    score = separation * label + 0.8 * common + 0.6 * own
    made = batch(
        {"jets": (np.zeros((jets, 1)), ("x",))},
        label=label,
        classes=("background", "signal"),
        event=np.arange(jets),
    )
    output = np.stack([-score / 2, score / 2], axis=1)
    found = attributions.build(
        made, {"jets": ["x"]}, {}, classes=made.classes, output=output, target=output.argmax(1)
    )
    return jl.summarise(found, "performance", replicas=replicas), score, label


def ensemble(repeats=3, axis="model", jets=("same", "same")):
    members = [
        Member({axis: place, "seed": "1"}, r, said(s, 10 * i + r, replicas=30)[0], jets[i])
        for i, (place, s) in enumerate((("image", 1.0), ("experts", 2.0)))
        for r in range(repeats)
    ]
    return Ensemble(tuple(members))


def test_the_efficiency_at_a_background_is_that_of_the_cut():
    result, score, label = said(2.0, 1)
    for mistag in (0.01, 0.1):
        cut = np.quantile(score[label == 0], 1 - mistag)
        exact = np.mean(score[label == 1] > cut)
        value, _ = result.summary.curves(result).efficiency_at("background", mistag)
        assert value == pytest.approx(exact, abs=0.005)


def test_the_rejection_at_an_efficiency_is_that_of_the_cut():
    result, score, label = said(2.0, 1)
    each = result.summary.efficiencies
    points = {p.efficiency: p.rejection for p in result.summary.curves(result).working_points(each)}
    for efficiency, known in points.items():
        cut = np.quantile(score[label == 1], 1 - efficiency)
        value, replicas = result.summary.curves(result).rejection_at("background", efficiency)
        assert value == pytest.approx(1 / np.mean(score[label == 0] > cut), rel=0.03)
        assert value == pytest.approx(known)
        assert np.nanstd(replicas[1:]) > 0
    easy, _, _ = said(60.0, 1)  # nothing passes
    assert np.isnan(easy.summary.curves(easy).rejection_at("background", 0.6)[0])


def test_rejections_over_retrainings_are_geometric_means():
    numbers = ensemble().numbers()
    assert numbers["rejection.experts,1.at_60"]["value"] > 1.5
    relative = numbers["gain.experts,1.rejection.at_60.relative.vs.image"]
    assert relative["low"] > 0.5
    logs = {
        m: [
            np.log(quantities(r)["rejection.at_60"][0])
            for r in ensemble().groups()[(("model", m), ("seed", "1"))]
        ]
        for m in ("image", "experts")
    }
    assert numbers["rejection.experts,1.at_60"]["value"] == pytest.approx(
        np.exp(np.mean(logs["experts"]))
    )
    ratios = np.subtract(logs["experts"], logs["image"])
    assert relative["value"] == pytest.approx(np.exp(ratios.mean()) - 1)
    assert relative["low_95"] > -1


@pytest.mark.parametrize("mistag", [0.01, 0.1])
def test_the_efficiency_has_the_error_of_a_bootstrap(mistag):
    result, score, label = said(2.0, 1, replicas=400)
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(400):
        again = rng.integers(0, JETS, JETS)
        s, y = score[again], label[again]
        drawn.append(np.mean(s[y == 1] > np.quantile(s[y == 0], 1 - mistag)))
    _, replicas = result.summary.curves(result).efficiency_at("background", mistag)
    assert np.std(replicas[1:]) == pytest.approx(np.std(drawn), rel=0.25)


def test_no_jets_of_a_class_have_no_efficiency():
    full, empty = np.ones((5, 3)), np.zeros((5, 3))
    assert np.isnan(efficiency_at(full, empty, 0.1)).all()
    np.testing.assert_allclose(efficiency_at(full, full, 0.3), 0.3)


def test_every_variation_has_numbers_and_gains_over_the_first():
    numbers = ensemble().numbers()
    assert numbers["auc.image,1"]["value"] < numbers["auc.experts,1"]["value"]
    for name in ("accuracy.image,1", "efficiency.experts,1.at_background_1"):
        assert 0 <= numbers[name]["low"] <= numbers[name]["value"] <= numbers[name]["high"] <= 1
    found = numbers["gain.experts,1.efficiency.at_background_10.vs.image"]
    plain = [numbers[f"efficiency.{m},1.at_background_10"]["value"] for m in ("experts", "image")]
    assert found["value"] == pytest.approx(plain[0] - plain[1])
    assert found["low"] > 0
    relative = numbers["gain.experts,1.efficiency.at_background_10.relative.vs.image"]
    assert relative["value"] == pytest.approx(found["value"] / plain[1])
    assert not [n for n in numbers if n.startswith("gain.image") or n.endswith("vs.1")]


def test_all_that_pass_have_an_interval_all_the_same():
    perfect = [said(60.0, r, jets=200, replicas=20)[0] for r in range(2)]
    numbers = Ensemble(tuple(Member({}, r, p) for r, p in enumerate(perfect))).numbers()
    number = numbers["efficiency.at_background_10"]
    signal = int(perfect[0].sums["jets"].sel({"class": "signal"}))
    assert (number["value"], number["high"]) == (1, 1)
    assert number["low"] == pytest.approx(signal / (signal + stats.norm.ppf(0.84) ** 2), rel=1e-6)


def test_of_other_jets_there_is_no_gain():
    numbers = ensemble(repeats=1, axis="setting", jets=("easy", "hard")).numbers()
    assert "auc.image,1" in numbers
    assert not [n for n in numbers if n.startswith("gain.")]


def test_gains_are_of_trainings_of_the_same_number():
    whole = ensemble()
    left = [m for m in whole.members if (m.variation["model"], m.repeat) != ("image", 1)]
    number = Ensemble(tuple(left)).numbers()["gain.experts,1.accuracy.vs.image"]
    pairs = [[quantities(m.result)["accuracy"][0] for m in left if m.repeat == r] for r in (0, 2)]
    assert number["value"] == pytest.approx(np.mean([b - a for a, b in pairs]))


def test_what_some_replicas_lack_says_so_and_what_most_lack_is_left_out(monkeypatch):
    some = np.array([4.0, 3.0, np.nan, 4.0, 5.0])
    few = np.array([0.9, np.nan, np.nan, np.nan, 0.8])
    known = {"rejection.at_60": (4.0, some), "auc": (0.9, few)}
    monkeypatch.setattr(performances, "quantities", lambda result: known)
    result: Any = SimpleNamespace(name="performance")
    numbers = performances.compared(
        Ensemble(tuple(Member({"model": m}, 0, result) for m in ("image", "experts")))
    )
    shared = "gain.experts.rejection.at_60"
    assert {name: number["defined"] for name, number in numbers.items()} == {
        "rejection.image.at_60": 0.75,
        "rejection.experts.at_60": 0.75,
        f"{shared}.vs.image": 0.75,
        f"{shared}.relative.vs.image": 0.75,
    }


def test_one_class_alone_has_an_accuracy_at_most():
    result = said(1.0, 1)[0]
    few = jl.summarise(
        attributions.build(
            batch(
                {"jets": (np.zeros((20, 1)), ("x",))},
                label=np.ones(20, dtype=int),
                classes=("background", "signal"),
            ),
            {"jets": ["x"]},
            {},
            classes=("background", "signal"),
            output=np.random.default_rng(0).normal(size=(20, 2)),
            target=np.zeros(20, dtype=int),
        ),
        "performance",
    )
    numbers = Ensemble((Member({}, 0, few), Member({}, 1, few))).numbers()
    assert set(numbers) == {"accuracy"}
    assert set(Ensemble((Member({}, 0, result),)).numbers()) > {"accuracy", "auc"}
