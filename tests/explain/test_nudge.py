from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr

import jetlens as jl
import moving
from jetlens.core import attribution
from jetlens.core.errors import UnsupportedError
from jetlens.data.base import Dataset
from jetlens.explain.shared.spread import spread
from jetlens.taggers.encode import encode
from reference.gradient import slow_gradient, slow_move

SCALES = [0.0, 0.05, 0.3, 1.0]
OFF = dict.fromkeys(["positive_pt", "inside", "keep_discrete", "on_shell", "recentre"], False)
NAMES = moving.FEATURES


def nudge(
    jets: jl.JetBatch | None = None, tagger: jl.Tagger | None = None, **options
) -> xr.Dataset:
    options = {"scales": SCALES, "pool": moving.jets(60, seed=5)} | options
    return jl.explain(tagger or moving.tagger(), jets or moving.jets(), "nudge", **options)


def column(found: xr.Dataset, name: str) -> np.ndarray:
    """Return a moved feature ``[jet, scale, particle]``, zero in padding."""
    return found.constituents_moved.sel(constituents_feature=name).fillna(0).values


def asked(tagger: jl.Tagger, found: xr.Dataset, scale: int) -> np.ndarray:
    """Return what the tagger says of moved jets, handed to it as anybody's."""
    moved = found.constituents_moved.values[:, scale]
    mask = found.constituents_mask.values
    jets = jl.batch(
        {
            "jets": (found.jets_moved.values[:, scale], moving.JETS),
            "constituents": (moved, NAMES, mask),
        }
    )
    with torch.no_grad():
        return tagger(*encode(tagger, jets)).numpy()


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("fixed_pt", [False, True])
def test_against_the_slow_reference(logarithm: bool, fixed_pt: bool) -> None:
    tagger, jets = moving.tagger(logarithm), moving.jets()
    constraints = {"inside": moving.RADIUS, "fixed_pt": fixed_pt}
    found = nudge(jets, tagger, constraints=constraints)
    slope = slow_gradient(tagger, jets, found.target.values)["constituents"]
    width = np.array([tagger.scaling.table["constituents"][n][1] for n in NAMES])
    values, mask = jets["constituents"].values, jets["constituents"].mask
    for j in range(len(jets)):
        own = values[j, mask[j]]
        for s, scale in enumerate(SCALES):
            step = scale * slope[j, mask[j]] * width
            raw = own + step
            if logarithm:  # a step in the logarithm; what is below the floor stays
                raw[:, 0] = own[:, 0] * np.where(own[:, 0] < 0.5, 1, np.exp(step[:, 0]))
            moved = slow_move(
                own, raw, NAMES, moving.RADIUS, positive=not logarithm, fixed_pt=fixed_pt
            )
            there = found.constituents_moved.values[j, s][mask[j]]
            np.testing.assert_allclose(there, moved, rtol=1e-7, atol=1e-9)
    padding = found.constituents_moved.transpose("jet", "constituents", ...).values[~mask]
    assert np.isnan(padding).all()


def test_what_is_said_is_what_the_tagger_says_of_the_moved_jets() -> None:
    tagger = moving.tagger()
    found = nudge(tagger=tagger)
    for s in range(len(SCALES)):
        np.testing.assert_allclose(found.moved_output[:, s], asked(tagger, found, s), atol=1e-10)
    np.testing.assert_array_equal(found.moved_output[:, 0], found.output)
    values = found.constituents_value.values
    np.testing.assert_array_equal(found.constituents_moved[:, 0], values)


@pytest.mark.parametrize("toward", ["other", "quark", "label", "log(quark/gluon)"])
@pytest.mark.parametrize("normalise", ["raw", "spread", "unit"])
def test_small_steps_raise_what_they_are_to_raise(toward: str, normalise: str) -> None:
    found = nudge(toward=toward, normalise=normalise, scales=[0, 1e-4], constraints=OFF)
    said = found.moved_output.values
    if toward.startswith("log"):
        gain = np.diff(np.log(np.exp(said[..., 1]) / np.exp(said[..., 0])), axis=1)[:, 0]
        assert (found.target == -1).all()
    else:
        rows = np.arange(len(said))
        gain = (said[:, 1] - said[:, 0])[rows, found.target.values]
    assert (gain > 0).all()
    if toward == "other":
        np.testing.assert_array_equal(found.target, said[:, 0].argmin(1))
    per = nudge(toward=toward, normalise="raw" if normalise == "raw" else "spread", scales=[0])
    score = per.constituents_score.fillna(0).values
    size = (score**2).sum((1, 2)) + (per.jets_score.values**2).sum(1)
    if normalise == "unit":
        size = np.sqrt(size)
    # to first order the score rises by scale times gradient times direction
    np.testing.assert_allclose(gain, 1e-4 * size, rtol=2e-3)


class Common(torch.nn.Module):
    """A module to whose logits a function of the jet is added, the same to all of them."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, inputs, masks):
        own = (inputs["constituents"] * masks["constituents"][..., None]).sum((1, 2))
        return self.module(inputs, masks) + (3 * own + inputs["jets"].sum(1))[:, None]


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("toward", ["other", "quark", "gluon"])
def test_what_all_logits_share_moves_along_a_logit_and_not_along_log_odds(
    seed: int, toward: str
) -> None:
    plain = moving.tagger(seed=seed)
    common = jl.wrap(Common(plain.module), plain.inputs, moving.CLASSES, scaling=plain.scaling)
    options = {"toward": toward, "normalise": "unit", "scales": [1e-4, 1], "constraints": OFF}
    found = {
        of: [nudge(tagger=t, of=of, **options) for t in (plain, common)]
        for of in ("logit", "log-odds")
    }
    far = [abs(a.constituents_moved - b.constituents_moved).max() for a, b in found.values()]
    assert far[0] > 0.1
    assert far[1] < 1e-9
    for one in found["log-odds"]:  # of each jet, the class that it goes toward gets likelier
        assert one.attrs["of"] == "log-odds"
        assert (_rise(one) > 0).all()
    if toward == "other":  # what they share points toward one of both
        assert (_rise(found["logit"][1]) < 0).any()


def _rise(found: xr.Dataset) -> np.ndarray:
    """Return how much a jet's class to go toward gains on the other, at the first scale."""
    rows, target = np.arange(len(found.output)), found.target.values
    odds = [
        v[rows, target] - v[rows, 1 - target]
        for v in (found.moved_output.values[:, 0], found.output.values)
    ]
    return odds[0] - odds[1]


