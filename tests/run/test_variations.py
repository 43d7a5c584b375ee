from __future__ import annotations

import copy
from pathlib import Path

import pytest

from jetlens.core.errors import BadRecipeError
from jetlens.run import variations
from jetlens.run.overrides import setting
from jetlens.run.recipe_file import load

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def test_variations_are_the_product():
    found = list(variations.variations({"tagger.size": ["small", "gn2"], "seed": [1, 2]}))
    assert [v.changes for v in found] == [
        [{"tagger.size": "small"}, {"seed": 1}],
        [{"tagger.size": "small"}, {"seed": 2}],
        [{"tagger.size": "gn2"}, {"seed": 1}],
        [{"tagger.size": "gn2"}, {"seed": 2}],
    ]
    assert found[0].name == "tagger.size=small,seed=1"
    assert found[0].places == {"tagger.size": "small", "seed": "1"}
    (only,) = variations.variations({"data.files": ["../a b/*.h5"]})
    assert "/" not in only.name


def test_an_axis_of_alternatives_has_sets_of_changes():
    image, experts = {"train": {"epochs": 8}}, {"tagger": {"use": "mlp"}}
    axes = {"data.difficulty": [0, 1], "model": {"image": image, "experts": experts}}
    found = list(variations.variations(axes))
    assert [v.name for v in found] == [
        "data.difficulty=0,model=image",
        "data.difficulty=0,model=experts",
        "data.difficulty=1,model=image",
        "data.difficulty=1,model=experts",
    ]
    assert found[1].changes == [{"data.difficulty": 0}, experts]


def test_no_two_variations_have_one_name():
    values = ["b/c", "b*c", "b_c", 1, "1", 1.0, True, "true", "True", "x" * 300, "x" * 299, ""]
    names = [v.name for v in variations.variations({"explain.0.target": values})]
    assert len(set(names)) == len(values)
    assert names[2:4] == ["explain.0.target=b_c", "explain.0.target=1"]
    assert max(map(len, names)) < 200
    assert names == [v.name for v in variations.variations({"explain.0.target": values})]


def test_an_axis_that_is_a_dotted_key_needs_no_quotes():
    assert variations.axes({"data": {"difficulty": [1, 2]}}) == {"data.difficulty": [1, 2]}


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"model": "image"}, r"vary\.model = 'image': expected a list"),
        ({"seed": []}, r"vary\.seed is empty"),
        ({"model": {}}, r"vary\.model is empty"),
        ({"model": {"image": 3}}, r"vary\.model\.image = 3: expected a table of changes"),
        ({"model": {"a/b": {}}}, r"vary\.model\.a/b: .*becomes a folder's"),
        ([], r"expected a table of axes"),
        ({"tagger": {"size": ["s", "m", "s"]}}, r"vary\.tagger\.size = .*: 's' is there twice"),
    ],
)
def test_axes_without_sense_are_refused(axes, told):
    with pytest.raises(BadRecipeError, match=told):
        variations.axes(axes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data.difficulty=2", r"difficulty = 2 has no effect.*vary\.data\.difficulty = \[2\]"),
        ("data.difficulty=0", r"has no effect"),  # one of the axis's values, and still not alone
        ("tagger.hidden=[8]", r"tagger\.hidden = \[8\] has no effect.*vary\.model"),
        ('tagger={ use = "mlp" }', r"vary\.model"),
    ],
)
def test_what_every_variation_sets_again_is_refused(text, told):
    tree = {"data": {"use": "toy", "jets": 5}, "train": {"epochs": 1}, "tagger": {"use": "gn2"}}
    models = {"a": {"tagger": {"use": "x"}}, "b": {"tagger": {"use": "y"}, "train.epochs": 2}}
    with pytest.raises(BadRecipeError, match=told):
        variations.check_effective(
            tree, {"data.difficulty": [0, 1], "model": models}, dict([setting(text)])
        )


