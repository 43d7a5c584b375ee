"""Results of a study's variations, found where they lie."""

from __future__ import annotations

import made_up
from jetlens import summarise
from jetlens.run.ensembles import shown
from jetlens.run.executor import Serial
from jetlens.run.numbers import result_folders
from jetlens.run.progress import Log
from jetlens.run.recipe_file import build
from jetlens.run.store import Store
from jetlens.run.study import Study
from synthetic import attribution


def test_results_know_on_which_jets_they_were_tested_whatever_the_axis_is_called(tmp_path):
    files = [str(made_up.file(tmp_path / f"{k}.h5", 20, seed=k)) for k in range(2)]
    vary = {
        "setting": {"first": {}, "other": {"data": {"files": files[1:]}}},
        "data": {"usual": {}, "small": {"tagger": {"size": "small"}}},
    }
    recipe = build({"data": {"use": "files", "files": files[:1]}, "vary": vary, "repeats": 2})
    whole = Study(recipe, Store(tmp_path / "run"), Serial(), Log(quiet=True))
    result = summarise(attribution(60), "performance", replicas=5)
    studies = whole.variations()
    for study in studies:
        for repeat in study.repeats():
            folder = next(iter(result_folders(repeat)))[1]
            folder.mkdir(parents=True)
            result.save(folder / "0-performance.npz")
    (found,) = shown(studies)
    keys = {(m.variation["setting"], m.variation["data"], m.repeat): m.jets for m in found.members}
    assert len(keys) == 8
    for setting in ("first", "other"):
        assert len({key for place, key in keys.items() if place[0] == setting}) == 1
    assert len(set(keys.values())) == 2
    compared = [(dict(v), first, len(p)) for v, first, p in found.load().against_first()]
    assert compared == [
        ({"setting": setting, "data": "small"}, "usual", 2) for setting in ("first", "other")
    ]