def test_a_target_other_than_the_predicted_class_is_what_rises() -> None:
    found = jl.explain(moving.tagger(), moving.jets(), "nudge", target="quark", scales=[1])
    other = jl.explain(moving.tagger(), moving.jets(), "nudge", toward="quark", scales=[1])
    np.testing.assert_array_equal(found.moved_output, other.moved_output)
    assert found.attrs["toward"] == other.attrs["toward"] == "quark"
    assert other.attrs["target"] == "predicted"


@pytest.mark.parametrize("steps", [1, 3])
def test_wrong_ones_alone_are_moved_toward_their_label(steps: int) -> None:
    every = nudge(toward="label", steps=steps)
    some = nudge(move="wrong", steps=steps)
    wrong = every.label.values != every.output.values.argmax(1)
    assert 0 < wrong.sum() < len(wrong)
    assert some.attrs["toward"] == "label"
    np.testing.assert_array_equal(some.constituents_score, every.constituents_score)
    for name in ("constituents_moved", "jets_moved", "moved_output"):
        np.testing.assert_allclose(some[name][wrong], every[name][wrong], rtol=1e-9, atol=1e-12)
        assert np.isnan(some[name][~wrong]).all()
    np.testing.assert_array_equal(some.unphysical[wrong], every.unphysical[wrong])
    assert not some.unphysical[~wrong].any()
    flips = jl.explain(moving.tagger(), moving.jets(), "flip", move="wrong", scales=[0, 30])
    assert np.isnan(flips.flip_scale.values[~wrong]).all()
    assert np.isfinite(flips.flip_scale.values[wrong]).any()


@pytest.mark.parametrize(
    ("move", "toward"),
    [
        ({"label": "gluon", "predicted": "quark"}, "label"),
        ({"label": "gluon"}, "other"),
        ({"predicted": ["quark"]}, "other"),
        ({"label": ["gluon", "quark"], "predicted": "quark"}, "other"),
    ],
)
@pytest.mark.parametrize("method", ["nudge", "flip"])
def test_jets_of_some_labels_and_predictions_alone_are_moved(
    method: str, move: dict, toward: str
) -> None:
    tagger, jets = moving.tagger(), moving.jets()
    options = {"scales": [0, 2.0, 30.0], "pool": moving.jets(60, seed=5)}
    some = jl.explain(tagger, jets, method, move=move, **options)
    every = jl.explain(tagger, jets, method, toward=toward, **options)
    own = {"label": jets.label, "predicted": some.output.values.argmax(1)}
    wanted = np.ones(len(jets), dtype=bool)
    for key, names in move.items():
        wanted &= np.isin(np.array(moving.CLASSES)[own[key]], names)
    assert 0 < wanted.sum() < len(jets)
    assert some.attrs["toward"] == toward
    for name in ("constituents_moved", "jets_moved", "moved_output"):
        np.testing.assert_allclose(some[name][wanted], every[name][wanted], rtol=1e-9, atol=1e-12)
        assert np.isnan(some[name][~wanted]).all()
    if method == "flip":
        np.testing.assert_array_equal(some.tried, wanted)
    assert json.loads(some.attrs["options"])["move"] == move


@pytest.mark.parametrize("method", ["nudge", "flip"])
def test_a_selection_that_no_jet_meets_is_told(method: str) -> None:
    tagger, jets = moving.tagger(), moving.jets()
    decided = jl.explain(tagger, jets, "gradient").output.values.argmax(1)
    right = jets.take(decided == jets.label)
    move = {"label": "gluon", "predicted": "quark"}
    options = {"move": move, "scales": [0, 1.0, 30.0], "pool": jets}
    says = f"none of the {len(right)} jets explained is among the gluon jets tagged as quark"
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(tagger, right, method, **options)
    # a tagger that is never wrong is no mistake, and neither is a partition without such jets
    assert np.isnan(jl.explain(tagger, right, method, move="wrong", scales=[1]).moved_output).all()
    parts = list(jl.explain(tagger, _Parts([right, jets]), method, **options))
    assert np.isnan(parts[0].moved_output).all()
    assert np.isfinite(parts[1].moved_output).any()
    with pytest.raises(jl.JetlensError, match=f"none of the {2 * len(right)} jets"):
        list(jl.explain(tagger, _Parts([right, right]), method, **options))


class _Parts(Dataset):
    """Batches as they are, one after the other."""

    def __init__(self, parts: list[jl.JetBatch]) -> None:
        self.parts = parts

    def partitions(self) -> list:
        return [SimpleNamespace(read=lambda part=part: part) for part in self.parts]


@pytest.mark.parametrize("method", ["nudge", "flip"])
def test_jets_without_a_label_are_not_moved_toward_it(method: str) -> None:
    whole = moving.jets()
    label = whole.label.copy()
    label[[3, 4, 9]] = -1
    some = replace(whole, label=label)
    options = {"move": "wrong", "scales": [0, 2.0, 30.0], "pool": moving.jets(60, seed=5)}
    every = jl.explain(moving.tagger(), whole, method, **options)
    found = jl.explain(moving.tagger(), some, method, **options)
    known = label >= 0
    for name in ("constituents_score", "constituents_moved", "moved_output", "target"):
        np.testing.assert_allclose(found[name][known], every[name][known], rtol=1e-9, atol=1e-12)
    assert (found.target.values[~known] == -1).all()
    for name in ("constituents_score", "jets_score", "constituents_moved", "moved_output"):
        assert np.isnan(found[name].values[~known]).all(), name
    if method == "flip":
        assert not found.tried.values[~known].any()
        np.testing.assert_array_equal(found.tried[known], every.tried[known])
        assert found.tried.values.any()
    # what rises is not the label: all that are wrong go there, and nothing needs a label
    toward = jl.explain(moving.tagger(), some, method, **options, toward="quark")
    assert np.isfinite(toward.constituents_score.values[3][some["constituents"].mask[3]]).all()


