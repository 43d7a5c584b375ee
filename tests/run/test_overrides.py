from __future__ import annotations

import pytest

from jetlens.core.errors import BadRecipeError
from jetlens.run import overrides


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.epochs=2", ("train.epochs", 2)),
        ("data.mu = 2.5", ("data.mu", 2.5)),
        ("explain.0.target=b", ("explain.0.target", "b")),
        ("title=A b", ("title", "A b")),
        ("split=[0.5, 0.2, 0.3]", ("split", [0.5, 0.2, 0.3])),
        ("target=log(b/(0.1*c+0.9*u))", ("target", "log(b/(0.1*c+0.9*u))")),
        ("x='1'", ("x", "1")),
        ("train.flag=true", ("train.flag", True)),
    ],
)
def test_a_setting_is_a_key_and_a_toml_value(text, expected):
    assert overrides.setting(text) == expected


@pytest.mark.parametrize("text", ["train.epochs", "=3", "split=[0.5, 0.2", "x='open"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(BadRecipeError, match="--set"):
        overrides.setting(text)


def test_dotted_keys_reach_into_tables_and_lists():
    tree = {"train": {"epochs": 1, "batch": 2}, "explain": [{"use": "a"}, {"use": "b"}]}
    overrides.assign(tree, "train.epochs", 5)
    overrides.assign(tree, "explain.1.jets", 7)
    overrides.assign(tree, "data.jets", 9)
    assert tree["train"] == {"epochs": 5, "batch": 2}
    assert tree["explain"] == [{"use": "a"}, {"use": "b", "jets": 7}]
    assert tree["data"] == {"jets": 9}


def test_a_table_is_merged_but_another_use_replaces_it():
    tree = {"data": {"use": "pythia", "jets": 3, "mu": 5}}
    overrides.assign(tree, "data", {"jets": 4})
    assert tree["data"] == {"use": "pythia", "jets": 4, "mu": 5}
    overrides.assign(tree, "data", {"use": "files", "files": "a.h5"})
    assert tree["data"] == {"use": "files", "files": "a.h5"}


@pytest.mark.parametrize("key", ["explain.2.jets", "explain.x", "title.more"])
def test_keys_that_lead_nowhere_are_refused(key):
    with pytest.raises(BadRecipeError, match=key):
        overrides.assign({"title": "t", "explain": [{}, {}]}, key, 1)


def test_a_preset_takes_dotted_keys_and_tables_alike():
    tables = {"data": {"jets": 8}, "explain": {"0": {"keep": 1}}}
    for changes in ({"data.jets": 8, "explain.0.keep": 1}, tables):
        tree = {"data": {"jets": 40}, "explain": [{"keep": 9}], "presets": {"quick": changes}}
        overrides.preset(tree, "quick")
        assert tree["data"] == {"jets": 8}
        assert tree["explain"] == [{"keep": 1}]


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(BadRecipeError, match=r"'quik'.*did you mean 'quick'"):
        overrides.preset({"presets": {"quick": {}}}, "quik")


@pytest.mark.parametrize(
    ("presets", "told"),
    [
        (3, "presets = 3: expected a table of presets"),
        ("quick", "presets = 'quick': expected a table of presets"),
        ({"quick": 3}, r"presets\.quick = 3: expected a table of changes"),
    ],
)
def test_presets_are_tables(presets, told):
    with pytest.raises(BadRecipeError, match=told):
        overrides.preset({"presets": presets}, "quick")


def vary():
    return {"vary": {"data.difficulty": [0, 1, 2], "model": {"a": {"x": 1}, "b": {"x": 2}}}}


def test_axes_are_narrowed_by_values_and_by_names():
    tree = vary()
    overrides.assign(tree, "vary.data.difficulty", [1])
    overrides.assign(tree, "vary.model", ["b", "a"])
    assert tree == {"vary": {"data.difficulty": [1], "model": {"b": {"x": 2}, "a": {"x": 1}}}}
    assert list(tree["vary"]["model"]) == ["b", "a"]
    again = {**vary(), "presets": {"quick": {"vary": {"data.difficulty": [2], "model": ["a"]}}}}
    overrides.preset(again, "quick")
    assert again["vary"] == {"data.difficulty": [2], "model": {"a": {"x": 1}}}


def test_an_unknown_alternative_names_the_nearest():
    with pytest.raises(BadRecipeError, match=r"vary\.model.*'experst'.*did you mean 'experts'"):
        overrides.assign({"vary": {"model": {"experts": {}}}}, "vary.model", ["experst"])
