from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.units import Feature
from jetlens.data.images import Images
from jetlens.data.images.prongs import NUMBERS
from jetlens.data.jetclass.jets import KINDS

CORNERS = np.array([(-0.4, -0.3), (0.4, -0.3), (0.0, 0.4), (-0.5, 0.5)])
SUBJETS = ("subjet1_deta", "subjet1_dphi", "subjet2_deta", "subjet2_dphi")


def batch(partons: bool = False, **names):
    """Five jets of four narrow prongs of falling pt, two of them of one event, and an empty one."""
    rng = np.random.default_rng(1)
    prong = np.arange(40) % 4
    values = np.zeros((6, 40, 3), dtype=np.float32)
    values[:5, :, 0] = rng.uniform(1, 2, (5, 40)) * (4 - prong)
    values[:5, :, 1:] = rng.normal(CORNERS[prong], 0.01, (5, 40, 2))
    mask = np.ones((6, 40), bool)
    mask[5] = False
    features = (Feature("pt", "GeV"), "deta", Feature("dphi", "rad"))
    given = {"constituents": (values, features, mask)}
    jets = np.zeros((6, 4), dtype=np.float32)
    jets[:, :2], jets[:, 2:] = CORNERS[0], CORNERS[1]
    given["jets"] = (jets, SUBJETS)
    if partons:
        there = np.zeros((6, 3, 4))
        there[:, 1:, 1:3] = CORNERS[:2]  # a hole comes first
        there[:, 1:, 0], there[:, 1:, 3] = (200, 100), (5, -5)
        there[:, :, 1] += np.arange(6)[:, None] / 100
        real = np.array([[False, True, True]] * 6)
        columns = (names.get("pt", "pt"), names.get("deta", "deta"), "dphi", "pdg")
        given["partons"] = (there, columns, real)
    label = np.array([0, 1, 0, 1, 1, 0])
    return jl.batch(given, label=label, classes=("H4q", "Zqq"), event=[1, 2, 3, 2, 4, 5])


def places(found, *names):
    return np.stack([found.column(name) for name in names], axis=-1)


def test_prongs_are_as_many_as_the_class_has() -> None:
    found = Images(prongs={"H4q": 4, "Zqq": 2}).add(batch())["prongs"]
    assert found.names == ("x", "y", "pt")
    assert found.mask.sum(axis=1).tolist() == [4, 2, 4, 2, 2, 0]
    np.testing.assert_allclose(places(found, "x", "y")[0], CORNERS, atol=0.01)
    assert (np.diff(found.column("pt")[0]) < 0).all()
    assert [f.unit for f in found.features] == ["", "rad", "GeV"]
    known = Images(prongs="class").add(batch())["prongs"]
    np.testing.assert_array_equal(known.values, found.values)


@pytest.mark.parametrize("prongs", [3, "shape"])
def test_prongs_may_not_depend_on_the_class(prongs) -> None:
    found = Images(prongs=prongs).add(batch())["prongs"]
    assert found.mask.sum(axis=1).tolist() == [4 if prongs == "shape" else 3] * 5 + [0]


@pytest.mark.parametrize("frame", ["none", "centred", "upright", "subjets"])
def test_prongs_and_partons_lie_where_their_particles_are_drawn(frame) -> None:
    images = Images(pixels=80, window=2.0, frame=frame, prongs=4)
    made = images.add(batch(partons=True).take(slice(0, 5)))
    middles = made["image"].places["x"][1]
    step = middles[1] - middles[0]
    for jet in range(5):
        image = made["image"].values[jet, 0]
        for x, y, pt in made["prongs"].values[jet, :, :3]:
            at = [int(np.argmin(np.abs(middles - v))) for v in (y, x)]
            near = image[at[0] - 2 : at[0] + 3, at[1] - 2 : at[1] + 3].sum()
            assert near == pytest.approx(pt, rel=0.01)
    prongs, partons = (places(made[k], "x", "y") for k in ("prongs", "partons"))
    shift = np.hypot(*(partons[:, 1:] - prongs[:, :2]).transpose(2, 0, 1))
    scale = 0.8 if frame == "subjets" else 1
    expected = np.arange(5)[:, None] / 100 / scale
    np.testing.assert_allclose(shift, expected * np.ones(2), atol=step)


def test_partons_keep_what_they_had() -> None:
    jets = batch(partons=True, pt="part_pt", deta="part_deta")
    found = Images().add(jets)["partons"]
    assert found.names == ("x", "y", "part_pt", "part_deta", "dphi", "pdg", "pt")
    np.testing.assert_array_equal(found.mask, jets["partons"].mask)
    np.testing.assert_allclose(found.column("x"), found.column("part_deta") * found.mask)
    np.testing.assert_array_equal(found.column("pt"), found.column("part_pt"))


def test_what_is_not_known_is_told() -> None:
    with pytest.raises(UnknownNameError, match=r"class in images\.prongs 'Zq': did you mean 'Zqq'"):
        Images(prongs={"H4q": 4, "Zq": 2}).add(batch())
    with pytest.raises(BadValueError, match=r"no number for the class 'Zqq': .* of H4q, Zqq,"):
        Images(prongs={"H4q": 4}).add(batch())
    other = dataclasses.replace(batch(), classes=("H4q", "sig"))
    with pytest.raises(BadValueError, match=r"no number for the class 'sig'"):
        Images(prongs="class").add(other)
    with pytest.raises(BadValueError, match="no variable of partons is called pt or"):
        Images().add(batch(partons=True, pt="e"))
    for wrong in ("classes", {"Zqq": 0}, -1, 2.5, True, {"Zqq": "2"}):
        with pytest.raises(BadValueError, match="prongs"):
            Images(prongs=wrong)


def test_jetclass_s_kinds_have_as_many_prongs_as_partons_are_asked_for() -> None:
    assert {name: NUMBERS[name] for name in KINDS} == {n: k.prongs for n, k in KINDS.items()}


@pytest.mark.parametrize("prongs", ["class", "shape", 3, None])
@pytest.mark.parametrize("frame", ["centred", "subjets", "upright"])
def test_no_jets_have_no_images(prongs, frame) -> None:
    """As of a partition of which no jet was drawn."""
    none = batch(partons=True).take(slice(0, 0))
    images = Images(prongs=prongs, frame=frame, pixels=8, intensity="log", scale="max")
    found = images.add(none)
    assert found["image"].values.shape == (0, 1, 8, 8)
    assert {len(c.values) for c in found.collections.values()} == {0}
