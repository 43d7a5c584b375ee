from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
from contracts import explainers as case
from jetlens.core.batch import JetBatch
from jetlens.data.scaling import Scaling
from jetlens.data.scaling import fit as scaling_fit
from jetlens.data.scaling.fit import fit, moments
from jetlens.taggers.encode import encode

INPUTS = {"jets": case.JETS, "tracks": case.TRACKS}


def test_means_and_deviations_over_real_particles_in_partitions() -> None:
    jets = case.jets(200)
    fitted = fit([jets.take(slice(0, 70)), jets.take(slice(70, None))], INPUTS)
    real = jets["tracks"].values[jets["tracks"].mask]
    mean, std = np.array([fitted.table["tracks"][f] for f in case.TRACKS]).T
    np.testing.assert_allclose(mean, real.mean(0), rtol=1e-10)
    np.testing.assert_allclose(std, real.std(0), rtol=1e-10)
    scaled = fitted.apply(jets["tracks"], "tracks", case.TRACKS)
    assert (scaled[~jets["tracks"].mask] == 0).all()
    np.testing.assert_allclose(scaled[jets["tracks"].mask].std(0), 1)


def test_weights_count() -> None:
    jets = jl.batch({"jets": (np.array([[0.0], [1.0]]), ["x"])}, weight=[3.0, 1.0])
    assert fit([jets], {"jets": ["x"]}).table["jets"]["x"] == pytest.approx((0.25, np.sqrt(3) / 4))


def test_large_offsets_do_not_cancel() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=(1000, 1))
    mean, std = fit([jl.batch({"jets": (values, ["t"])})], {"jets": ["t"]}).table["jets"]["t"]
    assert mean == pytest.approx(values.mean(), rel=1e-12)
    assert std == pytest.approx(values.std(), rel=1e-4)


def test_a_constant_feature_gets_a_deviation_of_one() -> None:
    jets = jl.batch({"jets": (np.full((5, 1), 3.0), ["x"])})
    assert fit([jets], {"jets": ["x"]}).table["jets"]["x"] == (3.0, 1.0)


@pytest.mark.parametrize("kind", ["standard", "unit"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_varies_by_its_rounding_alone_is_constant(dtype: type, kind: str) -> None:
    roundings = np.random.default_rng(5).integers(-1, 2, (500, 1)) * np.finfo(dtype).eps
    constant = (np.array([1e6, 0.1, 1.0]) * (1 + roundings)).astype(dtype)
    varying = (1e-30 * np.arange(500)[:, None]).astype(dtype)  # however small
    jets = jl.batch({"jets": (np.hstack([constant, varying]), ["a", "b", "c", "small"])})
    fitted = fit([jets], {"jets": jets["jets"].names}, kind, {"jets": {"c": 1e-3}})
    scales = {name: scale for name, (_, scale) in fitted.table["jets"].items()}
    assert scales["small"] == pytest.approx(5e-28 if kind == "unit" else 1.44e-28, rel=1e-2)
    assert {scales[name] for name in "abc"} == {1.0}


def test_to_unit_outliers_are_moved_to_three_deviations() -> None:
    rng = np.random.default_rng(3)
    values = np.stack([rng.normal(5, 2, 4000), rng.uniform(-1, 1, 4000)], 1)
    values[:3, 0] = 500.0, -90.0, 800.0
    jets = jl.batch({"jets": (values, ["x", "y"])})
    inputs = {"jets": ["y", "x"]}
    fitted = fit([jets.take(slice(0, 1500)), jets.take(slice(1500, None))], inputs, "unit")
    low, high = np.array([fitted.limits["jets"][f] for f in ("x", "y")]).T
    mean, std = values.mean(0), values.std(0)
    assert low == pytest.approx([max(values[:, 0].min(), (mean - 3 * std)[0]), values[:, 1].min()])
    assert high == pytest.approx([(mean + 3 * std)[0], values[:, 1].max()])
    scaled = fitted.apply(jets["jets"], "jets", ("x", "y"))
    expected = (np.minimum(np.maximum(values, low), high) - low) / (high - low)
    np.testing.assert_allclose(scaled, expected, atol=1e-12)
    assert scaled.min(0) == pytest.approx(0)
    assert scaled.max(0) == pytest.approx(1)
    new = jl.batch({"jets": (np.array([[1e9, -1e9]]), ["x", "y"])})
    assert fitted.apply(new["jets"], "jets", ("x", "y")).tolist() == [[1.0, 0.0]]


def test_to_unit_padding_is_zero_and_what_does_not_vary_is_zero() -> None:
    jets = case.jets(50)
    jets["tracks"].values[..., 1] = 0.1
    fitted = fit([jets.take([k]) for k in range(50)], {"tracks": ["d0", "pt"]}, "unit")
    scaled = fitted.apply(jets["tracks"], "tracks", ("d0", "pt"))
    assert (scaled[~jets["tracks"].mask] == 0).all()
    assert np.abs(scaled[..., 1]).max() < 1e-12
    assert scaled[..., 0].max() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["standard", "unit"])
def test_images_are_scaled_about_zero(kind: str) -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(30, 2, 4, 5)) * (rng.random((30, 2, 4, 5)) < 0.3)
    weight = rng.uniform(0.5, 2, 30)
    jets = jl.batch({"image": (image, ["pt", "q"])}, weight=weight)
    fitted = fit([jets.take(slice(0, 7)), jets.take(slice(7, None))], {"image": ["q"]}, kind)
    w = np.broadcast_to(weight[:, None, None], (30, 4, 5))[image[:, 1] != 0]
    rms = np.sqrt((w * image[:, 1][image[:, 1] != 0] ** 2).sum() / w.sum())
    assert fitted.table["image"]["q"] == pytest.approx((0.0, rms))
    scaled = fitted.apply(jets["image"], "image", ["q"])
    assert scaled.shape == (30, 1, 4, 5)
    np.testing.assert_allclose(scaled[:, 0], image[:, 1] / rms)
    assert ((scaled == 0) == (image[:, 1:] == 0)).all()


