"""The studies of gradients run whole, small: jets, taggers, jets that are moved, reports."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import fields
from pathlib import Path

import pytest

import jetlens
from jetlens.explain.steps.constraints import constraints
from jetlens.run.recipe_file import load

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
SMALL = {
    "data.jets": 120,
    "data.partition": 60,
    "split": [0.5, 0.1, 0.4],
    "train.epochs": 1,
    "train.batch": 16,
    "explain.0.jets": 30,
    "explain.1.scales": [0, 0.5, 2],
    "explain.2.scales": [0, 2, 10],
    "explain.2.jets": 20,
}
OWN = {
    "quark_gluon": {
        "data.constituents": 12,
        "vary.model": ["kinematics", "multiplicity"],
        "explain.2.steps": 2,
    },
    "showers": {"data.hits": 12, "vary.model": ["with-time"]},
}
DRAWN = {
    "quark_gluon": (
        "performance",
        "wanted-change",
        "nudge-scan",
        "moved-observables",
        "flip-distance",
    ),
    "showers": (
        "wanted-change",
        "vector-field",
        "nudge-scan",
        "moved-observables",
        "flip-distance",
    ),
}


@pytest.fixture(scope="module", params=sorted(OWN))
def study(request, tmp_path_factory):
    """A recipe's run, with few jets, replicas and figures."""
    recipe = RECIPES / f"{request.param}.toml"
    show = [s.model_dump() | {"replicas": 5} for s in load(recipe).show]
    some, seen = [], set()
    for one in show:  # of figures that are there more than once, the first
        if one["use"] in DRAWN[request.param] and one["use"] not in seen:
            seen.add(one["use"])
            some.append(one)
    out = tmp_path_factory.mktemp("runs") / request.param
    changes = SMALL | OWN[request.param] | {"show": some}
    with contextlib.redirect_stderr(io.StringIO()) as said:
        run = jetlens.run(recipe, out=out, set=changes, until="report", quiet=False)
    return request.param, run, said.getvalue()


def test_the_recipes_ask_for_what_the_study_needs():
    qg, showers = (load(RECIPES / f"{name}.toml") for name in ("quark_gluon", "showers"))
    for recipe in (qg, showers):
        assert [e.use for e in recipe.explain] == ["gradient", "nudge", "flip"]
        assert recipe.explain[1].arguments["move"] == "wrong"
        followed = [e for e in recipe.explain if not e.target.startswith("log(")]
        assert {e.of for e in followed} == {"log-odds"}
        assert recipe.explain[1].arguments["scales"][0] == 0
        assert "quick" in recipe.presets
    trees = {v.places["model"]: tree for v, tree in qg.variations()}
    assert list(trees) == ["kinematics", "particle-type", "multiplicity"]
    assert trees["multiplicity"]["tagger"]["use"] == "mlp"
    raw = load(RECIPES / "quark_gluon.toml", preset="raw").explain[1]
    assert raw.arguments["normalise"] == "raw"
    assert {0, 0.001, 0.01, 0.1, 1} < {*raw.arguments["scales"]}
    assert qg.explain[2].arguments["steps"] == 200
    nothing = constraints(raw.arguments["constraints"])
    assert not any(
        getattr(nothing, f.name) for f in fields(nothing) if f.name not in {"causal", "radius"}
    )
    assert nothing.radius == 0.4
    assert (raw.use, raw.arguments["move"], raw.jets) == ("nudge", "wrong", qg.explain[1].jets)
    seen = load(RECIPES / "quark_gluon.toml", preset="detector")
    assert seen.data.arguments["detector"] is True
    inputs = {
        v.places["model"]: tree["tagger"].get("inputs", {}).get("constituents")
        for v, tree in seen.variations()
    }
    assert list(inputs) == [*trees, "impact-parameters"]
    assert inputs["kinematics"] == ["pt", "deta", "dphi"]
    assert inputs["impact-parameters"] == ["*"]  # the same, and those of tracks
    assert inputs["particle-type"] == ["pt", "deta", "dphi", "m2", "charge", "is_*"]
    told = {v.places["model"]: tree["explain"] for v, tree in showers.variations()}
    assert [name for name, explain in told.items() if explain] == ["with-time"]
    planes = {(s.arguments["x"], s.arguments["y"]) for s in showers.show if s.use == "vector-field"}
    assert planes == {("x", "y"), ("z", "x"), ("z", "time")}


def test_reports_show_gradients_and_moved_jets(study):
    name, run, _ = study
    first = run.variations[0]
    found = {f.stem for f in (first.path / "figures").glob("*.svg")}
    for drawn in DRAWN[name]:
        assert any(drawn in f for f in found), (drawn, found)
    # each explanation has the figures that say something of it, and no others
    said = {
        "gradient": ("wanted", "vector", "perf"),
        "nudge": ("nudge", "moved"),
        "flip": ("flip",),
    }
    for explanation, begins in said.items():
        own = {f for f in found if f.startswith(f"{explanation}-")}
        assert own, explanation
        shown = {re.sub(rf"{explanation}-\d\d-", "", f) for f in own}
        assert all(f.startswith(begins) for f in shown), (explanation, shown)
    page = re.sub(r"<[^>]+>", "", first.report.read_text(encoding="utf-8"))
    rows = {"quark_gluon": "jets", "showers": "showers"}[name]
    for words in (
        f"misclassified {rows}",
        "toward their true class",
        "of which the decision flips",
        f" {rows} that it has not seen",
    ):
        assert words in " ".join(page.split()), words
    captions = re.findall(r"<figcaption>.*?</figcaption>", first.report.read_text("utf-8"), re.S)
    assert len(captions) >= len(DRAWN[name])
    assert rows == "jets" or not any(re.search(r"\bjets?\b", c, re.I) for c in captions)
    assert "nan" not in page.split()


def test_the_log_tells_which_constraints_have_no_effect(study):
    name, _, said = study
    told = {
        "quark_gluon": "causal (no feature of particles is known to be the time of hits)",
        "showers": "keep_discrete (no feature is known to be discrete)",
    }
    lines = [line for line in said.splitlines() if "constraints without effect" in line]
    assert [re.search(r"(\w+): constraints", line)[1] for line in lines] == ["nudge", "flip"]
    assert all(told[name] in line for line in lines)


def test_numbers_tell_where_decisions_flip(study):
    name, run, _ = study
    numbers = run.variations[0].numbers
    flipped = [
        next(v for k, v in numbers.items() if re.search(rf"nudge\.flipped\.all\.{scale}$", k))
        for scale in ("0", r"0\.5", "2")
    ]
    assert flipped[0]["value"] == 0
    assert all(0 <= n["low"] <= n["value"] <= n["high"] <= 1 for n in flipped)
    if name == "quark_gluon":
        assert 0 <= run.numbers["auc.multiplicity"]["value"] <= 1
        assert "gain.multiplicity.auc.vs.kinematics" in run.numbers
        assert not any("nudge" in k for k in run.variations[1].numbers)  # it is not explained
