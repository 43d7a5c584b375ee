"""The study of cross-attention runs whole, small: four models, their explanations, a search."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import jetlens
from jetlens.run.recipe_file import load

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "cross_attention.toml"
DRAWN = ("performance", "reach", "attention-rank", "cross-attention", "stream-use")
MODELS = ["concatenation", "cross-attention", "constituents", "kinematics"]
SMALL = {
    "repeats": 2,
    "data.jets": 240,
    "data.partition": 240,
    "split": [0.6, 0.1, 0.3],
    "data.masses": [1000, 2000],
    "train.epochs": 1,
    "train.batch": 32,
    "explain.2.jets": 40,
    "vary.model": ["concatenation", "cross-attention", "kinematics"],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The recipe's run, with fewer events, replicas and figures."""
    show = [{"replicas": 5} | s.model_dump() for s in load(RECIPE).show if s.use in DRAWN]
    reach = next(s for s in show if s["use"] == "reach")
    reach["events"] = 0.5
    out = tmp_path_factory.mktemp("runs") / "study"
    return jetlens.run(RECIPE, out=out, set=SMALL | {"show": show}, until="report")


def text_of(report):
    return re.sub(r"<[^>]+>", "", report.read_text(encoding="utf-8"))


def test_one_file_controls_everything_in_few_lines():
    recipe = load(RECIPE)
    assert list(recipe.vary["model"]) == MODELS
    assert len(RECIPE.read_text().splitlines()) <= 40
    assert recipe.repeats == 5
    assert recipe.resplit
    taggers = {v.places["model"]: tree["tagger"] for v, tree in recipe.variations()}
    assert {t["use"] for t in taggers.values()} == {"cross-attention"}
    assert len({str(t) for t in taggers.values()}) == 4
    full = load(RECIPE, preset="full")
    tested = full.split[2] * full.data.arguments["jets"]
    assert (
        [e.jets for e in full.explain if "attention" in e.use] == [tested, tested] == [120_000] * 2
    )
    changed = load(RECIPE, changes={"tagger.streams.constituents.layers": 7})
    streams = [tree["tagger"]["streams"] for _, tree in changed.variations()]
    assert [s["constituents"]["layers"] for s in streams] == [7] * 4  # one file, all models


def test_models_are_compared_by_discrimination_and_by_limits(study):
    numbers = study.numbers
    for model in SMALL["vary.model"]:
        assert 0 <= numbers[f"auc.{model}"]["value"] <= 1
        assert numbers[f"reach.{model}.limit.1000"]["value"] > 0
    for model in ("cross-attention", "kinematics"):
        assert f"gain.{model}.auc.vs.concatenation" in numbers
        assert numbers[f"reach.ratio.{model}.2000.vs.concatenation"]["value"] > 0
    own = study.variations[1].numbers
    assert own["reach.acceptance.1000"]["low"] > 0
    assert own["reach.cross_section.qcd"]["value"] > own["reach.cross_section.ttbar"]["value"] > 0
    assert not [n for n in own if re.search(r"^reach\..*\.(500|750|1500)$", n)]  # as in the data


def test_what_does_not_fit_a_model_is_left_out_of_it(study):
    kinematics = study.variations[2]
    names = {
        p.name: {f.stem.partition("-")[2] for f in p.glob("*.npz")}
        for p in (kinematics.store.results).iterdir()
        if p.is_dir()
    }
    assert names["stream-share"] == names["permutation"] == set()
    crossed = study.variations[1].store.results
    found = {f.stem.partition("-")[2] for f in (crossed / "attention").glob("*.npz")}
    assert found == {"attention-rank", "cross-attention"}
    assert list((crossed / "stream-share").glob("*stream-use.npz"))
    assert not list((study.variations[0].store.results / "attention").glob("*cross-attention.npz"))
    assert "Left out" in text_of(kinematics.report)


def test_repeats_have_splits_of_their_own(study):
    stores = [study.variations[0].store.repeat(k) for k in (0, 1)]
    rows = [{int(r) for s in jetlens_said(store) for r in s.row} for store in stores]
    assert rows[0] != rows[1]
    assert rows[0] & rows[1]
    other = {int(r) for s in jetlens_said(study.variations[2].store.repeat(1)) for r in s.row}
    assert other == rows[1]  # models of one repeat are tested on the same events


def jetlens_said(store):
    from jetlens.run.stages import predict

    return predict.read_all(store.predictions)


def test_the_pages_say_what_was_assumed_and_what_came_out(study):
    page = text_of(study.report)
    for words in (
        "another split of the events",
        "area under the curve",
        "against concatenation",
        "expected limit at 2000 GeV, ratio",
        "an epoch",
    ):
        assert words in page
    own = text_of(study.variations[1].report)
    for words in (
        "What a search could exclude",
        "pT above 200 GeV",
        "b-tagged",
        "known to 5 %",
        "arXiv:2202.07288",
        "none are made up",
        "Parameters",
        "Time an epoch",
    ):
        assert words in own
    assert "nan" not in page.split()