def test_the_unit_of_steps() -> None:
    """Per spread, steps are spread^2 times the raw ones; of unit length, the scale is theirs."""
    tagger, pool = moving.tagger(scaled=False), moving.jets(60, seed=5)
    width = spread(tagger, pool)["constituents"]
    steps = {}
    for normalise in ("raw", "spread", "unit"):
        found = nudge(tagger=tagger, normalise=normalise, scales=[1e-3], constraints=OFF)
        moved = found.constituents_moved[:, 0].fillna(0) - found.constituents_value.fillna(0)
        own = found.jets_moved[:, 0] - found.jets_value
        steps[normalise] = moved.values, own.values
    np.testing.assert_allclose(steps["spread"][0], steps["raw"][0] * width**2, atol=1e-12)
    both = np.concatenate(
        [
            (steps["unit"][0] / width).reshape(len(moved), -1),
            steps["unit"][1] / spread(tagger, pool)["jets"],
        ],
        axis=1,
    )
    np.testing.assert_allclose(np.sqrt((both**2).sum(1)), 1e-3, rtol=1e-9)


def test_what_does_not_move_has_no_part_in_the_length() -> None:
    found = nudge(normalise="unit", hold=["d0_significance", "jets.pt"])
    score = found.constituents_score.fillna(0)
    moving_ones = score.sel(constituents_feature=["pt", "deta", "dphi"])
    length = (moving_ones**2).sum(("constituents", "constituents_feature"))
    np.testing.assert_allclose(length[1:], 1.0)
    assert np.ptp(column(found, "d0_significance"), axis=1).max() == 0
    assert float(abs(score.sel(constituents_feature="d0_significance")).max()) > 0.01


@pytest.mark.parametrize("normalise", ["raw", "unit"])
@pytest.mark.parametrize("steps", [1, 4])
def test_moved_jets_keep_every_constraint(normalise: str, steps: int) -> None:
    constraints = {"inside": moving.RADIUS, "fixed_pt": True}
    found = nudge(scales=[0, 1, 30], normalise=normalise, steps=steps, constraints=constraints)
    mask = found.constituents_mask.values
    pt, deta, dphi = (column(found, n) for n in ("pt", "deta", "dphi"))
    real = np.broadcast_to(mask[:, None], pt.shape)
    assert (pt[real] > 0).all()
    assert np.hypot(deta, dphi)[real].max() <= moving.RADIUS * (1 + 1e-9)
    assert (found.jets_moved.sel(jets_feature="pt") > 0).all()
    for name in ("m2", "charge", "is_photon"):
        assert np.ptp(column(found, name), axis=1).max() == 0
    far = np.ptp(column(found, "d0_significance"), axis=1)
    photon = column(found, "is_photon")[:, 0] > 0
    assert far[photon & mask].max() == 0
    assert (far[~photon & mask] > 0).all()
    for angle in (deta, dphi):
        mean = (pt * angle).sum(2) / np.maximum(pt.sum(2), 1e-9)
        np.testing.assert_allclose(mean, np.repeat(mean[:, :1], 3, 1), atol=1e-9)
    total = np.hypot((pt * np.cos(dphi)).sum(2), (pt * np.sin(dphi)).sum(2))
    np.testing.assert_allclose(total, np.repeat(total[:, :1], 3, 1), rtol=1e-9)
    changed = np.abs(np.diff(pt, axis=1)).max((1, 2))
    assert (changed[mask.sum(1) > 1] > 1e-3).all()


@pytest.mark.parametrize(
    ("switch", "broken"),
    [
        ("positive_pt", lambda f: (column(f, "pt")[f.constituents_mask.values[:, 0]] < 0).any()),
        (
            "inside",
            lambda f: np.hypot(column(f, "deta"), column(f, "dphi")).max() > moving.RADIUS * 1.01,
        ),
        ("keep_discrete", lambda f: np.ptp(column(f, "charge"), axis=1).max() > 1e-3),
        ("on_shell", lambda f: np.ptp(column(f, "m2"), axis=1).max() > 1e-3),
        ("recentre", lambda f: _wander(f) > 1e-3),
    ],
)
def test_each_constraint_can_be_switched_off(switch: str, broken) -> None:
    """Off, what it keeps is broken; on, with all others off, it is not."""
    on = {"inside": moving.RADIUS} if switch == "inside" else {switch: True}
    assert not broken(nudge(scales=[0, 30], constraints=OFF | on))
    rest = {k: True for k in OFF if k != switch} | {switch: False}
    if switch != "inside":
        rest["inside"] = moving.RADIUS
    assert broken(nudge(scales=[0, 30], constraints=rest))


def _wander(found: xr.Dataset) -> float:
    pt, deta = np.maximum(column(found, "pt"), 0), column(found, "deta")
    mean = (pt * deta).sum(2) / np.maximum(pt.sum(2), 1e-9)
    return float(np.ptp(mean, axis=1).max())


def test_the_radius_is_that_of_the_reference_jets_if_nobody_says() -> None:
    pool = moving.jets(60, seed=5)
    mask = pool["constituents"].mask
    far = np.hypot(*pool["constituents"].values[mask][:, 1:3].T).max()
    found = nudge(scales=[0, 1000], pool=pool)
    reach = np.hypot(column(found, "deta"), column(found, "dphi"))
    start = reach[:, 0].max()
    assert 0.95 * far < reach[:, 1].max() <= max(far, start) * (1 + 1e-9)


def test_unphysical_jets_are_counted_as_one_raw_step_makes_them() -> None:
    tagger, jets = moving.tagger(), moving.jets()
    scales = [0.0, 0.3, 3.0, 30.0]
    found = nudge(jets, tagger, scales=scales, constraints={"inside": moving.RADIUS}, steps=3)
    slope = slow_gradient(tagger, jets, found.target.values)
    width = np.array([tagger.scaling.table["constituents"][n][1] for n in NAMES])
    values, mask = jets["constituents"].values, jets["constituents"].mask
    step = slope["constituents"] * width
    own = slope["jets"] * [tagger.scaling.table["jets"][n][1] for n in moving.JETS]
    for s, scale in enumerate(scales):
        raw = values + scale * step
        radius = np.hypot(raw[..., 1], raw[..., 2])
        was = np.hypot(values[..., 1], values[..., 2])
        own_raw = jets["jets"].values + scale * own
        bad = {
            "negative": ((raw[..., 0] <= 0) & mask).any(1) | (own_raw[:, 0] <= 0),
            "outside": ((radius > np.maximum(moving.RADIUS, was)) & mask).any(1),
            "discrete": ((np.abs(raw - values)[..., 4:6] > 0.5).any(2) & mask).any(1)
            | (np.abs(scale * own[:, 1]) > 0.5),
            "off_shell": ((np.abs(raw - values)[..., 3] > moving.PION / 4) & mask).any(1),
            "trackless": ((values[..., 4] == 0) & (raw != values)[..., 6] & mask).any(1),
        }
        for reason, most in _ranges(moving.jets(60, seed=5)).items():
            then, there = (_sums(v, mask)[reason] for v in (values, raw))
            low, high = (np.where(then < most[0], then, most[0]), np.maximum(then, most[1]))
            bad[reason] = (there < low) | (there > high)
        for reason, flags in bad.items():
            np.testing.assert_array_equal(found[f"unphysical_{reason}"][:, s], flags, reason)
        np.testing.assert_array_equal(found.unphysical[:, s], np.any(list(bad.values()), axis=0))
    assert not found.unphysical[:, 0].any()
    assert 0 < int(found.unphysical_negative[:, 2].sum()) < len(jets)
    assert found.unphysical.dtype == bool


