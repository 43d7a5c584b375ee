from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.batch import concatenate
from jetlens.core.collection import Collection
from jetlens.core.units import Feature, features

VALUES = np.arange(24.0).reshape(2, 4, 3)
ABC = ["a", "b", "c"]
MASK = np.array([[True, False, True, False], [False] * 4])


def tracks(**more):
    return jl.batch({"tracks": (VALUES, ["d0", "z0", "pt"], MASK)}, **more)


def test_plain_arrays_become_a_batch() -> None:
    jets = tracks(label=["b", "u"], classes=["b", "c", "u"])
    assert len(jets) == 2
    assert jets.label.tolist() == [0, 2]
    assert jets.row.tolist() == jets.event.tolist() == [0, 1]
    assert jets.weight.tolist() == [1.0, 1.0]
    np.testing.assert_array_equal(jets["tracks"].column("z0")[MASK], VALUES[..., 1][MASK])


def test_names_may_be_arrays() -> None:
    jets = jl.batch(
        {"tracks": (VALUES, np.array(ABC), MASK), "jets": (VALUES[:, 0], iter(ABC))},
        label=np.array(["b", "u"], dtype=object),
        classes=np.array(["b", "c", "u"]),
    )
    assert jets["tracks"].names == jets["jets"].names == ("a", "b", "c")
    assert {type(n) for n in (*jets["tracks"].names, *jets.classes)} == {str}
    assert jets.label.tolist() == [0, 2]
    assert jl.batch({"jets": (VALUES[:, 0], ABC)}, label=np.array([b"u", b"b"])).classes == (
        "b",
        "u",
    )
    assert jl.batch({"jets": (VALUES[:, 0], ABC)}, classes=np.array(["b"])).classes == ("b",)


def test_padding_is_zero_whatever_it_was() -> None:
    values = VALUES.copy()
    values[~MASK] = np.nan
    jets = jl.batch({"tracks": (values, ["d0", "z0", "pt"], MASK)})
    assert (jets["tracks"].values[~MASK] == 0).all()


def test_without_a_mask_every_particle_is_real() -> None:
    jets = jl.batch({"tracks": (VALUES, ["d0", "z0", "pt"]), "jets": (np.ones((2, 1)), ["pt"])})
    assert jets["tracks"].mask.all()
    assert jets["jets"].mask is None


def test_precision() -> None:
    jets = jl.batch({"a": (np.ones((2, 1), int), ["x"]), "b": (np.ones((2, 1)), ["x"])})
    assert jets["a"].values.dtype == np.float32
    assert jets["b"].values.dtype == np.float64


def test_images_have_channels() -> None:
    jets = jl.batch({"image": (np.zeros((5, 2, 4, 6)), ["charged", "neutral"])})
    assert jets["image"].is_image
    assert jets["image"].column("neutral").shape == (5, 4, 6)


def test_names_may_be_features() -> None:
    described = features(["d0", Feature("pt", "MeV", "$p_T$", "GeV", 1e-3)])
    assert described[0].axis == "d0"
    assert described[1].axis == "$p_T$ [GeV]"
    assert Feature.from_dict(described[1].as_dict()) == described[1]


def test_taking_and_putting_together() -> None:
    rng = np.random.default_rng(0)

    def some(n: int, places: int):
        return jl.batch(
            {"tracks": (rng.normal(size=(n, places, 1)), ["x"], rng.random((n, places)) < 0.5)},
            label=rng.integers(0, 2, n),
            classes=("s", "b"),
            truth={"tracks": {"origin": rng.integers(0, 8, (n, places))}},
        )

    short, long = some(3, 2), some(4, 5)
    both = concatenate([short, long])
    assert both["tracks"].values.shape == (7, 5, 1)
    assert not both["tracks"].mask[:3, 2:].any()
    assert (both["tracks"].truth["origin"][:3, 2:] == -1).all()
    back = both.take(slice(3, None))
    np.testing.assert_array_equal(back["tracks"].values, long["tracks"].values)
    np.testing.assert_array_equal(back.label, long.label)
    again = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(again["tracks"].values, both["tracks"].values)


def test_some_of_the_jets() -> None:
    jets = tracks(label=["b", "u"], row=[7, 9])
    for which, rows in [
        (slice(1), [7]),
        (slice(None, None, -1), [9, 7]),
        ([1], [9]),
        (jets.label == 0, [7]),
        (np.array([1, 0, 1]), [9, 7, 9]),
        ([], []),
        ([-1], [9]),
    ]:
        some = jets[which]
        assert some.row.tolist() == rows
        np.testing.assert_array_equal(some["tracks"].values, jets["tracks"].values[which])
    for which in (0, 5, True, None, 1.5, [2], np.ones(3, bool), (0, 0), ["tracks"]):
        with pytest.raises(jl.JetlensError, match="expected a collection's name, a slice"):
            jets[which]
    with pytest.raises(jl.JetlensError, match=r"jets\[0\].*jets\[\[0\]\]$"):
        next(iter(jets))
    with pytest.raises(jl.JetlensError, match=r"index 2 is out of bounds"):
        jets.take([2])