@pytest.mark.parametrize(
    "text",
    [
        "data.jets=7",
        'data={ use = "toy", jets = 3, difficulty = 1 }',
        "train.epochs=9",  # of one alternative alone
        "tagger.hidden=[8]",
        'tagger={ use = "mlp", hidden = [1] }',
        "vary.data.difficulty=[1]",
        "explain=[{ use = 'lrp' }]",
        "explain.0.jets=4",
    ],
)
def test_what_some_variation_keeps_may_be_set(text):
    tree = {"data": {"use": "toy"}, "train": {}, "tagger": {"use": "gn2"}, "explain": [{}]}
    models = {"a": {"train.epochs": 2, "explain.0.rule": "z"}, "b": {"tagger": {"width": 3}}}
    variations.check_effective(
        tree, {"data.difficulty": [0, 1], "model": models}, dict([setting(text)])
    )


def test_what_every_variation_replaces_is_left_out():
    tree = {
        "title": "t",
        "data": {"use": "toy", "difficulty": 0, "jets": 5},
        "tagger": {"use": "gn2", "size": "small"},
        "train": {"epochs": 1, "rate": 0.1, "losses": {"tracks.origin": 0.5}, "class_weights": {}},
        "split": [0.6, 0.1, 0.3],
        "explain": [{"use": "lrp", "rule": "z"}, {"use": "lrp", "jets": 3}],
        "presets": {"quick": {"train.epochs": 1}},
        "vary": {
            "data.difficulty": [1, 2],
            "model": {
                "a": {"tagger": {"use": "x"}, "split": [0.5, 0.2, 0.3], "explain.0.rule": "flat"},
                "b": {
                    "tagger": {"use": "y"},
                    "train.epochs": 2,
                    "split": [0.4, 0.3, 0.3],
                    "explain": {"0": {"rule": "gamma"}},
                    "train.losses": {"tracks.origin": 1.0},
                },
            },
        },
    }
    before = copy.deepcopy(tree)
    found = variations.shared(tree, tree["vary"])
    assert tree == before
    expected = copy.deepcopy(tree)
    del expected["data"]["difficulty"], expected["tagger"], expected["split"]
    del expected["explain"][0]["rule"]
    assert found == expected
    assert list(found) == [name for name in tree if name in expected]


@pytest.mark.parametrize("changed_first", [True, False])
def test_changes_of_an_alternative_that_is_not_there_are_refused(changed_first):
    changes = {"vary.model.image-experts.tagger.inputs": {"jets": ["z"]}, "vary.model": ["experts"]}
    if not changed_first:
        changes = dict(reversed(changes.items()))
    told = r"vary\.model has no alternative 'image-experts'; did you mean 'experts'"
    with pytest.raises(BadRecipeError, match=told):
        load(RECIPES / "toy_xaug.toml", changes=changes)


def test_an_alternative_may_be_added_whole():
    mine = {"tagger": {"use": "mlp", "inputs": {"jets": ["z"]}}}
    found = load(RECIPES / "toy_xaug.toml", changes={"vary.model.mine": mine})
    assert found.vary["model"]["mine"] == mine


@pytest.mark.parametrize("changed_first", [True, False])
def test_an_alternative_that_is_added_and_left_out_again_is_told(changed_first):
    mine = {"tagger": {"use": "mlp", "inputs": {"jets": ["z"]}}}
    changes = {"vary.model.mine": mine, "vary.model": ["experts"]}
    told = r"no effect, since vary\.model = \['experts'\] leaves 'mine' out again"
    if not changed_first:  # narrowed before it is there
        changes = {"vary.model": ["experts", "mine"], "vary.model.mine": mine}
        told = "unknown alternative 'mine'"
    with pytest.raises(BadRecipeError, match=told):
        load(RECIPES / "toy_xaug.toml", changes=changes)
    kept = {"vary.model.mine": mine, "vary.model": ["experts", "mine"]}
    assert list(load(RECIPES / "toy_xaug.toml", changes=kept).vary["model"]) == ["experts", "mine"]


def test_combinations_that_are_left_out():
    axes = {"model": {"whole": {"seed": 1}, "head": {"seed": 2}}, "train.epochs": [1, 2, 3]}
    left = [{"model": ["whole"], "train.epochs": ["1", "3"]}]
    found = [v.name for v in variations.variations(axes, left)]
    assert found == [
        "model=whole,train.epochs=2",
        *(f"model=head,train.epochs={n}" for n in (1, 2, 3)),
    ]


