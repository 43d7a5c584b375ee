"""Mistakes that can be seen before jets are made are told before jets are made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import jetlens
import moving
from jetlens.core.errors import (
    BadRecipeError,
    BadValueError,
    JetlensError,
    UnknownNameError,
    UnsupportedError,
)
from jetlens.data.two_fat_jets import TwoFatJets
from jetlens.run.recipe_file import build
from jetlens.run.stages import check, shown

BASE: dict[str, Any] = {
    "title": "Study",
    "data": {"use": "two-fat-jets", "jets": 8, "partition": 8},
    "split": [0.5, 0.0, 0.5],
    "tagger": {"use": "cross-attention", "streams": {"objects": {"places": 9}}},
    "explain": [{"use": "grad-cam", "target": "signal"}],
}


TOY: dict[str, Any] = {
    "data": {"use": "toy", "jets": 40, "partition": 20},
    "tagger": {"use": "mlp", "inputs": {"jets": ["theta", "z"]}},
    "explain": [{"use": "integrated-gradients", "target": "signal"}],
}
"""Of a dataset that does not tell its columns without making jets."""


class MadeError(Exception):
    """Jets were made."""


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def tables(self: TwoFatJets, index: int, count: int) -> None:
        raise MadeError

    monkeypatch.setattr(TwoFatJets, "tables", tables)


def run(out: Path, **changes: Any) -> None:
    recipe = build(BASE | changes)
    jetlens.run(recipe, out=out, until="train")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"train": {"log": {"object": {"pt": 1.0}}}}, "train.log.object: .* mean 'objects'"),
        ({"train": {"log": {"objects": {"pT": 1.0}}}}, "train.log.objects: .* mean 'pt'"),
        (
            {"explain": [{"use": "grad-cam", "layer": "encoders.object.layers.1"}]},
            "explain.0: .* mean 'encoders.objects.layers.1'",
        ),
        ({"explain": [{"use": "grad-cam", "target": "signl"}]}, "explain.0: .* mean 'signal'"),
        (
            {
                "tagger": {"use": "mlp", "inputs": {"jets": ["m_hh"]}},
                "explain": [{"use": "attention"}],
            },
            "explain.0: .*no attention",
        ),
        (
            {"tagger": BASE["tagger"] | {"inputs": {"objects": ["mas*"]}, "classes": ["x"]}},
            "tagger: .*'x'",
        ),
        ({"tagger": BASE["tagger"] | {"inputs": {"objects": ["q*"]}}}, "'q\\*' fits none of pt"),
        ({"train": {"class_weights": {"signl": 2.0}}}, "train.class_weights: .* mean 'signal'"),
        (
            {"tagger": BASE["tagger"] | {"streams": {"objects": {"places": 4}}}},
            "place 5; expected 4 places",
        ),
        ({"show": [{"use": "performance", "weight": "xsec_weigt"}]}, "show, performance: .*xsec_"),
        ({"show": [{"use": "performance", "signal": "signl"}]}, "show, performance: .*'signal'"),
        (
            {"vary": {"train.epochs": [1, 2], "tagger.streams.objects.heads": [5, 7]}},
            "7 heads of a width of 40",
        ),
    ],
)
def test_mistakes_are_told_before_jets_are_made(
    forbidden: None, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(JetlensError, match=told):
        run(tmp_path / "study", **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"tagger": {"use": "mlp", "inputs": {"jets": ["thet"]}}},
            "tagger: .*'thet': did you mean 'theta'",
        ),
        ({"explain": [{"use": "gradient", "target": "sgnal"}]}, "explain.0: .* mean 'signal'"),
        ({"train": {"resample": "weight"}}, "train.resample = 'weight': .* have theta, z, r1, r2"),
        ({"train": {"resample": "thin"}}, "train.resample = 'thin': .*expected pt_btagJes or pt"),
    ],
)
def test_of_other_datasets_a_few_jets_are_made_to_look_at(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(JetlensError, match=told):
        jetlens.run(build(TOY | changes), out=tmp_path / "study", until="train")
    assert not (tmp_path / "study" / "jets").exists()


def test_without_a_mistake_jets_are_made(forbidden: None, tmp_path: Path) -> None:
    with pytest.raises(MadeError):
        run(tmp_path / "study")


def test_where_jets_alone_are_wanted_nothing_else_is_looked_at(
    forbidden: None, tmp_path: Path
) -> None:
    recipe = build(BASE | {"train": {"log": {"object": {"pt": 1.0}}}})
    with pytest.raises(MadeError):
        jetlens.run(recipe, out=tmp_path / "study", until="generate")
    with pytest.raises(BadRecipeError):
        jetlens.run(recipe, out=tmp_path / "study", until="train")


@pytest.mark.parametrize("made_up", [False, True])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnknownNameError("variable", "pT", ["pt"]), (True, True)),
        (BadValueError("masses=[500]: there are signal events of 700 GeV"), (True, False)),
        (UnsupportedError("no attention in this attribution"), (False, False)),
    ],
)
def test_names_are_looked_at_always_and_values_on_jets_that_are_none_made_up(
    error: JetlensError, told: tuple[bool, bool], made_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = []

    def fill(attribution: Any) -> None:
        filled.append(attribution)
        raise error

    making = SimpleNamespace(make=lambda use, **arguments: SimpleNamespace(fill=fill))
    monkeypatch.setattr(check, "summaries", making)
    study: Any = SimpleNamespace(name="", shows=lambda scores: [("reach", {})] if scores else [])
    given = study, moving.tagger(), moving.jets(6), made_up
    if told[made_up]:
        with pytest.raises(BadRecipeError, match=r"show, reach: .*(pT|700 GeV)"):
            check._check_shows(*given)
    else:
        check._check_shows(*given)
    (attribution,) = filled
    real = attribution.constituents_mask.values
    assert (attribution.constituents_score.values[real] == 1).all()


@pytest.mark.parametrize(
    ("images", "show", "told"),
    [
        ({}, {}, "no 'prongs' in the image's frame: expected .* data.images.prongs"),
        ({"prongs": 2}, {"regions": "partons"}, "no 'partons' in the image's frame, but prongs: "),
        ({"prongs": 2}, {"radius": 0.7}, r"radius = 0.7: .* window \(-0.6, 0.6\) x .* at most 0.6"),
    ],
)
def test_regions_that_will_not_be_there_are_told_before_a_training(
    tmp_path: Path, images: dict[str, Any], show: dict[str, Any], told: str
) -> None:
    changes = {
        "data": TOY["data"] | {"images": {"pixels": 24, "window": 0.6} | images},
        "tagger": {"use": "cnn2d", "kernels": [3, 3, 3, 3]},
        "explain": [{"use": "gradient"}],
        "show": [{"use": "attention-fraction", **show}],
    }
    with pytest.raises(BadRecipeError, match=f"show, attention-fraction: .*{told}"):
        run(tmp_path / "study", **changes)
    assert not [*tmp_path.rglob("*.safetensors")]


@pytest.mark.parametrize(
    ("show", "told"),
    [
        ({"use": "vector-field", "collection": "objects", "x": "et"}, "objects 'et': did you mean"),
        ({"use": "vector-field", "collection": "objects", "x": "pt", "y": "etaa"}, "mean 'eta'"),
        ({"use": "wanted-change", "collection": "object"}, "'object': did you mean 'objects'"),
        ({"use": "wanted-change", "collection": "objects", "order": "ptt"}, "mean 'pt'"),
        ({"use": "flip-distance", "collection": "x"}, "unknown collection 'x': expected one of"),
        ({"use": "box", "collection": "track"}, "unknown collection 'track'"),
        (
            {"use": "correlations", "collection": "objects", "features": ["pt", "ptt"]},
            "unknown variable of objects 'ptt'",
        ),
        (
            {"use": "correlations", "collection": "objects", "scale": 7},
            "scale=7: expected one of 0, 0.5, 1",
        ),
    ],
)
def test_what_is_shown_is_looked_for_whatever_the_method(
    forbidden: None, tmp_path: Path, show: dict[str, Any], told: str
) -> None:
    nudge = {"use": "nudge", "scales": [0, 0.5, 1]}
    tagger = {"use": "transformer", "inputs": {"objects": ["pt", "eta", "phi", "mass"]}}
    changes = {"tagger": tagger, "explain": [nudge], "show": [show]}
    with pytest.raises(BadRecipeError, match=f"show, {show['use']}: .*{told}"):
        run(tmp_path / "study", **changes)


@pytest.mark.parametrize("name", ["", "model=whole"])
def test_of_variations_others_may_have_a_collection(name: str) -> None:
    jets = moving.jets(6)

    def check_names(**arguments: Any) -> None:
        recipe = SimpleNamespace(explain=())
        study: Any = SimpleNamespace(name=name, recipe=recipe)
        shown.check_names(study, "wanted-change", arguments, jets)

    check_names(collection="constituents", order="listed")
    with pytest.raises(UnknownNameError, match="mean 'constituents'"):
        check_names(collection="constituent")
    with pytest.raises(UnsupportedError if name else UnknownNameError):
        check_names(collection="hits")