@pytest.mark.parametrize("level", [0.0, 2.5])
def test_constant_images_are_refused(level: float) -> None:
    jets = jl.batch({"image": (np.full((6, 1, 4, 4), level), ["pt"])})
    with pytest.raises(jl.JetlensError, match=rf"constant images: .* image\.pt is {level:g} in"):
        fit([jets.take([0]), jets.take([1, 2])], {"image": ["pt"]})
    jets["image"].values[5, 0, 1, 2] = 1.0
    fit([jets.take([0]), jets.take([5])], {"image": ["pt"]})


@pytest.mark.parametrize("floor", [None, 0.2], ids=["plain", "logarithm"])
@pytest.mark.parametrize("kind", ["standard", "unit"])
def test_explained_in_either_scaling_scores_add_up(kind: str, floor: float | None) -> None:
    jets, plain = case.jets(), case.tagger()
    plain.scaling = fit([jets], INPUTS, kind, {"tracks": {"d0": floor}} if floor else {})
    values = {"tracks": {"d0": 100.0}}  # beyond the limits, which hold for baselines, too
    scores = jl.explain(plain, jets, "integrated-gradients", target="b", baseline=values)
    assert float(np.abs(scores["completeness_error"]).max()) < 1e-3
    offset, scale = plain.scaling.table["tracks"]["d0"]
    there = np.log(100.0) if floor else 100.0
    if kind == "unit":
        there = plain.scaling.limits["tracks"]["d0"][1]
    moved = {k: v.numpy() for k, v in encode(plain, jets)[0].items()}
    moved["tracks"][:] = 0.0
    moved["tracks"][..., 0] = (there - offset) / scale
    inputs = {k: torch.as_tensor(v if k == "tracks" else 0 * v) for k, v in moved.items()}
    logits = plain(inputs, {"tracks": torch.as_tensor(jets["tracks"].mask)}).detach()
    np.testing.assert_allclose(scores["baseline_output"], logits[:, 0], rtol=1e-6)


@pytest.mark.parametrize("kind", ["standard", "unit"])
def test_logarithms_are_taken_before_all_else(kind: str) -> None:
    rng = np.random.default_rng(3)
    energy = rng.exponential(50, (40, 6))
    energy[0, 0] = 0.0  # below the floor
    mask = rng.random((40, 6)) < 0.7
    mask[0, 0] = True
    values = np.stack([energy, rng.normal(size=energy.shape)], -1)
    jets = jl.batch({"tracks": (values, ["energy", "eta"], mask)})
    floors = {"tracks": {"energy": 0.5}}
    fitted = fit([jets], {"tracks": ["energy", "eta"]}, kind, floors)
    values[..., 0] = np.log(np.maximum(energy, 0.5))
    want = fit([jl.batch({"tracks": (values, ["energy", "eta"], mask)})], fitted.table, kind)
    for one, other in ((fitted.table, want.table), (fitted.limits, want.limits)):
        for name in one.get("tracks", {}):
            assert one["tracks"][name] == pytest.approx(other["tracks"][name], rel=1e-6)
    np.testing.assert_allclose(
        fitted.apply(jets["tracks"], "tracks", ["eta", "energy"])[..., 1][mask],
        want.scaled(values, "tracks", ["energy", "eta"])[..., 0][mask],
        rtol=1e-5,
        atol=1e-6,
    )