def test_places_that_are_left_out_are_those_of_the_file_not_of_a_preset(tmp_path):
    path = tmp_path / "recipe.toml"
    models = "[vary.model]\nwhole = { seed = 1 }\nscratch = { seed = 2 }\n"
    begin = 'data = { use = "toy" }\nleave_out = [{ model = ["PLACE"] }]\n'
    few = '[presets]\nfew = { vary.model = ["whole"] }\n'
    path.write_text(begin.replace("PLACE", "scratch") + models + few, encoding="utf-8")
    assert len(load(path, preset="few").variations()) == 1
    path.write_text(begin.replace("PLACE", "scrach") + models + few, encoding="utf-8")
    with pytest.raises(BadRecipeError, match="no place 'scrach'; did you mean 'scratch'"):
        load(path)


def test_a_recipe_that_leaves_out_what_is_not_there(tmp_path):
    path = tmp_path / "recipe.toml"
    begin = 'data = { use = "toy" }\nvary.seed = [1, 2]\n'
    path.write_text(begin + 'leave_out = [{ seed = ["2"] }]\n', encoding="utf-8")
    ((only, tree),) = load(path).variations()
    assert only.places == {"seed": "1"}
    assert "leave_out" not in tree
    for wrong, told in (
        ('[{ seeds = ["2"] }]', "no axis 'seeds'; did you mean 'seed'"),
        ('[{ seed = ["3"] }]', "vary.seed has no place '3'; expected one of 1, 2"),
        ('[{ seed = ["1", "2"] }]', "leaves out every variation"),
        ("[{}]", "leave out everything"),
        ("{ seed = 2 }", "expected a list of tables"),
    ):
        path.write_text(f"{begin}leave_out = {wrong}\n", encoding="utf-8")
        with pytest.raises(BadRecipeError, match=told):
            load(path)


def test_what_is_compared_with_beside_the_first_is_a_place_of_the_file(tmp_path):
    path = tmp_path / "recipe.toml"
    models = "[vary.model]\nwhole = { seed = 1 }\nscratch = { seed = 2 }\n"
    few = '[presets]\nfew = { vary.model = ["whole"] }\n'

    def written(against):
        begin = f'data = {{ use = "toy" }}\nagainst = {against}\n'
        path.write_text(begin + models + few, encoding="utf-8")
        return path

    recipe = load(written('{ model = "scratch" }'))
    assert recipe.against == {"model": "scratch"}
    assert all("against" not in tree for _, tree in recipe.variations())
    assert len(load(path, preset="few").variations()) == 1  # a preset may leave it out
    for wrong, told in (
        ('{ model = "scrach" }', "against: vary.model has no place 'scrach'; did you mean 'scr"),
        ('{ models = "scratch" }', "against: no axis 'models'; did you mean 'model'"),
        ('{ model = ["scratch"] }', "against"),
    ):
        with pytest.raises(BadRecipeError, match=told):
            load(written(wrong))


def test_what_is_set_or_in_a_preset_names_places_that_are_there(tmp_path):
    path = tmp_path / "recipe.toml"
    models = "[vary.model]\nwhole = { seed = 1 }\nscratch = { seed = 2 }\n"
    presets = '[presets]\nfew = { vary.model = ["whole"] }\n'
    path.write_text(f'data = {{ use = "toy" }}\n{models}{presets}', encoding="utf-8")
    assert load(path, changes={"against.model": "scratch"}).against == {"model": "scratch"}
    assert load(path, preset="few", changes={"against.model": "scratch"}).variations()
    added = {"vary.model.other": {"seed": 3}, "against.model": "other"}
    assert load(path, changes=added).against == {"model": "other"}
    for changes, told in (
        ({"against.model": "scrach"}, "no place 'scrach'; did you mean 'scratch'"),
        ({"leave_out": [{"model": ["scrach"]}]}, "leave_out: vary.model has no place 'scra"),
        ({"against": {"modell": "whole"}}, "no axis 'modell'; did you mean 'model'"),
    ):
        with pytest.raises(BadRecipeError, match=told):
            load(path, changes=changes)
    with path.open("a", encoding="utf-8") as file:
        file.write('bad = { against = { model = "who" } }\n')
    with pytest.raises(
        BadRecipeError, match=r"presets\.bad: .* no place 'who'; did you mean 'whole'"
    ):
        load(path, preset="few")
