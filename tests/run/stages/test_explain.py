"""What a run says of jets that are not moved, and of integrals that have not converged."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.run.recipe_file import build
from jetlens.run.stages.explain import _nothing, shows_of
from jetlens.run.store import Store
from jetlens.run.study import Study
from synthetic import graded, scanned


def test_that_nothing_is_moved_is_told_by_any_of_the_results(tmp_path):
    jets = scanned(60, 6)
    jl.summarise(graded(20), "wanted-change", replicas=2).save(tmp_path / "01-wanted.npz")
    jl.summarise(jets, "nudge-scan", replicas=2).save(tmp_path / "02-scan.npz")
    assert _nothing(tmp_path) == ""
    still = jets.assign(moved_output=jets["moved_output"] * float("nan"))
    jl.summarise(still, "nudge-scan", replicas=2).save(tmp_path / "02-scan.npz")
    assert _nothing(tmp_path) == "No jet of the 60 explained is misclassified: nothing is moved."


TOY: dict[str, Any] = {
    "data": {"use": "toy", "jets": 60, "partition": 30},
    "tagger": {"use": "mlp", "inputs": {"jets": ["theta", "z"]}},
    "train": {"epochs": 1, "batch": 64},
    "split": [0.5, 0.1, 0.4],
    "explain": [{"use": "integrated-gradients", "steps": 2, "rule": "midpoint"}],
}


def test_how_many_jets_converged_is_told_unasked(tmp_path):
    coarse = {**TOY["explain"][0], "tolerance": 1e-12, "absolute": 1e-12}
    recipe = build(TOY | {"explain": [coarse]})
    run = jl.run(recipe, out=tmp_path / "run")
    share = run.numbers["converged.all"]
    assert 0 <= share["low"] <= share["value"] <= share["high"] < 1
    assert "Jets whose integral converged" in run.report.read_text()


@pytest.mark.parametrize(
    ("use", "show", "expected"),
    [
        ("integrated-gradients", [], [("completeness", {})]),
        ("integrated-gradients", [{"use": "box"}], [("box", {}), ("completeness", {})]),
        (
            "integrated-gradients",
            [{"use": "completeness", "replicas": 5}, {"use": "box"}],
            [("completeness", {"replicas": 5}), ("box", {})],
        ),
        ("gradient", [{"use": "box"}], [("box", {})]),
    ],
)
def test_completeness_is_shown_where_it_is_promised(tmp_path, use, show, expected):
    recipe = build(TOY | {"explain": [{"use": use}], "show": show})
    study = Study(recipe, Store(tmp_path), None, None)
    found = shows_of(study, recipe.explain[0])
    assert [(name, {k: v for k, v in own.items() if k != "select"}) for name, own in found] == (
        expected
    )


def test_a_selection_that_no_jet_meets_is_an_error_and_leaves_a_variation_out(tmp_path):
    kinds = [str(c) for c in datasets.make("toy", jets=20).read().classes]
    move = {"label": kinds[0], "predicted": kinds[1]}
    nudge = {"use": "nudge", "scales": [0, 1], "move": move}
    says = (
        rf"nudge: none of the \d+ jets explained is among the {kinds[0]} jets tagged as {kinds[1]}"
    )
    with pytest.raises(BadValueError, match=says):  # correctly tagged ones alone
        jl.run(build(TOY | {"explain": [nudge | {"select": "correct"}]}), out=tmp_path / "one")
    some = {"some": {}, "none": {"explain.0.select": "correct"}}
    recipe = build(TOY | {"explain": [nudge], "vary": {"jets": some}})
    with contextlib.redirect_stderr(io.StringIO()) as said:
        jl.run(recipe, out=tmp_path / "two", quiet=False, until="explain")
    told = re.search(
        r"nudge is left out: (none of the \d+ jets explained is among .*)", said.getvalue()
    )
    assert told