def test_nothing_can_be_put_in_the_place_of_what_is_there() -> None:
    jets = tracks(truth={"tracks": {"origin": np.zeros((2, 4), int)}})
    for again in (jets, pickle.loads(pickle.dumps(jets)), copy.deepcopy(jets), jets[:1]):
        with pytest.raises(TypeError):
            again.collections["jets"] = again["tracks"]
        with pytest.raises(TypeError):
            again["tracks"].truth["vertex"] = np.zeros(2)
        with pytest.raises(TypeError):
            again["tracks"].places["x"] = ()
        with pytest.raises(AttributeError):
            again.row = np.zeros(2)
        assert list(again.collections) == ["tracks"]
        assert list(again["tracks"].truth) == ["origin"]


def test_a_batch_is_shown_in_few_lines() -> None:
    many = [f"f{i}" for i in range(20)]
    jets = jl.batch(
        {"tracks": (VALUES, ABC, MASK), "jets": (np.ones((2, 20)), many)},
        label=[0, -1],
        classes=("b", "c"),
        event=[3, 3],
    )
    assert repr(jets).splitlines() == [
        "JetBatch: 2 jets of 1 events (1 b, 1 not known)",
        "  tracks: Collection [jet 2, tracks 4, feature 3]: a, b, c; 2 of 8 real",
        "  jets: Collection [jet 2, feature 20]: f0, f1, f2, f3, f4, f5, f6, f7, ...",
    ]
    assert repr(jets[[]]).startswith("JetBatch: 0 jets of 0 events\n")
    events = jl.batch({"objects": (VALUES, ABC)})
    assert repr(events).startswith("JetBatch: 2 events (2 not known)\n")


def test_other_classes() -> None:
    jets = tracks(label=[0, 2], classes=("b", "c", "u"))
    assert jets.with_classes(("u", "b")).label.tolist() == [1, 0]
    assert jets.with_classes(("b", "c")).label.tolist() == [0, -1]
    assert tracks().with_classes(("b",)).label.tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"collections": {}}, "at least one collection"),
        ({"collections": {"tracks": (VALUES, ["a", "b"])}}, "3 features, but 2 names"),
        ({"collections": {"tracks": (VALUES, ["a", "b", "a"])}}, "'a' is there twice"),
        ({"collections": {"tracks": (VALUES, "abc")}}, "'tracks': 'abc', expected a list of names"),
        (
            {"collections": {"tracks": (VALUES, ABC)}, "classes": "ab"},
            "classes: 'ab', expected a l",
        ),
        (
            {"collections": {"tracks": (VALUES, ["a", "b", "c"], MASK[:, :2])}},
            "expected \\(2, 4\\)",
        ),
        ({"collections": {"tracks": (VALUES[0], ["a", "b", "c"], MASK)}}, "no particles to mask"),
        (
            {"collections": {"tracks": (VALUES[0, 0], ["a", "b", "c"])}},
            "expected \\[jet, feature\\]",
        ),
        ({"collections": {"tracks": (VALUES,)}}, "expected \\(values, names\\)"),
        (
            {"collections": {"tracks": (VALUES, ABC), "jets": (VALUES[:1], ABC)}},
            "'jets' has 1 jets, not 2",
        ),
        (
            {"collections": {"tracks": (VALUES, ABC)}, "label": [0, 3], "classes": ["a", "b"]},
            "0 to 3",
        ),
        ({"collections": {"tracks": (VALUES, ABC)}, "label": [0.5, 1]}, "whole numbers"),
        ({"collections": {"tracks": (VALUES, ABC)}, "label": [0]}, "does not fit 2 jets"),
        (
            {"collections": {"tracks": (VALUES, ABC)}, "label": ["b", "d"], "classes": ["b", "c"]},
            "unknown class 'd'",
        ),
        ({"collections": {"tracks": (VALUES, ABC)}, "truth": {"track": {}}}, "unknown collection"),
        (
            {
                "collections": {"tracks": (VALUES, ABC)},
                "truth": {"tracks": {"o": np.zeros((3, 4))}},
            },
            "truth 'o' of shape",
        ),
    ],
)
def test_what_does_not_fit(arguments: dict, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.batch(**arguments)


def test_what_cannot_be_put_together() -> None:
    with pytest.raises(jl.JetlensError, match="no batches"):
        concatenate([])
    other = jl.batch({"jets": (np.ones((2, 1)), ["pt"])})
    with pytest.raises(jl.JetlensError, match="other collections"):
        concatenate([tracks(), other])
    renamed = jl.batch({"tracks": (VALUES, ["d0", "z0", "eta"], MASK)})
    with pytest.raises(jl.JetlensError, match="other features"):
        concatenate([tracks(), renamed])


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(jl.JetlensError, match="did you mean 'tracks'"):
        tracks()["track"]
    with pytest.raises(jl.JetlensError, match="did you mean 'd0'"):
        tracks()["tracks"].column("d00")
    with pytest.raises(jl.JetlensError, match="do not have axes"):
        Collection(VALUES, ("jet", "feature"), features(ABC))