def _sums(values: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Return the pt of jets, and the distance from their axis of their particles' mean."""
    pt = np.where(mask, values[..., 0].clip(0), 0)
    x, y = ((pt * values[..., i]).sum(1) / pt.sum(1).clip(1e-300) for i in (1, 2))
    momentum = (pt * np.exp(1j * values[..., 2])).sum(1)
    return {"jet_pt": np.abs(momentum), "axis": np.hypot(x, y)}


def _ranges(pool: jl.JetBatch) -> dict[str, tuple[float, float]]:
    """Return between which these are for reference jets; a mean may be on the axis."""
    some = pool["constituents"].mask.any(1)
    found = _sums(pool["constituents"].values[some], pool["constituents"].mask[some])
    jet_pt, axis = found["jet_pt"], found["axis"]
    return {"jet_pt": (jet_pt.min(), jet_pt.max()), "axis": (0.0, axis.max())}


def test_more_steps_take_the_gradient_anew() -> None:
    """The slow way: one gradient, one small raw step after the other."""
    tagger, jets = moving.tagger(), moving.jets()
    pool, scales = moving.jets(60, seed=5), [0.0, 0.5, 1.25, 2.0]
    found = nudge(jets, tagger, scales=scales, steps=4, constraints=OFF, pool=pool)
    width = {c: np.array([v[1] for v in tagger.scaling.table[c].values()]) for c in tagger.inputs}
    at, done = {c: jets[c].values.copy() for c in tagger.inputs}, 0.0
    for s, scale in enumerate(scales):
        while done < scale - 1e-12:
            part = min(scale, (np.floor(done / 0.5 + 1e-9) + 1) * 0.5) - done
            if done % 0.5 < 1e-9:
                now = jl.batch(
                    {
                        "jets": (at["jets"], moving.JETS),
                        "constituents": (at["constituents"], NAMES, jets["constituents"].mask),
                    }
                )
                slope = slow_gradient(tagger, now, found.target.values)
            for c in at:
                at[c] = at[c] + part * slope[c] * width[c]
            done += part
        mask = jets["constituents"].mask
        moved = found.constituents_moved.values[:, s]
        np.testing.assert_allclose(moved[mask], at["constituents"][mask], rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(found.jets_moved[:, s], at["jets"], rtol=1e-8)


def test_batching_padding_and_chunks_change_nothing() -> None:
    jets = moving.jets()
    whole = nudge(jets, steps=2, normalise="unit")
    halves = [
        nudge(jets.take(s), steps=2, normalise="unit") for s in (slice(0, 11), slice(11, None))
    ]
    joined = attribution.concatenate(halves)
    for name in whole.data_vars:
        if whole[name].dtype.kind == "f":
            np.testing.assert_allclose(whole[name], joined[name], rtol=1e-8, atol=1e-10)
        else:
            np.testing.assert_array_equal(whole[name], joined[name])


@pytest.mark.parametrize("angle", ["eta", "rapidity"])
def test_energies_follow_and_phi_is_free(angle: str) -> None:
    rng = np.random.default_rng(0)
    names = ("pt", angle, "phi", "mass", "energy")

    def energy_of(pt: np.ndarray, at: np.ndarray) -> np.ndarray:
        if angle == "eta":
            return np.sqrt((pt * np.cosh(at)) ** 2 + mass**2)
        return np.sqrt(pt**2 + mass**2) * np.cosh(at)

    pt, eta = rng.uniform(20, 200, (12, 4)), rng.uniform(-2, 2, (12, 4))
    phi, mass = rng.uniform(-3, 3, (12, 4)), rng.uniform(1, 30, (12, 4))
    values = np.stack([pt, eta, phi, mass, energy_of(pt, eta)], -1)
    jets = jl.batch({"objects": (values, names)})
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(20, 2)).double()
    tagger = jl.wrap(
        module, {"objects": names}, ("a", "b"), call=lambda m, inputs, masks: m(inputs["objects"])
    )
    found = jl.explain(tagger, jets, "nudge", scales=[0, 3])
    moved = {n: found.objects_moved.sel(objects_feature=n).values[:, 1] for n in names}
    np.testing.assert_array_equal(moved["mass"], mass)
    exact = energy_of(moved["pt"], moved[angle])
    np.testing.assert_allclose(moved["energy"], exact, rtol=1e-12)
    assert np.abs(moved["phi"] - phi).max() > 0.1
    free = jl.explain(tagger, jets, "nudge", scales=[3], constraints={"on_shell": False})
    assert np.abs(free.objects_moved.sel(objects_feature="mass")[:, 0] - mass).max() > 0.1


def test_images_move_and_their_pixels_stay_positive() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(50, 4), torch.nn.GELU(), torch.nn.Linear(4, 2)
    ).double()
    names = ["pt", "charge"]
    tagger = jl.wrap(module, {"image": names}, ("s", "b"), call=lambda m, i, _: m(i["image"]))
    rng = np.random.default_rng(0)
    image = rng.exponential(size=(6, 2, 5, 5)) * (rng.random((6, 2, 5, 5)) < 0.4)
    jets = jl.batch({"image": (image, names)})
    found = jl.explain(tagger, jets, "nudge", scales=[0, 0.1, 20])
    assert found.image_moved.dims == ("jet", "scale", "image_channel", "y", "x")
    np.testing.assert_array_equal(found.image_moved[:, 0], image)
    moved = found.image_moved.values[:, 2]
    assert moved[:, 0].min() >= 0
    assert moved[:, 1].min() < -0.1
    assert found.unphysical_negative[:, 2].all()
    logits = module(torch.as_tensor(moved)).detach().numpy()
    np.testing.assert_allclose(found.moved_output[:, 2], logits)


