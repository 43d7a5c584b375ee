from __future__ import annotations

import pickle

import h5py
import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.core.units import Feature
from jetlens.data.readers import ftag
from jetlens.data.readers.ftag_variables import CLASSES
from jetlens.data.tables.columns import (
    classes_column,
    classes_of,
    described,
    features_of,
    numbered,
    truth_of,
)

CHARGE = Feature("q", "", r"$Q$")
MASS = Feature("pt", "GeV", r"$m$", "TeV", 1e-3)  # a name that the layout uses otherwise


def table() -> np.ndarray:
    columns = [
        described(MASS),
        described(CHARGE, "i2"),
        classes_column(numbered(("qcd", "w", "z"))),
    ]
    made = np.zeros(4, dtype=[*columns, ("plain", "f4"), ("flag", "?")])
    made["pt"], made["q"], made["label"] = [80, 90, 100, 110], [1, -1, 0, 2], [2, 0, 1, 2]
    made["flag"] = [True, False, True, True]
    return made


def written(folder, jets: np.ndarray, attrs=None) -> str:
    """Write a table as somebody else would."""
    with h5py.File(folder / "jets.h5", "w") as file:
        dataset = file.create_dataset("jets", data=jets)
        dataset.attrs.update(attrs or {})
    return str(folder / "jets.h5")


def test_columns_say_what_they_hold_on_their_way_through_a_file(tmp_path) -> None:
    jets = table()
    for one in (jets, jets[1:], pickle.loads(pickle.dumps(jets))):
        assert features_of(one) == {"pt": MASS, "q": CHARGE}
        assert classes_of(one) == ("label", {"qcd": 0, "w": 1, "z": 2})
    ftag.write(tmp_path / "a.h5", {"jets": jets})
    for read in (jl.read(tmp_path / "a.h5"), ftag.to_batch({"jets": jets})):
        assert read.classes == ("qcd", "w", "z")
        assert read.label.tolist() == [2, 0, 1, 2]
        assert read["jets"].names == ("pt", "q", "plain", "flag")
        assert read["jets"].features[:3] == (MASS, CHARGE, Feature("plain"))
        np.testing.assert_array_equal(read["jets"].column("pt"), jets["pt"])
        np.testing.assert_array_equal(read["jets"].column("flag"), jets["flag"])
    some = jl.read(tmp_path / "a.h5", columns={"jets": ["q"]})
    assert some["jets"].features == (CHARGE,)
    assert some.label.tolist() == [2, 0, 1, 2]
    with h5py.File(tmp_path / "a.h5") as file:  # where Salt looks for them
        assert list(file["jets"].attrs["label"]) == ["qcd", "w", "z"]


def plain(**columns) -> np.ndarray:
    made = np.zeros(3, dtype=[(n, np.asarray(v).dtype) for n, v in columns.items()])
    for name, values in columns.items():
        made[name] = values
    return made


def test_an_attribute_of_its_own_name_makes_a_column_the_label(tmp_path) -> None:
    jets = plain(x=[1.0, 2.0, 3.0], target=[1, 0, 7])
    path = written(tmp_path, jets, {"target": ["light", "top"]})
    read = jl.read(path)
    assert read.classes == ("light", "top")
    assert read.label.tolist() == [1, 0, -1]  # a number without a name is not known
    assert read["jets"].names == ("x",)


def test_flavour_comes_before_attributes_and_the_user_before_all(tmp_path) -> None:
    jets = plain(HadronConeExclTruthLabelID=[5, 4, 0], target=[1, 0, 1], kind=[0, 1, 2])
    path = written(tmp_path, jets, {"target": ["light", "top"]})
    assert jl.read(path).classes == CLASSES
    assert jl.read(path).label.tolist() == [0, 1, 2]
    read = jl.read(path, label="target")
    assert (read.classes, read.label.tolist()) == (("light", "top"), [1, 0, 1])
    read = jl.read(path, label="kind", classes=["a", "b", "c"])
    assert (read.classes, read.label.tolist()) == (("a", "b", "c"), [0, 1, 2])
    data = datasets.make("files", files=path, label="target", classes=["no", "yes"])
    assert data.read().classes == ("no", "yes")


