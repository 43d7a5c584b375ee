"""The studies of expert variables run whole, small: trained, explained, compared, retrained."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import tomli_w

import jetlens
from jetlens.run.recipe_file import load

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
SMALL = {
    "repeats": 2,
    "data.jets": 500,
    "data.partition": 250,
    "train.epochs": 1,
    "train.batch": 64,
    "explain.0.jets": 40,
}
TWO = {
    "toy": {"vary.model": ["image-experts", "experts"]},
    "zz": {"vary.network": ["list", "variables"], "vary.experts": ["with"]},
}
FIRST = {"toy": ("image", "image-experts"), "zz": ("image", "list")}
"""What the last variation is compared with: of all models, and of the two."""
FEWER = {"random": 1, "repeats": 2, "jets": 50}


def settings(recipe):
    """Return changes that make a recipe small."""
    if recipe == "toy":
        return {**SMALL, "vary.model.experts.retrain": FEWER, "vary.data.difficulty": [1]}
    few = {"data.jets": 240, "data.partition": 240}
    return {**SMALL, **few, "vary.network.variables.retrain": FEWER | {"keep": [1]}}


def variations(recipe):
    """Return the folders of a recipe's variations, with their places."""
    loaded = load(RECIPES / f"{recipe}_xaug.toml", changes=settings(recipe))
    return {v.name: ",".join(v.places.values()) for v, _ in loaded.variations()}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module", params=["toy", "zz"])
def study(request, tmp_path_factory):
    """A recipe's run: all models are summarised, two of them reported and compared."""
    recipe = request.param
    out = tmp_path_factory.mktemp("runs") / recipe
    path = RECIPES / f"{recipe}_xaug.toml"
    whole = jetlens.run(path, out=out, set=settings(recipe), until="summarise")
    numbers = whole.numbers
    stamps = {p: p.stat().st_mtime_ns for v in whole.variations for p in v.tagger.iterdir()}
    run = jetlens.run(path, out=out, set=settings(recipe) | TWO[recipe])
    assert stamps == {p: p.stat().st_mtime_ns for p in stamps}  # nothing was trained again
    return recipe, whole, numbers, run


def test_all_models_are_compared(study):
    recipe, whole, numbers, run = study
    there = variations(recipe)
    assert [v.path.name for v in whole.variations] == list(there)
    for place in there.values():
        for name in ("auc.{}", "accuracy.{}", "efficiency.{}.at_background_1"):
            number = numbers[name.format(place)]
            assert 0 <= number["low"] <= number["value"] <= number["high"] <= 1
    *_, last = there.values()
    assert any(n.startswith(f"relevance.{last}.all.jets.") for n in numbers)
    for found, first in zip((numbers, run.numbers), FIRST[recipe], strict=True):
        assert f"gain.{last}.auc.vs.{first}" in found


def test_every_network_is_compared_with_itself_without_experts(study):
    recipe, _, numbers, _ = study
    gains = {n.split(".")[1] for n in numbers if n.endswith(".auc.vs.without")}
    assert gains == ({"image,with", "list,with", "sequence,with"} if recipe == "zz" else set())


def test_the_page_compares_and_leads_to_each_variation(study):
    _, _, _, run = study
    page = Page(run.report.read_text(encoding="utf-8"))
    for variation in run.variations:
        assert variation.report.is_file()
        back = Page(variation.report.read_text(encoding="utf-8"))
        homes = [link for link in back.links if not link.startswith("#")]
        assert {(variation.path / link).resolve() for link in homes} == {run.report.resolve()}
    others = {unquote(link) for link in page.links if not link.startswith("#")}
    assert {run.path / link for link in others} == {v.report for v in run.variations}
    for words in ("In short", "What was varied", "Retrained on the most relevant inputs"):
        assert words in page.text
    listed = page.text.partition("The recipe, resolved")[2]
    assert re.search(r"\[vary\.(model\.experts|network\.variables)\.tagger\]", listed)
    assert "gn2" not in listed  # every variation has another tagger, and no head for tracks
    assert "tracks.origin" not in listed
    drawn = {p.stem for p in (run.path / "figures").glob("*.svg")}
    assert {"tagger-performance-compared", "lrp-relevance-compared"} <= drawn


def test_nothing_is_said_that_belongs_to_other_jets(study):
    _, _, _, run = study
    for report in (run.report, *(v.report for v in run.variations)):
        text = Page(report.read_text(encoding="utf-8")).text.partition("Provenance")[0]
        found = re.search(r"[^.]*\b(tracks?|flavours?|b-jets|light)\b[^.]*", text)
        assert found is None, found
        assert "nan" not in text.split()


def test_the_inputs_worth_is_told(study):
    recipe, _, _, run = study
    experts = run.variations[-1].numbers
    assert {n for n in experts if n.startswith("retrained.relevance.auc.k=")}
    assert "retrained.advantage.auc.over.reverse" in experts
    state = run.variations[-1].store.state("retrain")
    inputs = jetlens.load(run.variations[-1].path / "tagger").inputs["jets"]
    assert len(inputs) == {"toy": 4, "zz": 29}[recipe]
    assert sorted(state["ranking"]) == sorted(f"jets.{name}" for name in inputs)


def test_relevance_is_conserved_but_for_what_is_absorbed(study):
    for variation in study[3].variations:
        numbers = variation.numbers
        assert numbers["conservation.unaccounted.all.p50"]["value"] < 1e-3
        assert numbers["conservation.absorbed.all.bias"]["value"] > 0


def test_provenance_is_that_of_every_variation(study):
    run = study[3]
    told = json.loads((run.path / "provenance.json").read_text())
    assert set(told) == {v.path.name for v in run.variations}
    taggers = [set(t["hashes"]) for t in told.values()]
    assert all(hashes == {"jets", "tagger", "tagger 2"} for hashes in taggers)


def test_a_list_is_retrained_on_some_of_its_particles_features(tmp_path):
    made = {
        "title": "A list of particles, retrained",
        "data": {"use": "toy", "jets": 200, "partition": 200},
        "split": [0.5, 0.2, 0.3],
        "train": {"epochs": 1, "batch": 64, "resample": "none"},
        "tagger": {"use": "rnn", "inputs": {"constituents": ["pt", "deta", "dphi"]}},
        "explain": [{"use": "lrp", "target": "signal", "jets": 20}],
        "show": [{"use": "performance"}],
        "retrain": FEWER | {"keep": [1]},
    }
    path = tmp_path / "list.toml"
    path.write_text(tomli_w.dumps(made), encoding="utf-8")
    run = jetlens.run(path, out=tmp_path / "run", until="summarise")
    found = run.store.state("retrain")["ranking"]
    assert sorted(found) == [f"constituents.{n}" for n in ("deta", "dphi", "pt")]
    assert {n for n in run.numbers if n.startswith("retrained.relevance.auc.k=")} == {
        "retrained.relevance.auc.k=1",
        "retrained.relevance.auc.k=3",
    }
    assert "retrained.advantage.auc.over.reverse" in run.numbers