def test_pt_that_is_no_input_still_weighs() -> None:
    inputs = {"constituents": ("deta", "dphi")}
    torch.manual_seed(0)
    module = torch.nn.Linear(2, 2, bias=False).double()

    def call(m, inputs, masks):
        each = torch.tanh(9 * m(inputs["constituents"])) * masks["constituents"][..., None]
        return each.sum(1)

    tagger = jl.wrap(module, inputs, moving.CLASSES, call=call)
    found = jl.explain(tagger, moving.jets(), "nudge", scales=[0, 3])
    assert list(found.constituents_feature.values) == ["deta", "dphi"]
    pt = np.where(moving.jets()["constituents"].mask, moving.jets()["constituents"].column("pt"), 0)
    deta = column(found, "deta")
    mean = (pt[:, None] * deta).sum(2)
    np.testing.assert_allclose(mean[:, 1], mean[:, 0], atol=1e-9)
    assert np.abs(np.diff(deta, axis=1)).max() > 1e-3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scales": [-1, 0]}, r"scales=\[-1, 0\]: -1 among them; expected numbers from 0 upwards"),
        ({"scales": [0, 2, 1]}, "each above the one before"),
        ({"scales": [0, 1, 1]}, "each above the one before"),
        ({"scales": []}, r"scales=\[\]: expected numbers"),
        ({"scales": "far"}, "scales='far'"),
        ({"scales": 3}, "scales=3"),
        ({"scales": [0, float("nan")]}, "nan among them"),
        ({"normalise": "units"}, "did you mean 'unit'"),
        ({"steps": 0}, "steps=0"),
        ({"toward": "qark"}, "did you mean 'quark'"),
        ({"toward": "quark", "target": "gluon"}, "expected one of them to be left out"),
        ({"constraints": {"postive_pt": True}}, "did you mean 'positive_pt'"),
        ({"constraints": {"inside": -0.4}}, r"inside=-0\.4: expected a radius above 0"),
        ({"constraints": {"recentre": 1}}, "recentre=1: expected true or false"),
        ({"constraints": ["inside"]}, "expected a table"),
        ({"move": "wrongly"}, "did you mean 'wrong'"),
        ({"move": {"label": "qark"}}, "class in move.label 'qark': did you mean 'quark'"),
        ({"move": {"lable": "quark"}}, "key of move 'lable': did you mean 'label'"),
        ({"hold": "constituents.eta"}, "did you mean 'constituents.deta'"),
        ({"roles": {"angle": ["deta", "dphi"]}}, "role 'angle'.*did you mean 'angles'"),
        ({"roles": {"pt": "ptt"}}, "feature of the role 'pt' 'ptt'.*did you mean 'pt'"),
    ],
)
@pytest.mark.parametrize("method", ["nudge", "flip"])
def test_wrong_options(method: str, options: dict, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(moving.tagger(), moving.jets(3), method, **options)


@pytest.mark.parametrize("method", ["nudge", "flip"])
@pytest.mark.parametrize("constraints", [{}, OFF])
@pytest.mark.parametrize("scale", [1e6, 1e300])
def test_a_step_too_far_says_so(method: str, constraints: dict, scale: float) -> None:
    """In the logarithm, a step that is much too long overflows."""
    says = r"scale 1e\+\d+: jet \d of the batch .* \w+\.\w+ is no .* smaller scales"
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(
            moving.tagger(logarithm=True),
            moving.jets(),
            method,
            scales=[scale],
            constraints=constraints,
        )


@pytest.mark.parametrize("switched", [True, False])
def test_hits_stay_in_the_calorimeter_and_behind_light(switched: bool) -> None:
    """Positions are middles of cells, which are 10 wide: the block ends 5 beyond the outermost."""
    rng = np.random.default_rng(1)
    names = ("x", "y", "z", "energy", "time")
    hits = rng.uniform(0, 100, (6, 5, 5))
    hits[..., :3] = 10 * np.floor(hits[..., :3] / 10) + 5
    hits[0, :2, :3] = [[5.0], [95.0]]  # both ends are there
    jets = jl.batch({"hits": (hits, names, np.ones((6, 5), bool))})
    torch.manual_seed(0)
    tagger = jl.wrap(
        torch.nn.Linear(5, 2).double(),
        inputs={"hits": names},
        classes=("pion", "kaon"),
        call=lambda m, inputs, masks: m(inputs["hits"]).sum(1),
    )
    given = {"inside": switched, "causal": switched}
    for toward in ("pion", "kaon"):
        found = jl.explain(
            tagger, jets, "nudge", scales=[0, 1, 1e4], toward=toward, constraints=given
        )
        at = found.hits_moved.sel(hits_feature=["x", "y", "z"]).values[:, 2]
        assert ((at >= 0) & (at <= 100)).all() == switched
        assert not switched or (np.abs(at - 50) > 49.9).any()  # as far as the face, not the middle
        time = found.hits_moved.sel(hits_feature="time").values[:, 2]
        falls = (time <= hits[..., 4]).all()
        assert falls or (time > 1000).all() != switched
        latest, softest = hits[..., 4].max(), hits[..., 3].min()
        assert switched == (time <= latest * (1 + 1e-9)).all() or falls
        np.testing.assert_array_equal(found.unphysical_late[:, 2], [not falls] * 6)
        energy = found.hits_moved.sel(hits_feature="energy").values[:, 2]
        down = (energy <= hits[..., 3]).all()
        assert not down or (energy >= softest * (1 - 1e-9)).all() == switched
        np.testing.assert_array_equal(found.unphysical_below[:, 2], [bool(down)] * 6)
        if falls:  # to light's time: none of these is early, so that no resolution is known
            assert (time >= 0).all() == switched
            assert not switched or time.min() < hits[..., 4].min() / 2
        np.testing.assert_array_equal(found.unphysical_early[:, 2], [bool(falls)] * 6)
        # a step of less than half a cell, from the outermost one too, leaves nothing
        assert not found.unphysical_outside[:, :2].any()
        assert found.unphysical_outside[:, 2].all()


COMPONENTS = ("part_px", "part_py", "part_pz", "part_energy", "part_charge")


def momenta(n: int = 20, places: int = 6) -> jl.JetBatch:
    """Jets somewhere in the detector, of particles that are given by their components."""
    rng = np.random.default_rng(4)
    mask = rng.random((n, places)) < 0.7
    mask[0], mask[1] = False, True
    pt, m2 = rng.exponential(8.0, mask.shape) + 0.5, rng.choice([0.0, moving.PION], mask.shape)
    eta, phi = rng.uniform(-2, 2, (n, 1)), rng.uniform(-np.pi, np.pi, (n, 1))
    eta, phi = eta + rng.normal(0, 0.1, mask.shape), phi + rng.normal(0, 0.1, mask.shape)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt(px**2 + py**2 + pz**2 + m2)
    charge = rng.choice([-1.0, 0.0, 1.0], mask.shape)
    values = np.stack([px, py, pz, energy, charge], -1)
    return jl.batch({"constituents": (values, COMPONENTS, mask)})


def along_axes() -> jl.Tagger:
    torch.manual_seed(2)
    module = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.GELU(), torch.nn.Linear(16, 2))

    def call(m, inputs, masks):
        return (m(inputs["constituents"] / 5) * masks["constituents"][..., None]).sum(1)

    return jl.wrap(module.double(), {"constituents": COMPONENTS}, moving.CLASSES, call=call)