def test_enumerations_keep_their_numbers_whatever_they_are(tmp_path) -> None:
    kind = h5py.enum_dtype({"top": 6, "light": 1}, basetype="u1")
    jets = np.zeros(3, dtype=[("x", "f4"), ("who", kind)])
    jets["who"] = [6, 1, 2]
    read = jl.read(written(tmp_path, jets))
    assert read.classes == ("light", "top")
    assert read.label.tolist() == [1, 0, -1]


def test_tables_with_gaps_are_read(tmp_path) -> None:
    loose = np.dtype(
        {"names": ["x", "target"], "formats": ["f4", "i4"], "offsets": [4, 16], "itemsize": 32}
    )
    jets = np.zeros(3, dtype=loose)
    jets["x"], jets["target"] = [1, 2, 3], [0, 1, 1]
    read = jl.read(written(tmp_path, jets, {"target": ["a", "b"]}))
    assert read["jets"].column("x").tolist() == [1, 2, 3]
    assert read.label.tolist() == [0, 1, 1]


def test_labels_that_cannot_be_found_are_told(tmp_path) -> None:
    path = written(tmp_path, plain(x=[1.0, 2.0, 3.0], target=[1, 0, 7]))
    assert (jl.read(path).label == -1).all()
    with pytest.raises(UnknownNameError, match="did you mean 'target'"):
        jl.read(path, label="targt")
    with pytest.raises(BadValueError, match="label 'target': the file does not say"):
        jl.read(path, label="target")
    with pytest.raises(BadValueError, match="without the variable"):
        jl.read(path, classes=["a", "b"])


WEIGHT = Feature("w", "fb", r"$\sigma$")


def with_truth() -> tuple[np.ndarray, np.ndarray]:
    columns = [described(MASS), described(WEIGHT, "f8", truth=True)]
    jets = np.zeros(2, dtype=[*columns, described(Feature("process"), "i1", truth=True)])
    jets["w"], jets["process"] = [1e-300, 0.1], [0, 3]
    particles = np.zeros(
        (2, 3),
        dtype=[
            described(CHARGE),
            described(Feature("type"), "u1", truth=True),
            described(Feature("far"), truth=True),
            ("valid", "?"),
        ],
    )
    particles["type"], particles["far"] = 7, 0.25
    particles["valid"][0] = [True, False, True]
    return jets, particles


def test_truth_is_kept_apart_from_features_on_its_way_through_a_file(tmp_path) -> None:
    jets, particles = with_truth()
    for one in (jets, jets[1:], pickle.loads(pickle.dumps(jets))):
        assert truth_of(one) == ["w", "process"]
        assert features_of(one)["w"] == WEIGHT
    ftag.write(tmp_path / "a.h5", {"jets": jets, "constituents": particles})
    for read in (
        jl.read(tmp_path / "a.h5"),
        ftag.to_batch({"jets": jets, "constituents": particles}),
        jl.read(tmp_path / "a.h5", columns={"jets": ["pt"], "constituents": ["q"]}),
    ):
        assert read["jets"].names == ("pt",)
        assert read["constituents"].names == ("q",)
        truth = read["jets"].truth
        assert truth["w"].tolist() == [1e-300, 0.1]  # in all its digits
        assert truth["process"].tolist() == [0, 3]
        assert truth["process"].dtype == np.int64
        truth = read["constituents"].truth
        np.testing.assert_array_equal(truth["type"], [[7, -1, 7], [-1, -1, -1]])
        nan = np.nan
        np.testing.assert_array_equal(truth["far"], [[0.25, nan, 0.25], [nan, nan, nan]])
        longer = read["constituents"].padded(4).truth
        assert longer["type"][:, 3].tolist() == [-1, -1]
        assert np.isnan(longer["far"][:, 3]).all()
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["constituents"].attrs["truth"]) == ["type", "far"]


def test_truth_may_be_asked_for_as_a_variable(tmp_path) -> None:
    jets, _ = with_truth()
    ftag.write(tmp_path / "a.h5", {"jets": jets})
    read = jl.read(tmp_path / "a.h5", columns={"jets": ["w", "pt"]})
    assert read["jets"].names == ("w", "pt")
    assert read["jets"].features[0] == WEIGHT
    assert set(read["jets"].truth) == {"w", "process"}
