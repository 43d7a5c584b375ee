"""Control steps: as long as those along the gradient, turned at random, under its constraints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

import jetlens as jl
import moving
from jetlens.core.errors import BadValueError, UnsupportedError

SCALES = [0.0, 0.1, 0.5]
OFF = dict.fromkeys(["positive_pt", "inside", "recentre"], False)
POOL = moving.jets(60, seed=5)


def nudge(jets: jl.JetBatch | None = None, **options) -> xr.Dataset:
    given = {"scales": SCALES, "pool": POOL, "control": "turned", "normalise": "unit"} | options
    return jl.explain(moving.tagger(), jets or moving.jets(), "nudge", **given)


def steps(found: xr.Dataset, which: str) -> np.ndarray:
    """Return steps of constituents ``[jet, scale, particle, feature]``, zero in padding."""
    came, was = found[f"constituents_{which}"].values, found.constituents_value.values
    return np.nan_to_num(came - was[:, None])


def test_particles_go_as_far_as_along_the_gradient_and_all_of_a_jet_by_one_turn() -> None:
    found = nudge(constraints=OFF)
    score = found.constituents_score.values[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):  # of each feature one number, its spread
        units = np.nanmedian(steps(found, "moved")[:, 2:] / score / SCALES[2], axis=(0, 1, 2))
    units = np.where(units > 0, units, 1)
    own, control = (steps(found, which) / units for which in ("moved", "control"))
    assert (np.abs(own[:, 1:, :, :3]).max((2, 3))[1:] > 0).all()
    np.testing.assert_allclose(*(np.hypot(s[..., 1], s[..., 2]) for s in (own, control)), rtol=1e-6)
    angle = [np.arctan2(s[:, 2, :, 2], s[:, 2, :, 1]) for s in (own, control)]
    turn = np.exp(1j * (angle[1] - angle[0]))
    far = np.hypot(own[:, 2, :, 1], own[:, 2, :, 2]) > 1e-9
    for jet, some in zip(turn, far, strict=True):
        np.testing.assert_allclose(jet[some], jet[some][:1].repeat(some.sum()), atol=1e-6)
    for feature in (0, 6):  # pt and the impact parameter: one sign for all particles of a jet
        went = own[:, 1, :, feature] != 0
        ratio = control[:, 1, :, feature][went] / own[:, 1, :, feature][went]
        np.testing.assert_allclose(np.abs(ratio), 1, rtol=1e-6)
        assert {*np.sign(ratio)} == {-1.0, 1.0}
    assert (control[..., 3:6] == 0).all()  # what is held still by constraints
    assert (steps(found, "control")[:, 0] == 0).all()


def test_turns_are_even_and_of_every_feature_and_jet_their_own() -> None:
    jets = moving.jets(4000, places=3, seed=4)
    found = nudge(jets, constraints=OFF, scales=[0.1], normalise="spread", pool=jets)
    own, control = (steps(found, which)[:, 0] for which in ("moved", "control"))
    length = (own[..., 1:3] ** 2).sum((1, 2))
    some = length > 0
    along = (own[..., 1:3] * control[..., 1:3]).sum((1, 2))[some] / length[some]
    assert abs(along.mean()) < 4 / np.sqrt(2 * some.sum())
    sign = [np.sign((own[..., f] * control[..., f]).sum(1))[some] for f in (0, 6)]
    for signs in (*sign, sign[0] * sign[1], sign[0] * np.sign(along)):
        assert abs(signs.mean()) < 4 / np.sqrt(some.sum())


def test_it_hangs_on_the_jet_and_the_seed_alone() -> None:
    jets = moving.jets()
    whole = nudge(jets)
    some = np.array([17, 4, 23])
    np.testing.assert_allclose(
        nudge(jets[some]).constituents_control, whole.constituents_control[some], atol=1e-12
    )
    assert not np.allclose(
        nudge(jets, seed=2).constituents_control, whole.constituents_control, equal_nan=True
    )
    without = nudge(jets, control="none")
    assert "constituents_control" not in without
    assert set(whole.data_vars) - set(without.data_vars) == {"constituents_control", "jets_control"}
    for name in without.data_vars:
        np.testing.assert_array_equal(without[name], whole[name])


def test_constraints_hold_of_controls() -> None:
    found = nudge(
        constraints={"inside": moving.RADIUS, "fixed_pt": True}, scales=[0, 3], hold="dphi"
    )
    mask = found.constituents_mask.values
    was, came = (
        np.nan_to_num(v) for v in (found.constituents_value, found.constituents_control[:, 1])
    )
    np.testing.assert_array_equal(came[..., 2:6], was[..., 2:6])  # dphi, and what is kept
    assert (came[..., 0][mask] > 0).all()
    assert (np.hypot(came[..., 1], came[..., 2]) <= moving.RADIUS * (1 + 1e-9)).all()
    pt = [
        np.hypot(*((v[..., 0] * f(v[..., 2])).sum(1) for f in (np.cos, np.sin)))
        for v in (was, came)
    ]
    np.testing.assert_allclose(*pt, rtol=1e-6)
    axis = [(v[..., 0] * v[..., 1]).sum(1) / (v[..., 0].sum(1) + 1e-9) for v in (was, came)]
    np.testing.assert_allclose(*axis, atol=1e-6)
    assert not np.allclose(came[..., 1], was[..., 1])


def test_components_of_a_momentum_go_back_together() -> None:
    rng = np.random.default_rng(2)
    names, axis = ("px", "py", "pz"), np.array([[300.0, 40.0, 90.0]])
    values = axis * rng.uniform(0.05, 0.2, (50, 6, 1)) + rng.normal(0, 2, (50, 6, 3))
    jets = jl.batch(
        {"constituents": (values, names, np.ones((50, 6), bool))},
        label=np.arange(50) % 2,
        classes=moving.CLASSES,
    )
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.GELU(), torch.nn.Linear(8, 2)
    ).double()
    scaling = {"constituents": dict.fromkeys(names, (0.0, 30.0))}
    tagger = jl.wrap(
        module,
        {"constituents": names},
        moving.CLASSES,
        scaling=scaling,
        call=lambda m, i, _: m(i["constituents"]).sum(1),
    )
    options = {"scales": [0.1], "constraints": OFF, "normalise": "unit", "control": "turned"}
    found = jl.explain(tagger, jets, "nudge", toward="quark", **options)
    own, control = (steps(found, which)[:, 0] for which in ("moved", "control"))
    sign = np.sign((own * control).sum((1, 2)))
    np.testing.assert_allclose(control, own * sign[:, None, None], atol=1e-9)
    assert {*sign} == {-1.0, 1.0}


def test_what_is_no_control_is_refused() -> None:
    with pytest.raises(BadValueError, match=r"control='turn': .*did you mean 'turned'"):
        nudge(control="turn")
    with pytest.raises(UnsupportedError, match=r"control='turned' with steps=3: .* steps = 1"):
        nudge(steps=3)


def test_hits_are_turned_about_the_line_of_flight() -> None:
    rng = np.random.default_rng(2)
    names = ("x", "y", "z", "energy")
    values = rng.normal(0, 20, (40, 5, 4)) + np.array([0, 0, 200, 100])
    mask = np.ones((40, 5), bool)
    jets = jl.batch({"hits": (values, names, mask)}, classes=moving.CLASSES, label=[0, 1] * 20)
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.Linear(8, 2))
    tagger = jl.wrap(
        module.double(),
        {"hits": names},
        moving.CLASSES,
        scaling={"hits": dict.fromkeys(names, (0.0, 20.0))},
        call=lambda m, i, _: m(i["hits"]).sum(1),
    )
    found = jl.explain(tagger, jets, "nudge", control="turned", scales=[0.1], constraints=OFF)
    own, control = (found[f"hits_{w}"].values[:, 0] - values for w in ("moved", "control"))
    np.testing.assert_allclose(*(np.hypot(s[..., 0], s[..., 1]) for s in (own, control)))
    np.testing.assert_allclose(np.abs(control[..., 2:]), np.abs(own[..., 2:]), atol=1e-12)
    assert (np.abs(control[..., 0]) - np.abs(own[..., 0])).std() > 0