def of_jets(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return pt, the angles to the axis of `mask`'s jets, and m^2, particle by particle."""
    from scipy.spatial.transform import Rotation  # turns jets to phi = 0 otherwise than jetlens

    found = np.zeros((4, *mask.shape))
    for j, own in enumerate(mask):
        p = values[j, own, :3]
        if not len(p):
            continue
        axis = p.sum(0)
        turned = Rotation.from_euler("z", -np.arctan2(axis[1], axis[0])).apply(p)
        to = np.arctanh(axis[2] / np.linalg.norm(axis))
        pt = np.hypot(turned[:, 0], turned[:, 1])
        eta = np.arctanh(turned[:, 2] / np.linalg.norm(turned, axis=1))
        m2 = values[j, own, 3] ** 2 - (p**2).sum(1)
        found[:, j, own] = pt, eta - to, np.arctan2(turned[:, 1], turned[:, 0]), m2
    return tuple(found)


def polar(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return pt, eta and phi of particles; zero in padding."""
    px, py, pz = np.moveaxis(np.nan_to_num(values[..., :3]), -1, 0)
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.where(pt > 0, pt, 1)), np.arctan2(py, px)


@pytest.mark.parametrize("fixed_pt", [False, True])
def test_momenta_along_the_axes_are_those_of_jets(fixed_pt: bool) -> None:
    jets, tagger = momenta(), along_axes()
    mask = jets["constituents"].mask
    options = {"scales": [0, 1e-6, 10.0, 1000.0], "toward": "quark", "pool": jets}
    found = jl.explain(
        tagger, jets, "nudge", **options, constraints={"inside": 0.6, "fixed_pt": fixed_pt}
    )
    raw = jl.explain(tagger, jets, "nudge", **options, constraints=OFF)
    moved = found.constituents_moved.fillna(0).values
    pt, deta, dphi, m2 = of_jets(jets["constituents"].values, mask)
    was_pt, was_eta, was_phi = polar(jets["constituents"].values)
    np.testing.assert_allclose(was_pt[mask], pt[mask])
    for s in range(1, 4):
        # from the axis before: that of the summed momenta need not stay, the weighted mean does
        new_pt, eta, phi = polar(moved[:, s])
        deta_new = deta + (eta - was_eta) * mask
        dphi_new = dphi + ((phi - was_phi + np.pi) % (2 * np.pi) - np.pi) * mask
        assert (new_pt[mask] > 0).all()
        far = np.maximum(0.6, np.hypot(deta, dphi)) + 1e-9
        assert (np.hypot(deta_new, dphi_new) <= far)[mask].all()
        for before, after in ((deta, deta_new), (dphi, dphi_new)):
            some = mask.any(1)
            mean = ((pt * before).sum(1) / pt.sum(1).clip(1e-9))[some]
            np.testing.assert_allclose(
                ((new_pt * after).sum(1) / new_pt.sum(1).clip(1e-9))[some], mean, atol=1e-8
            )
        mass = moved[:, s, :, 3] ** 2 - (moved[:, s, :, :3] ** 2).sum(-1)
        np.testing.assert_allclose(mass[mask], m2[mask], atol=1e-8 * moved[..., 3].max() ** 2)
        if fixed_pt:
            total = [(p * np.exp(1j * a)).sum(1) for p, a in ((pt, dphi), (new_pt, dphi_new))]
            np.testing.assert_allclose(np.abs(total[1]), np.abs(total[0]), rtol=1e-9)
    np.testing.assert_array_equal(moved[..., 4], moved[:, :1, :, 4].repeat(4, 1))
    free = raw.constituents_moved.fillna(0).values
    assert (np.abs(free[:, 3] - moved[:, 3])[mask] > 0.1).any()
    for reason in ("negative", "outside", "off_shell"):
        assert not found[f"unphysical_{reason}"][:, 0].any()
        assert found[f"unphysical_{reason}"][:, 3].any(), reason


def test_a_momentum_along_the_beam_stays() -> None:
    """It has no direction that it could be seen in from the axis; pt of 0 times sinh(eta) is 0."""
    some = momenta()
    values, mask = some["constituents"].values.copy(), some["constituents"].mask
    values[1, 2, :4] = 0, 0, -7.0, 7.0
    jets = jl.batch({"constituents": (values, COMPONENTS, mask)})
    options = {"scales": [0, 10.0], "toward": "quark", "pool": jets}
    found = jl.explain(along_axes(), jets, "nudge", **options, constraints={"fixed_pt": True})
    moved = found.constituents_moved.values
    assert np.isfinite(moved[:, 1][mask]).all()
    np.testing.assert_array_equal(moved[1, 1, 2], values[1, 2])
    assert np.abs(moved[1, 1] - values[1])[[0, 1, 3]].max() > 0.1
    # the others are as if it had not been there to tell the radius
    reach = polar(moved[:, 1])[1], polar(values)[1]
    others = mask.copy()
    others[1] = False
    assert np.abs(reach[0] - reach[1])[others].max() < 2
    raw = jl.explain(along_axes(), jets, "nudge", **options, constraints=OFF)
    step = 10 * raw.constituents_score.values
    np.testing.assert_allclose(raw.constituents_moved.values[:, 1][mask], (values + step)[mask])
    assert abs(step[1, 2, 2]) > 1e-3


def test_constraints_that_find_nothing_are_told() -> None:
    def told(tagger: jl.Tagger, jets: jl.JetBatch, **options) -> dict:
        found = jl.explain(tagger, jets, "nudge", scales=[0, 1], pool=jets, **options)
        return json.loads(found.attrs["idle"])

    every = told(moving.tagger(), moving.jets())
    assert set(every) == {"causal"}
    assert "time of hits" in every["causal"]
    assert told(moving.tagger(), moving.jets(), constraints={"causal": False}) == {}
    assert set(told(along_axes(), momenta())) == {"causal"}
    names = ("deta", "dphi", "energy")
    rng = np.random.default_rng(0)
    for some, wanted in (
        (names, {"causal", "keep_discrete", "on_shell", "recentre"}),
        ((*names, "pt"), {"causal", "keep_discrete", "on_shell"}),
    ):
        values = rng.random((5, 3, len(some))) + 0.1
        jets = jl.batch({"constituents": (values, some, np.ones((5, 3), bool))})
        tagger = jl.wrap(
            torch.nn.Linear(len(some), 2),
            {"constituents": some},
            moving.CLASSES,
            call=lambda m, inputs, masks: m(inputs["constituents"]).sum(1),
        )
        found = told(tagger, jets)
        assert set(found) == wanted
        half = "energies of constituents follow pt and not the angles"
        assert found["on_shell"].startswith(half) == ("pt" in some)


@pytest.mark.parametrize(
    ("hold", "wanted"),
    [
        (["deta", "dphi"], {"inside", "recentre"}),
        (["deta"], set()),
        (["constituents.pt"], {"fixed_pt"}),
        (["pt"], {"fixed_pt", "positive_pt"}),
        (["charge", "is_photon", "multiplicity"], set()),  # of photons, the impact parameter
        (["charge", "is_photon", "multiplicity", "d0_significance"], {"keep_discrete"}),
        (["m2"], {"on_shell"}),
    ],
)
def test_constraints_on_what_is_held_are_told(hold: list[str], wanted: set[str]) -> None:
    found = nudge(hold=hold, constraints={"fixed_pt": True, "causal": False})
    told = json.loads(found.attrs["idle"])
    assert set(told) == wanted
    for why in told.values():
        assert why.startswith("held still: ")
        assert all(name.rpartition(".")[2] in why for name in hold)


def test_constraints_on_what_is_no_input_are_told() -> None:
    names = ("deta", "dphi")
    tagger = jl.wrap(
        torch.nn.Linear(2, 2).double(),
        {"constituents": names},
        moving.CLASSES,
        call=lambda m, inputs, masks: m(inputs["constituents"]).sum(1),
    )
    told = json.loads(nudge(tagger=tagger, constraints={"fixed_pt": True}).attrs["idle"])
    assert told["positive_pt"] == told["fixed_pt"] == "the tagger does not take pt"
    assert told["on_shell"] == "the tagger does not take m2"
    assert {"inside", "recentre"} & set(told) == set()


def test_steps_are_bent_in_features_that_move() -> None:
    """What is held does not count, whatever a raw step would make of it."""
    scales, constraints = [0.0, 0.3, 3.0, 30.0], {"inside": moving.RADIUS, "recentre": False}
    found = nudge(scales=scales, constraints=constraints)
    moving_ones = found.unphysical_negative | found.unphysical_outside
    np.testing.assert_array_equal(found.bent, moving_ones)
    assert (found.unphysical & ~found.bent).any()
    held = nudge(scales=scales, constraints=constraints, hold=["pt"])
    np.testing.assert_array_equal(held.bent, held.unphysical_outside)
    assert (held.unphysical_negative & ~held.bent).any()


@pytest.mark.parametrize(
    ("off", "left"),
    [
        (["inside"], ["negative"]),
        (["positive_pt"], ["outside"]),
        (["keep_discrete", "on_shell"], ["negative", "outside"]),
        (["inside", "positive_pt"], []),
    ],
)
def test_constraints_that_are_off_bend_nothing(off: list[str], left: list[str]) -> None:
    on = {"inside": moving.RADIUS, "recentre": False} | dict.fromkeys(off, False)
    found = nudge(scales=[0.0, 3.0, 30.0], constraints=on)
    bent = np.zeros(found.bent.shape, bool)
    for reason in left:
        bent |= found[f"unphysical_{reason}"].values
    np.testing.assert_array_equal(found.bent, bent)
    assert (found.unphysical & ~found.bent).any()


def leaning(values: np.ndarray, names: tuple[str, ...], home: str) -> tuple[jl.Tagger, jl.JetBatch]:
    """Return one jet, and a tagger of pt times deta, summed over the particles."""
    module = torch.nn.Linear(1, 2, bias=False).double()
    with torch.no_grad():
        module.weight[:] = torch.tensor([[0.0], [1.0]])

    def call(m, inputs, masks):
        product = inputs[home][..., 0] * inputs[home][..., 1]
        return m(product.reshape(len(product), -1).sum(1, keepdim=True))

    jets = jl.batch({home: (values, names)})
    return jl.wrap(module, {home: names}, moving.CLASSES, call=call), jets


@pytest.mark.parametrize("recentre", [True, False])
def test_steps_are_bent_as_they_are_re_centred(recentre: bool) -> None:
    """The hard particle goes up by 0.1, so that all are shifted down; one is near the rim."""
    values = np.array([[[100.0, 0.0, 0.0], [1.0, -0.35, 0.0]]])
    tagger, jets = leaning(values, ("pt", "deta", "dphi"), "constituents")
    options = {"scales": [0, 1e-3], "toward": "quark", "hold": "pt", "pool": jets}
    constraints = {"inside": 0.4, "recentre": recentre}
    found = jl.explain(tagger, jets, "nudge", **options, constraints=constraints)
    assert not found.unphysical_outside.any()
    assert found.unphysical_axis.values.tolist() == [[False, True]]  # which no limit bends
    np.testing.assert_array_equal(found.bent, [[False, recentre]])
    free = constraints | {"inside": False}
    assert not jl.explain(tagger, jets, "nudge", **options, constraints=free).bent.any()
    del options["pool"]  # without reference jets there is no range of axes
    assert "unphysical_axis" not in jl.explain(tagger, jets, "nudge", **options)


def test_of_a_jets_own_variables_only_momenta_are_bent() -> None:
    values = np.array([[2.0, 0.1, 0.0], [2.0, 5.0, 0.0]])  # pt rises by deta, deta by pt
    tagger, jets = leaning(values, ("pt", "deta", "dphi"), "jets")
    options = {"scales": [0, 1.0], "constraints": {"inside": 0.4}}
    up = jl.explain(tagger, jets, "nudge", toward="quark", **options)
    assert up.unphysical_outside.values.tolist() == [[False, True]] * 2
    assert not up.bent.any()
    down = jl.explain(tagger, jets, "nudge", toward="gluon", **options)
    assert not down.bent.any()  # of these logits, that of gluons does not change
    lower = jl.explain(tagger, jets, "nudge", toward="log(gluon/quark)", **options)
    np.testing.assert_array_equal(lower.bent, lower.unphysical_negative)
    assert lower.bent.any()


@pytest.mark.parametrize("names", [["deta"], ["dphi"], ["deta", "dphi"], ["pt"]])
def test_what_is_held_is_not_moved_by_constraints_either(names: list[str]) -> None:
    """Of moved pt follow other axes, and of moved angles another pt of the jet."""
    found = nudge(
        hold=names, constraints={"inside": moving.RADIUS, "fixed_pt": True}, scales=[0, 1, 10]
    )
    for name in NAMES[:3]:
        moved = column(found, name)
        if name in names:
            np.testing.assert_array_equal(moved[:, 1:], np.repeat(moved[:, :1], 2, axis=1))
        else:
            assert np.abs(moved[:, 1] - moved[:, 0]).max() > 1e-4
    pt = column(found, "pt")
    for name in {"deta", "dphi"} - {*names}:  # the other one is where it was
        mean = (pt * column(found, name)).sum(2)[1:] / pt.sum(2)[1:]
        np.testing.assert_allclose(mean, np.repeat(mean[:, :1], 3, axis=1), atol=1e-8)


def test_momenta_that_are_held_are_not_moved_by_constraints() -> None:
    jets = momenta()
    options = {"scales": [0, 10.0], "toward": "quark", "pool": jets}
    for hold in (["part_px"], ["part_energy"], list(COMPONENTS[:3])):
        found = jl.explain(along_axes(), jets, "nudge", hold=hold, **options)
        held = found.constituents_moved.sel(constituents_feature=hold).values
        np.testing.assert_array_equal(held[:, 1], held[:, 0])
        free = [n for n in COMPONENTS[:3] if n not in hold]
        moved = found.constituents_moved.sel(constituents_feature=free).fillna(0).values
        assert not free or np.abs(moved[:, 1] - moved[:, 0]).max() > 1e-3


@pytest.mark.parametrize("method", ["nudge", "flip"])
def test_jets_that_are_one_momentum_along_the_axes_are_moved(method: str) -> None:
    """A jet's own momentum is of no jet: there is no axis that it could be seen from."""
    names = ("px", "py", "pz")
    jets = jl.batch({"jets": (np.random.default_rng(0).normal(0, 20, (12, 3)), names)})
    linear = torch.nn.Linear(3, 2).double()
    call = lambda m, inputs, masks: m(inputs["jets"])  # noqa: E731
    tagger = jl.wrap(linear, {"jets": names}, moving.CLASSES, call=call)
    declared = [{}, {"components": list(names)}]
    for roles in declared:
        found = jl.explain(tagger, jets, method, scales=[0, 1e3], toward="quark", roles=roles)
        assert np.isfinite(found.jets_score.values).all()
        assert "components" not in json.loads(found.attrs["roles"])["jets"]


RENAMED = {"pt": "momentum", "deta": "u", "dphi": "v", "charge": "kind"}


def renamed(tagger: jl.Tagger, jets: jl.JetBatch) -> tuple[jl.Tagger, jl.JetBatch]:
    """Return the same under other names."""
    names = [RENAMED.get(n, n) for n in NAMES]
    own = jets["constituents"]
    other = jl.batch(
        {
            "jets": (jets["jets"].values, jets["jets"].features),
            "constituents": (own.values, names, own.mask),
        },
        label=jets.label,
        classes=jets.classes,
    )
    inputs = {"jets": tagger.inputs["jets"], "constituents": names}
    table = {k: dict(v) for k, v in tagger.scaling.table.items()}
    table["constituents"] = {RENAMED.get(n, n): v for n, v in table["constituents"].items()}
    scaling = replace(tagger.scaling, table=table)
    return jl.wrap(tagger, inputs, tagger.classes, scaling=scaling), other


def test_roles_can_be_declared_where_names_do_not_tell() -> None:
    tagger, jets = moving.tagger(), moving.jets()
    constraints = {"inside": moving.RADIUS, "recentre": True}
    known = nudge(jets, tagger, constraints=constraints)
    assert json.loads(known.attrs["roles"])["constituents"]["angles"] == ["deta", "dphi"]
    other, same = renamed(tagger, jets)
    with pytest.raises(UnsupportedError, match=r"constraint inside: no feature.*roles = \{ angles"):
        nudge(same, other, constraints=constraints, pool=same)
    declared = {"pt": "momentum", "angles": ["u", "v"], "discrete": ["kind", "is_photon"]}
    found = nudge(same, other, constraints=constraints, roles=declared, pool=same)
    again = nudge(jets, tagger, constraints=constraints, pool=jets)
    np.testing.assert_allclose(found.constituents_moved.values, again.constituents_moved.values)
    wrongly = nudge(jets, tagger, roles={"pt": "", "angles": []}, pool=jets)
    assert not np.allclose(wrongly.constituents_moved, again.constituents_moved, equal_nan=True)
    assert "pt" not in json.loads(wrongly.attrs["roles"])["constituents"]


def test_a_role_of_features_of_several_collections_is_refused() -> None:
    says = r"role angles=\['deta', 'multiplicity'\]: .* one collection, .* multiplicity of jets"
    with pytest.raises(jl.JetlensError, match=says):
        nudge(roles={"angles": ["deta", "multiplicity"]})
