from __future__ import annotations

import h5py
import numpy as np
import pytest

import synthetic
from jetlens.core.attribution import OF_TARGET
from jetlens.core.errors import BadFileError, UnknownNameError, UnsupportedError
from jetlens.run import attributions
from jetlens.run.export import export


@pytest.fixture
def run(tmp_path):
    for name in ("one", "two"):
        part = synthetic.attribution(30, 6)
        attributions.write(tmp_path / "attributions.zarr" / name / "part-00000", part)
    return tmp_path


def test_rows_join_the_jets_own_file(run, tmp_path):
    path = export(run, tmp_path / "out.h5", "one")
    part = synthetic.attribution(30, 6)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["jets"]["row"], part["row"].values)
        np.testing.assert_array_equal(file["jets"]["eventNumber"], part["event"].values)
        np.testing.assert_array_equal(file["tracks"]["valid"], part["tracks_mask"].values)
        for i, name in enumerate(part["tracks_feature"].values):
            np.testing.assert_array_equal(
                file["tracks"][f"{name}_score"], part["tracks_score"].values[..., i]
            )
        for i, name in enumerate(part["class"].values):
            np.testing.assert_array_equal(
                file["jets"][f"output_{name}"], part["output"].values[:, i]
            )


def test_several_explanations_need_a_name(run, tmp_path):
    with pytest.raises(BadFileError, match="name one of one, two"):
        export(run, tmp_path / "out.h5")
    with pytest.raises(UnknownNameError, match="did you mean 'one'"):
        export(run, tmp_path / "out.h5", "onee")
    with pytest.raises(BadFileError, match=r"no folder .*nothing'"):
        export(tmp_path / "nothing", tmp_path / "out.h5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFileError, match="set keep"):
        export(tmp_path / "empty", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def stored(folder, **found):
    """Store an attribution in which a method has found this and nothing else."""
    part = synthetic.attribution(30, 6, image=True)
    part = part.drop_vars([n for n, v in part.data_vars.items() if OF_TARGET in v.attrs])
    part = part.assign({k: (dims, values, {OF_TARGET: 1}) for k, (dims, values) in found.items()})
    attributions.write(folder / "part-00000", part)
    return part


def test_importance_of_particles_is_a_column(tmp_path, capsys):
    rng = np.random.default_rng(1)
    part = stored(
        tmp_path / "in",
        tracks_importance=(("jet", "tracks"), rng.random((30, 6))),
        jets_importance=(("jet",), rng.random(30)),
        attention_tracks_tracks=(("jet", "query", "key"), rng.random((30, 6, 6))),
    )
    with h5py.File(export(tmp_path / "in", tmp_path / "out.h5", quiet=False)) as file:
        tracks, jets = file["tracks"][()], file["jets"][()]
    np.testing.assert_array_equal(tracks["importance"], part["tracks_importance"].values)
    np.testing.assert_array_equal(tracks["valid"], part["tracks_mask"].values)
    np.testing.assert_array_equal(jets["jets_importance"], part["jets_importance"].values)
    assert "left out, as tables have no place for it: attention_tracks" in capsys.readouterr().err


def test_pixels_are_left_out_and_refused_where_nothing_else_is(tmp_path, capsys):
    size = synthetic.attribution(30, 6, image=True).sizes
    image = ("jet", "y", "x"), np.ones((30, size["y"], size["x"]))
    complete = ("jet",), np.zeros(30)
    stored(tmp_path / "pixels", image_importance=image, completeness_error=complete)
    with pytest.raises(UnsupportedError, match=r"it has .*image_importance \[jet, y, x\]"):
        export(tmp_path / "pixels", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    tracks = ("jet", "tracks"), np.ones((30, 6))
    stored(tmp_path / "both", image_importance=image, tracks_importance=tracks)
    with h5py.File(export(tmp_path / "both", tmp_path / "out.h5", quiet=False)) as file:
        assert set(file) == {"jets", "tracks"}
    assert "image_importance" in capsys.readouterr().err


def test_what_is_said_of_each_jet_stands_beside_it(run, tmp_path):
    part = synthetic.attribution(30, 6)
    with h5py.File(export(run, tmp_path / "out.h5", "one")) as file:
        for name in ("completeness_error", "converged", "baseline_output"):
            np.testing.assert_array_equal(file["jets"][name], part[name].values)