def test_logarithms_of_what_is_no_input_are_passed_over_and_of_nothing_refused() -> None:
    jets = case.jets()
    floors = {"tracks": {"d0": 0.1}, "jets": {case.JETS[0]: 1.0}}
    assert fit([jets], {"jets": case.JETS}, floors=floors).floors == {"jets": {case.JETS[0]: 1.0}}
    with pytest.raises(jl.JetlensError, match="'track': did you mean 'tracks'"):
        fit([jets], INPUTS, floors={"track": {"d0": 0.1}})
    with pytest.raises(jl.JetlensError, match=r"'d9'.*did you mean 'd0'"):
        fit([jets], INPUTS, floors={"tracks": {"d9": 0.1}})
    with pytest.raises(jl.JetlensError, match=r"logarithm of tracks\.d0: floor 0"):
        fit([jets], INPUTS, floors={"tracks": {"d0": 0.0}})


@pytest.mark.parametrize("kind", ["standard", "unit"])
def test_slopes_are_the_derivatives_and_zero_where_a_value_is_held(kind: str) -> None:
    rng = np.random.default_rng(4)
    values = np.stack([rng.exponential(10, 500), rng.normal(3, 2, 500), rng.random(500)], 1)
    names = ("pt", "d0", "z")
    jets = jl.batch({"jets": (values, names)})
    fitted = fit([jets], {"jets": names}, kind, floors={"jets": {"pt": 2.0}})
    found = fitted.slopes(values, "jets", names)
    step = 1e-6
    up, down = (fitted.scaled(values + s * step, "jets", names) for s in (1, -1))
    slope = (up - down) / (2 * step)
    smooth = (values > values.min(0)) & (values < values.max(0))  # a limit may be at the extremes
    np.testing.assert_allclose(found[smooth], slope[smooth], rtol=1e-5, atol=1e-8)
    assert ((found[:, 0] == 0) == (values[:, 0] < 2)).sum() > 480
    assert (found[:, 1] == 0).any() == (kind == "unit")
    assert (found[:, 2] > 0).all()
    np.testing.assert_array_equal(Scaling().slopes(values, "jets", names), 1.0)


def test_limits_and_kinds_that_make_no_sense() -> None:
    with pytest.raises(jl.JetlensError, match=r"limits of jets\.x: 2\.0 to 1\.0"):
        Scaling({}, {"jets": {"x": (2.0, 1.0)}})
    with pytest.raises(jl.JetlensError, match="unknown scaling 'unti': did you mean 'unit'"):
        fit([case.jets()], INPUTS, "unti")


def test_pairs_may_be_written_as_salt_does() -> None:
    by_salt = {"tracks": {"d0": {"mean": "1e-3", "std": 0.5}, "z0": {"std": 2, "mean": 0}}}
    assert Scaling(by_salt) == Scaling({"tracks": {"d0": (1e-3, 0.5), "z0": np.array([0, 2])}})


@pytest.mark.parametrize(
    "given",
    [{"shift": 0, "scale": 1}, {"mean": 0}, {"mean": 0, "std": None}, (1,), (1, 2, 3), "12", None],
    ids=str,
)
def test_what_is_no_pair(given) -> None:
    with pytest.raises(jl.JetlensError, match=r"scaling of tracks\.d0: .*\(mean, std\) or"):
        Scaling({"tracks": {"d0": given}})
    with pytest.raises(jl.JetlensError, match="expected pairs by collection and feature"):
        Scaling({"d0": given} if not isinstance(given, dict) else [given])


@pytest.mark.parametrize("std", [0.0, -1.0, np.nan, np.inf])
def test_a_deviation_is_positive_and_finite(std: float) -> None:
    with pytest.raises(jl.JetlensError, match=r"scaling of tracks\.d0"):
        Scaling({"tracks": {"d0": (0.0, std)}})


