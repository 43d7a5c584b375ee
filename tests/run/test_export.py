from __future__ import annotations

import h5py
import numpy as np
import pytest

import synthetic
from jetlens.core.errors import BadFileError, UnknownNameError
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
    with pytest.raises(BadFileError, match="set keep"):
        export(tmp_path / "nothing", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
