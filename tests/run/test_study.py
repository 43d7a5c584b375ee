from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import made_up
from jetlens.core.errors import BadRecipeError, BadValueError, UnknownNameError
from jetlens.run.executor import Serial
from jetlens.run.progress import Log
from jetlens.run.recipe import Used
from jetlens.run.recipe_file import build
from jetlens.run.stages.generate import generate, share
from jetlens.run.stages.train import architecture
from jetlens.run.store import Store
from jetlens.run.study import Study


@pytest.fixture
def study(tmp_path, own_registries):
    made_up.register()
    files = [str(made_up.file(tmp_path / f"{k}.h5", 100, seed=k)) for k in range(3)]
    data = {"use": "files", "files": files, "partition": 40}
    recipe = build({"data": data, "seed": 5, "repeats": 3})
    return Study(recipe, Store(tmp_path / "run"), Serial(), Log(quiet=True))


def test_a_pool_without_jets_is_told(study):
    recipe = study.recipe.model_copy(update={"split": (0.0, 0.5, 0.5)})
    with pytest.raises(BadValueError, match="no jets to take baselines from"):
        replace(study, recipe=recipe).pool()


def test_every_repeat_has_a_seed_and_a_folder_of_its_own(study):
    repeats = study.repeats()
    assert repeats[0].seed == 5
    assert len({r.seed for r in repeats}) == 3
    assert len({r.store.root for r in repeats}) == 3
    assert all(r.home == study.home for r in repeats)
    assert [r.seed for r in study.repeats()] == [r.seed for r in repeats]


def test_a_recipe_names_inputs_by_patterns(study):
    jets = study.jets().partitions()[0].read()

    def inputs(asked):
        changed = study.recipe.model_copy(update={"tagger": Used(use="gn2", inputs=asked)})
        return architecture(replace(study, recipe=changed), jets)[1]

    names = list(jets["tracks"].names)
    assert inputs({"jets": ["pt"], "tracks": ["*"]}) == {"jets": ["pt"], "tracks": names}
    numbers = [n for n in names if n.startswith("numberOf")]
    assert len(numbers) > 1
    assert inputs({"tracks": ["numberOf*", numbers[0], "d0"]}) == {"tracks": [*numbers, "d0"]}
    with pytest.raises(UnknownNameError, match="did you mean 'tracks'"):
        inputs({"track": ["*"]})
    with pytest.raises(BadRecipeError, match=r"tagger.inputs.jets: 'q\*' fits none of pt"):
        inputs({"jets": ["q*"]})


def test_files_have_a_key_of_their_content(study, tmp_path):
    with study.home.locked():
        before = study.jets_key()
        assert study.jets_key() == before
        made_up.file(tmp_path / "1.h5", 100, seed=77)
        assert study.jets_key() != before


def test_files_have_a_key_of_how_they_are_read(tmp_path):
    """What is held of jets, and stages that are done, are of jets that are read the same way."""
    made_up.file(tmp_path / "0.h5", 60, seed=1)

    def read(**how):
        data = {"use": "files", "files": str(tmp_path / "0.h5")} | how
        return Study(build({"data": data}), Store(tmp_path / "run"), Serial(), Log(quiet=True))

    ways = [read(), read(partition=20), read(columns={"jets": ["pt_btagJes"]})]
    ways[0].home.create()
    assert len({study.jets_key() for study in ways}) == len(ways)
    assert ways[0].jets_key() == read().jets_key()
    assert [[len(jets) for jets in study.held()] for study in ways] == [[60], [20, 20, 20], [60]]
    assert next(iter(ways[2].held()))["jets"].names == ("pt_btagJes",)


def test_generated_jets_have_a_key_of_how_they_are_made(tmp_path):
    def made(**data):
        recipe = build({"data": {"use": "toy", "jets": 12, "partition": 5} | data})
        study = Study(recipe, Store(tmp_path / "run"), Serial(), Log(quiet=True))
        generate(study)
        return study

    own, larger = made(), made(pixels=9)  # the same files, and other images
    assert own.jets_key() != larger.jets_key()
    sides = [[j["image"].values.shape[-1] for j in study.held()] for study in (own, larger)]
    assert sides == [[32] * 3, [9] * 3]


def test_any_jets_get_the_images_of_the_recipe(tmp_path):
    toy = {"use": "toy", "jets": 12, "partition": 5}
    images = {"pixels": 9, "channels": ["pt", "multiplicity"], "prongs": 2}

    def made(**data):
        recipe = build({"data": toy | data})
        study = Study(recipe, Store(tmp_path / "run"), Serial(), Log(quiet=True))
        generate(study)
        return study

    own, imaged = made(), made(images=images)
    assert own.jets().read()["image"].values.shape == (12, 1, 32, 32)
    for jets in (imaged.jets().read(), imaged.held().read()):
        assert jets["image"].names == ("pt", "multiplicity")
        assert jets["image"].values.shape == (12, 2, 9, 9)
        np.testing.assert_allclose(jets["image"].values[:, 1].sum((1, 2)), 20)
        assert jets["prongs"].mask.all()
    assert imaged.part("test").read()["image"].values.shape[1:] == (2, 9, 9)
    larger = made(images=images | {"pixels": 10})
    assert len({own.jets_key(), imaged.jets_key(), larger.jets_key()}) == 3


def test_jets_are_not_made_again_for_other_images(tmp_path):
    def stamps(**data):
        recipe = build({"data": {"use": "toy", "jets": 12, "partition": 5} | data})
        study = Study(recipe, Store(tmp_path / "run"), Serial(), Log(quiet=True))
        generate(study)
        return [f.stat().st_mtime_ns for f in study.files(study.source())]

    assert stamps() == stamps(images={"pixels": 9}) == stamps(images={"pixels": 10})
    assert stamps(seed=2) != stamps()


def test_the_jets_that_are_tested_have_a_key_of_files_and_split_but_not_of_images(study, tmp_path):
    def tested(number=0, **changes):
        changed = build(study.recipe.tree() | changes)
        return replace(study, recipe=changed, number=number).tested_key()

    study.home.create()
    own, data = tested(), study.recipe.tree()["data"]
    assert tested(seed=6) == own  # of the training
    assert tested(number=2) == own
    assert tested(data=data | {"images": {"pixels": 9}}) == own
    fewer = data | {"files": data["files"][:2]}
    others = {tested(data=fewer), tested(split=[0.5, 0.1, 0.4]), tested(resplit=True, number=2)}
    assert len(others - {own}) == 3
    assert tested(resplit=True) == own  # the first is the split of all
    given = replace(study, given=tmp_path / "tagger")
    assert given.tested_key() != own


def test_jets_that_variations_share_are_told_once(tmp_path, capsys):
    recipe = build({"data": {"use": "toy", "jets": 40}, "vary": {"train.batch": [8, 16, 32]}})
    whole = Study(recipe, Store(tmp_path / "run"), Serial(), Log())
    for wanted in ("generated", "are there"):  # the second time another run
        studies = replace(whole, log=Log()).variations()
        for n, each in enumerate(studies):
            share(each, [s.home for s in studies[:n]])
            generate(each)
        told = [line for line in capsys.readouterr().err.splitlines() if "jets:" in line]
        assert len(told) == 1
        assert told[0].endswith(wanted)
