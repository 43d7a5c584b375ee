from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.summarise.estimates import wilson
from jetlens.summarise.jets.discriminant import discriminant as of_logits
from jetlens.summarise.performance import SINGLE
from jetlens.summarise.result import Result
from searches import events
from synthetic import attribution


def pairwise_area(signal, background, signal_weight, background_weight):
    above = (signal[:, None] > background) + 0.5 * (signal[:, None] == background)
    pairs = signal_weight[:, None] * background_weight
    return (above * pairs).sum() / pairs.sum()


def discriminant(output, fc=0.018):
    p = np.exp(output - output.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return np.log(p[:, 0] / (fc * p[:, 1] + (1 - fc) * p[:, 2]))


def test_areas_are_those_of_all_pairs():
    jets = attribution(900)
    numbers = jl.summarise(jets, "performance").numbers()
    label, weight = jets["label"].values, jets["weight"].values
    column = list(jets["tracks_feature"].values).index("IP3D_signed_d0_significance")
    sd0 = jets["tracks_value"].values[..., column]
    largest = np.where(jets["tracks_mask"].values, sd0, -np.inf).max(axis=1)
    scores = {"auc": discriminant(jets["output"].values), "auc.single": largest}
    for prefix, score in scores.items():
        for other, name in ((1, "c"), (2, "light"), (3, "tau")):
            b, x = label == 0, label == other
            exact = pairwise_area(score[b], score[x], weight[b], weight[x])
            found = numbers[f"{prefix}.b_vs_{name}"]
            assert found["value"] == pytest.approx(exact, abs=1e-4)
            assert found["low"] < found["value"] < found["high"]
    gain = numbers["auc.gain.b_vs_light"]["value"]
    difference = numbers["auc.b_vs_light"]["value"] - numbers["auc.single.b_vs_light"]["value"]
    assert gain == pytest.approx(difference)


def test_the_discriminant_is_the_formula():
    output = np.random.default_rng(0).normal(size=(50, 4)) * 5
    found = of_logits(output, ("b", "c", "u", "tau"), fc=0.1)
    np.testing.assert_allclose(found, discriminant(output, 0.1))
    # other classes: the odds of the signal
    two = of_logits(output[:, :2], ("b", "x"))
    np.testing.assert_allclose(two, output[:, 0] - output[:, 1])


def test_rejections_are_counted_jets_with_binomial_errors():
    jets = attribution(3000, weighted=False)
    numbers = jl.summarise(jets, "performance").numbers()
    score, label = discriminant(jets["output"].values), jets["label"].values
    for efficiency in (60, 70, 77, 85):
        cut = np.quantile(score[label == 0], 1 - efficiency / 100)
        for other, name in ((1, "c"), (3, "tau")):
            jets_there = (label == other).sum()
            passed = (score[label == other] > cut).mean()
            found = numbers[f"rejection.{name}.at_{efficiency}"]
            assert found["value"] == pytest.approx(1 / passed, rel=0.03)
            error = np.sqrt((1 - passed) / (passed * jets_there)) / passed
            assert (found["high"] - found["low"]) / 2 == pytest.approx(error, rel=0.1)


def test_a_background_that_never_passes_has_only_a_lower_limit():
    jets = attribution(400, weighted=False)
    jets["output"].values[:] = -20.0
    jets["output"].values[np.arange(400), jets["label"].values] = 20.0
    result = jl.summarise(jets, "performance")
    light = [
        p for p in result.summary.curves(result).working_points((0.6, 0.7)) if p.background == "u"
    ]
    assert all(np.isinf(p.rejection) and np.isinf(p.high) and 50 < p.low < 500 for p in light)
    numbers = result.numbers()
    assert not [n for n in numbers if n.startswith("rejection.light")]
    assert numbers["auc.b_vs_light"]["value"] == 1
    assert numbers["accuracy"]["value"] == 1


def test_confusion_rows_are_shares():
    jets = attribution(500, weighted=False)
    result = jl.summarise(jets, "performance")
    value, low, high = result.summary.confusion(result)
    np.testing.assert_allclose(value.sum(axis=1), 1)
    b = jets["label"].values == 0
    assert value[0, 1] == pytest.approx((jets["output"].values[b].argmax(axis=1) == 1).mean())
    assert ((low <= value) & (value <= high)).all()


def test_perfect_shares_have_wilsons_interval():
    jets = attribution(500, weighted=False)
    jets["output"].values[:] = 9.0 * (jets["label"].values[:, None] == np.arange(4))
    result = jl.summarise(jets, "performance")
    value, low, high = (n[0] for n in result.summary.confusion(result))
    many = int((jets["label"] == 0).sum())
    assert (value[0], low[0], high[0]) == pytest.approx((1.0, *wilson(1.0, many)))
    assert (value[1], low[1], high[1]) == pytest.approx((0.0, *wilson(0.0, many)))


def test_no_scores_are_needed():
    jets = attribution(200)
    bare = jets.drop_vars(["tracks_score", "jets_score"])
    assert jl.summarise(bare, "performance") == jl.summarise(jets, "performance")
    without = bare.drop_vars(["tracks_value", "tracks_mask"]).drop_vars("tracks_feature")
    result = jl.summarise(without, "performance")
    assert SINGLE not in result.parts["fine"].axes["score"]
    assert "auc.b_vs_light" in result.numbers()


def test_an_untrained_tagger_is_told_from_a_trained_one_at_any_scale():
    jets = attribution(600)
    small = jets.assign(output=1e-5 * jets["output"])
    a, b = (jl.summarise(j, "performance").numbers() for j in (jets, small))
    # the discriminant of probabilities that are nearly equal is linear, so the order is not quite
    # that of the logits, but nothing is lost in too wide a bin
    assert b["auc.b_vs_light"]["value"] == pytest.approx(a["auc.b_vs_light"]["value"], abs=0.02)


def test_unknown_labels_are_counted():
    result = jl.summarise(attribution(30, absent=("b", "c", "u", "tau")), "performance")
    assert int(result.sums["unknown"]) == 30
    assert result.numbers() == {}


def test_arguments_are_checked():
    with pytest.raises(BadValueError, match="fc=1"):
        jl.summarise(attribution(5), "performance", fc=1.0)
    for name in ("efficiencies", "mistags"):
        with pytest.raises(BadValueError, match=f"{name}=60: expected numbers between 0 and 1"):
            jl.summarise(attribution(5), "performance", **{name: [0.5, 60]})
    with pytest.raises(jl.JetlensError, match="unknown class 'bottom'"):
        jl.summarise(attribution(5), "performance", signal="bottom")


@pytest.mark.parametrize(
    ("classes", "signal"),
    [
        (("background", "signal"), "signal"),
        (("signal", "background"), "signal"),
        (("qcd", "zz"), "zz"),
        (("u", "b", "c"), "b"),
    ],
)
def test_the_signal_is_found_where_nobody_says_which(classes, signal):
    result = jl.summarise(attribution(60, classes=classes), "performance", replicas=5)
    assert result.summary.signal_of(result) == signal
    assert all(n.split(".")[-1].startswith(f"{signal}_vs_") for n in result.numbers() if "auc" in n)


def test_a_variable_of_the_jets_can_be_the_one_to_beat():
    jets = attribution(400, classes=("background", "signal"))
    value = jets["jets_value"].values.copy()
    value[:, 0] = jets["label"] + 0.3 * np.random.default_rng(0).normal(size=400)
    jets = jets.assign(jets_value=jets["jets_value"].copy(data=value))
    name = str(jets["jets_feature"].values[0])
    options = {"collection": "jets", "variable": name, "replicas": 5}
    numbers = jl.summarise(jets, "performance", **options).numbers()
    assert numbers["auc.single.signal_vs_background"]["value"] > 0.97


def test_signal_of_one_mass_alone_and_events_of_their_cross_section():
    jets = events(3000, power=1.0)
    score = jets["output"].values[:, 1]
    # the mass matters, and so does the weight
    score = score + 0.8 * (jets["jets_resonance_mass"].values == 1000)
    weight = jets["jets_xsec_weight"].values * np.exp(score)
    jets = jets.assign(
        output=(("jet", "class"), np.column_stack([0 * score, score])),
        jets_xsec_weight=("jet", weight),
    )
    one, background = jets["jets_resonance_mass"].values == 1000, jets["label"].values == 0
    only = {"signal_with": {"resonance_mass": 1000}}
    found = []
    for options, counts in (
        (only, np.ones(len(score))),
        ({**only, "weight": "xsec_weight"}, weight),
    ):
        result = jl.summarise(jets, "performance", efficiencies=[0.5], **options)
        assert result.sums["jets"].values.tolist() == [background.sum(), one.sum()]
        exact = pairwise_area(score[one], score[background], counts[one], counts[background])
        numbers = result.numbers()
        found.append(numbers["auc.signal_vs_background"]["value"])
        assert found[-1] == pytest.approx(exact, abs=1e-3)
        assert numbers["rejection.background.at_50"]["value"] > 1
    every = jl.summarise(jets, "performance").numbers()["auc.signal_vs_background"]["value"]
    assert every < found[0] - 0.02
    assert abs(found[1] - found[0]) > 0.02
    assert result.summary.condition == "signal of resonance mass 1000, weighted by xsec_weight"
    assert jl.summarise(jets, "performance").summary.condition == ""
    with pytest.raises(UnknownNameError, match="variable of the jets 'xsec'"):
        jl.summarise(jets, "performance", weight="xsec")
    with pytest.raises(UnknownNameError, match="did you mean 'xsec_weight'"):
        jl.summarise(jets, "performance", weight="xsec_wieght")


def test_rejections_of_weighted_jets_have_the_error_of_those_that_pass():
    """Those that pass count a hundredth of the others, so that their own number is what matters."""
    jets = events(6000, power=1.0)
    score, background = jets["output"].values[:, 1], jets["label"].values == 0
    cut = np.quantile(score[~background], 0.8)
    passed = background & (score > cut)
    light = background & (score > cut - 0.5)
    jets = jets.assign(jets_xsec_weight=("jet", np.where(light, 0.01, 1.0)))
    options = {"efficiencies": [0.2], "weight": "xsec_weight", "replicas": 400}
    number = jl.summarise(jets, "performance", **options).numbers()["rejection.background.at_20"]
    weight = jets["jets_xsec_weight"].values
    assert number["value"] == pytest.approx(
        weight[background].sum() / weight[passed].sum(), rel=0.1
    )
    error = np.log(number["high"] / number["low"]) / 2
    assert error == pytest.approx(passed.sum() ** -0.5, rel=0.2)


def test_background_efficiencies_are_chosen_and_have_names_of_their_own():
    jets = attribution(3000, weighted=False, classes=("background", "signal"))
    options = {"mistags": [0.005, 0.01, 0.3], "efficiencies": [0.775, 0.995]}
    numbers = jl.summarise(jets, "performance", **options).numbers()
    at = {n.rpartition("at_")[2]: v for n, v in numbers.items() if n.startswith("efficiency.")}
    assert set(at) == {"0.5", "1", "30"}
    rejections = [n for n in numbers if n.startswith("rejection.")]
    assert rejections == [f"rejection.background.at_{e}" for e in ("77.5", "99.5")]
    score = discriminant_of_two(jets)
    signal, background = (score[jets["label"].values == i] for i in (1, 0))
    for name, mistag in (("0.5", 0.005), ("30", 0.3)):
        exact = np.mean(signal > np.quantile(background, 1 - mistag))
        assert at[name]["value"] == pytest.approx(exact, abs=0.02)
    none = jl.summarise(jets, "performance", mistags=[]).numbers()
    assert not [n for n in none if n.startswith("efficiency.")]
    usual = jl.summarise(jets, "performance").numbers()
    assert {"efficiency.background.at_1", "efficiency.background.at_10"} <= set(usual)


def discriminant_of_two(jets):
    output = jets["output"].values
    return output[:, 1] - output[:, 0]


def missing(**signal_with):
    """What is said where signal has these, merged from two parts and read from a file again."""
    jets = events(600)
    parts = [jets.isel(jet=slice(0, 100)), jets.isel(jet=slice(100, None))]
    result = jl.summarise(parts, "performance", signal_with=signal_with, replicas=3)
    return result.summary.missing(result), result


def test_a_signal_that_no_jet_is_of_is_told_with_the_nearest(tmp_path):
    said, result = missing(resonance_mass=900)
    assert said == "no signal jet has resonance mass 900 (the nearest is 1000)"
    assert "auc.signal_vs_background" not in result.numbers()
    result.save(tmp_path / "r.npz")
    again = Result.load(tmp_path / "r.npz")
    assert again == result
    assert again.summary.missing(again) == said
    assert missing(resonance_mass=1000)[0] == ""
    assert missing(resonance_mass=1000, process=2)[0] == (
        "no signal jet has process 2 (the nearest is 0)"  # which backgrounds alone have
    )
    jets = events(400)
    alone = jets.isel(jet=jets["label"].values == 0)
    options = {"signal_with": {"resonance_mass": 500}, "replicas": 3}
    none = jl.summarise(alone, "performance", **options)
    assert none.summary.missing(none) == "there are no signal jets"
    every = jl.summarise(alone, "performance", replicas=3)
    assert every.summary.missing(every) == ""


def test_what_no_signal_jet_has_at_once_is_told():
    jets = events(400)
    mass = jets["jets_resonance_mass"].values
    jets = jets.assign(jets_side=("jet", np.where(mass == 500, 1.0, 2.0)))
    options = {"signal_with": {"resonance_mass": 500, "side": 2}, "replicas": 3}
    result = jl.summarise(jets, "performance", **options)
    said = result.summary.missing(result)
    assert said == "no signal jet has all of resonance mass 500 and side 2"
