from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import jetlens as jl
from jetlens.core.errors import BadFileError, UnsupportedError
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit
from jetlens.taggers.encode import encode
from jetlens.taggers.gn2 import GN2
from jetlens.taggers.saved import DESCRIPTION, WEIGHTS, save
from labelled import INPUTS, jets

CLASSES = ("b", "c", "u")


def tagger(**options) -> GN2:
    torch.manual_seed(4)
    made = GN2(INPUTS, CLASSES, fit([jets(50)], INPUTS), **options)
    return made.eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tagger(), tmp_path / "tagger", {"history": {"epochs": []}})
    return tmp_path / "tagger"


@pytest.mark.parametrize("double", [False, True])
def test_loaded_it_is_the_same_bit_for_bit(tmp_path: Path, double: bool) -> None:
    made = tagger(activation="silu", auxiliary=("tracks.vertex",), dropout=0.2)
    made = made.double() if double else made
    save(made, tmp_path / "t")
    loaded = jl.load(tmp_path / "t")
    sample = jets(40)
    for ours, theirs in zip(
        made.outputs(*encode(made, sample)).values(),
        loaded.outputs(*encode(loaded, sample)).values(),
        strict=True,
    ):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
    assert (loaded.inputs, loaded.classes, loaded.tasks) == (made.inputs, made.classes, made.tasks)
    assert loaded.scaling == made.scaling
    assert not loaded.training


def test_limits_and_logarithms_are_kept_and_older_files_have_none(tmp_path: Path) -> None:
    floors = {"tracks": {INPUTS["tracks"][0]: 0.5}}
    made = GN2(INPUTS, CLASSES, fit([jets(50)], INPUTS, "unit", floors))
    save(made, tmp_path / "t")
    assert jl.load(tmp_path / "t").scaling == made.scaling
    assert made.scaling.floors == floors
    assert made.scaling.limits["tracks"].keys() == set(INPUTS["tracks"])
    path = tmp_path / "t" / DESCRIPTION
    older = json.loads(path.read_text())
    del older["limits"], older["floors"]
    path.write_text(json.dumps(older))
    assert jl.load(tmp_path / "t").scaling.limits == {}
    assert jl.load(tmp_path / "t").scaling.floors == {}


def test_the_scaling_of_each_place_is_kept_whole(tmp_path: Path) -> None:
    first, *rest = INPUTS["tracks"]
    each = tuple(
        Scaling(
            {"tracks": {first: (1.0, 2.0 + place)}},
            {"tracks": {first: (-3.0, 3.0)}},
            {"tracks": {rest[0]: 0.5 + place}},
        )
        for place in range(2)
    )
    made = GN2(INPUTS, CLASSES, Scaling(places={"tracks": each}))
    save(made, tmp_path / "t")
    assert jl.load(tmp_path / "t").scaling == made.scaling
    assert made.scaling.places["tracks"][1].floors == {"tracks": {rest[0]: 1.5}}


def test_a_tagger_is_replaced_whole_but_nothing_else_is(folder: Path, tmp_path: Path) -> None:
    save(tagger(activation="relu"), folder)
    assert jl.load(folder).activation == "relu"
    assert not (folder / "history.json").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("...")
    with pytest.raises(BadFileError, match="is no tagger"):
        save(tagger(), mine)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "tagger"]


def test_no_pickle_is_read_unless_trusted(tmp_path: Path) -> None:
    made = tagger()
    path = tmp_path / "tagger.pt"
    torch.save(made, path)
    with pytest.raises(UnsupportedError, match=r"jl\.wrap.*trust=True"):
        jl.load(path)
    assert torch.equal(jl.load(path, trust=True).norm.weight, made.norm.weight)
    torch.save(made.state_dict(), path)
    with pytest.raises(UnsupportedError, match="weights alone"):
        jl.load(path, trust=True)
    path.write_bytes(b"nonsense")
    with pytest.raises(BadFileError, match="cannot read"):
        jl.load(path, trust=True)


def test_somebodys_module_is_not_saved(tmp_path: Path) -> None:
    module = torch.nn.Linear(2, 2)
    wrapped = jl.wrap(module, {"jets": ["a", "b"]}, ("x", "y"), lambda m, i, _: m(i["jets"]))
    with pytest.raises(UnsupportedError, match=r"jl\.wrap"):
        save(wrapped, tmp_path / "t")
    assert not list(tmp_path.iterdir())


def change(folder: Path, **fields) -> None:
    path = folder / DESCRIPTION
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_damage_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="no tagger"):
        jl.load(tmp_path / "nowhere")
    with pytest.raises(BadFileError, match=r"found tagger.*jl\.wrap"):
        jl.load(tmp_path)
    weights = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(weights[: len(weights) // 2])
    with pytest.raises(BadFileError, match="cut short"):
        jl.load(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(BadFileError, match=r"weights .* missing"):
        jl.load(folder)
    (folder / DESCRIPTION).write_text("{")
    with pytest.raises(BadFileError, match="damaged"):
        jl.load(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": 99}, "format 99: expected 1"),
        ({"use": "gn3"}, "unknown tagger 'gn3': did you mean 'gn2'"),
        ({"arguments": {"size": "huge"}}, "unknown size 'huge'"),
        ({"arguments": {"depth": 3}}, "takes no argument 'depth'"),
        ({"arguments": {"size": "gn2"}}, "does not fit its description"),
        ({"classes": ["b", "c"]}, r"'jet_head.4.bias' has shape \(3,\), expected \(2,\)"),
        ({"scaling": [1, 2]}, "damaged"),
        ({"scaling": {"tracks": {"d0": [0, "wide"]}}}, "damaged.*wide"),
        ({"classes": ["b", 3, "u"]}, r"damaged.*list of names.*'b', 3"),
        ({"inputs": {"tracks": "d0"}}, "damaged.*list of names.*'d0'"),
        ({"scaling": {"tracks": {"d0": [0, -1]}}}, "positive std"),
    ],
)
def test_a_description_that_does_not_hold_is_told(folder: Path, fields: dict, message: str) -> None:
    change(folder, **fields)
    with pytest.raises(BadFileError, match=message):
        jl.load(folder)


def test_weights_of_another_network_are_told(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    extra = {**weights, "another": torch.zeros(1)}
    save_file(extra, folder / WEIGHTS)
    with pytest.raises(BadFileError, match="'another' is not a part"):
        jl.load(folder)
    del weights["norm.weight"]
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(BadFileError, match=r"'norm\.weight' is missing"):
        jl.load(folder)