def test_over_the_largest_nothing_is_beyond_one() -> None:
    image = np.zeros((3, 2, 4, 4))
    image[1, 0, 2, 3], image[2, 0, 0, 1], image[0, 1, 1, 1] = 5.0, 2.0, -0.5
    both = {"image": ["pt", "charge"], "jets": ["x", "none"]}
    numbers = np.array([[-3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    jets = jl.batch({"image": (image, both["image"]), "jets": (numbers, both["jets"])})
    fitted = fit([jets.take(slice(0, 2)), jets.take(slice(2, None))], both, "largest")
    assert fitted.table == {
        "image": {"pt": (0.0, 5.0), "charge": (0.0, 0.5)},
        "jets": {"x": (0.0, 3.0), "none": (0.0, 1.0)},
    }
    assert not fitted.limits
    scaled = fitted.apply(jets["image"], "image", both["image"])
    assert abs(scaled).max((0, 2, 3)).tolist() == [1, 1]


def test_nothing_to_measure() -> None:
    with pytest.raises(jl.JetlensError, match="no real tracks"):
        fit([case.jets().take([0])], {"tracks": case.TRACKS})
    with pytest.raises(jl.JetlensError, match="unknown collection"):
        fit([case.jets()], {"track": case.TRACKS})


OBJECTS = ("pt", "eta")


def named_objects(n: int = 300) -> JetBatch:
    """Events of three named objects of very different momenta; the second may be missing."""
    rng = np.random.default_rng(7)
    values = np.stack([rng.normal([1000, 0], [50, 1], (n, 2)), rng.normal([30, 2], [5, 3], (n, 2))])
    values = np.stack([*values, rng.normal([200, 0], [90, 0.1], (n, 2))], 1)
    mask = np.ones((n, 3), bool)
    mask[: n // 3, 1] = False
    return jl.batch(
        {"objects": (values, OBJECTS, mask)}, weight=rng.uniform(0.5, 2, n), event=np.arange(n)
    )


@pytest.mark.parametrize("kind", ["standard", "unit"])
def test_each_place_of_a_list_is_scaled_as_a_list_of_its_own(kind: str) -> None:
    jets = named_objects()
    inputs, floors = {"objects": OBJECTS}, {"objects": {"pt": 10.0}}
    parts = [jets.take(slice(0, 90)), jets.take(slice(90, None))]
    fitted = fit(parts, inputs, kind, floors, {"objects": 3})
    assert fitted.table == fitted.limits == {}
    own = jets["objects"]
    scaled = fitted.apply(own, "objects", OBJECTS)
    slopes = fitted.slopes(own.values, "objects", OBJECTS)
    for place in range(3):
        alone = jl.batch(
            {"objects": (own.values[:, [place]], OBJECTS, own.mask[:, [place]])}, weight=jets.weight
        )
        by_itself = fit([alone], inputs, kind, floors)
        found = by_itself.apply(alone["objects"], "objects", OBJECTS)
        np.testing.assert_allclose(scaled[:, [place]], found, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            slopes[:, [place]], by_itself.slopes(own.values[:, [place]], "objects", OBJECTS)
        )
    reversed_names = fitted.apply(own, "objects", OBJECTS[::-1])
    np.testing.assert_array_equal(reversed_names, scaled[..., ::-1])
    shorter = fitted.scaled(own.values[:, :2], "objects", OBJECTS)
    np.testing.assert_array_equal(shorter[own.mask[:, :2]], scaled[:, :2][own.mask[:, :2]])


def test_a_place_where_nothing_stands_is_scaled_as_the_whole_list() -> None:
    jets = named_objects()
    inputs = {"objects": OBJECTS}
    whole = fit([jets], inputs).table["objects"]
    places = fit([jets], inputs, places={"objects": 4}).places["objects"]
    for feature in OBJECTS:
        assert places[3].table["objects"][feature] == pytest.approx(whole[feature])
        assert places[0].table["objects"][feature] != pytest.approx(whole[feature])


def test_what_stands_behind_the_last_place_is_told() -> None:
    jets = named_objects(6)
    with pytest.raises(jl.JetlensError, match="row 0: one stands at place 3; expected 2 places"):
        fit([jets], {"objects": OBJECTS}, places={"objects": 2})
    fitted = fit([jets], {"objects": OBJECTS}, places={"objects": 3})
    longer = jets["objects"].padded(5)
    assert fitted.apply(longer, "objects", OBJECTS).shape == (6, 5, 2)
    longer.mask[4, 4] = True
    with pytest.raises(jl.JetlensError, match="one stands at place 5; expected 3 places"):
        fitted.apply(longer, "objects", OBJECTS, jets.row)
    variables = jl.batch({"jets": (np.ones((2, 1)), ["x"])})
    with pytest.raises(jl.JetlensError, match="'jets' is no list of particles"):
        fit([variables], {"jets": ["x"]}, places={"jets": 1})


def test_large_images_are_measured_some_at_a_time(monkeypatch) -> None:
    values = np.random.default_rng(1).exponential(size=(9, 2, 3, 3)) * [[[[1.0]], [[0.0]]]]
    jets = jl.batch({"image": (values, ["a", "b"])}, weight=np.arange(1.0, 10.0))
    whole = moments(jets, "image", ["a", "b"], Scaling())
    monkeypatch.setattr(scaling_fit, "AT_ONCE", 40)  # numbers: two jets
    parts = moments(jets, "image", ["a", "b"], Scaling())
    for one, other in zip(vars(whole).values(), vars(parts).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert whole.total == pytest.approx(9 * 45)
