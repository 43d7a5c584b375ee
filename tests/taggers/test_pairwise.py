"""What particles are to each other: against four-vectors, at its limits, and in the network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from jetlens.core.arrays import batch
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit
from jetlens.taggers import pairwise
from jetlens.taggers.pairwise import KINDS, PairBias, Physical, hits, kind_of, momenta

MOMENTA, HITS = KINDS
NAMES = ("charge", "m2", "dphi", "pt", "deta")


def split(values: Tensor) -> tuple[Tensor, Tensor]:
    return values[:, 0], values[:, 1]


def particles(jets: int = 40, places: int = 6, seed: int = 2) -> dict[str, np.ndarray]:
    """Momenta over six orders of magnitude, with some masses."""
    rng = np.random.default_rng(seed)
    shape = (jets, places)
    return {
        "pt": 10 ** rng.uniform(-3, 3, shape),
        "deta": rng.normal(0, 0.3, shape),
        "dphi": rng.normal(0, 0.3, shape),
        "m2": np.square(rng.choice([0.0, 0.000511, 0.1396, 0.9383], shape)),
        "charge": rng.choice([-1.0, 0.0, 1.0], shape),
    }


def four_vector(p: dict[str, np.ndarray], i: int) -> np.ndarray:
    pt, y, phi, m2 = (p[k][:, i].astype(np.longdouble) for k in ("pt", "deta", "dphi", "m2"))
    mt = np.sqrt(pt**2 + m2)
    return np.stack([mt * np.cosh(y), pt * np.cos(phi), pt * np.sin(phi), mt * np.sinh(y)])


@pytest.mark.parametrize("massive", [True, False])
def test_momenta_are_those_of_four_vectors(monkeypatch, massive: bool) -> None:
    monkeypatch.setattr(pairwise, "NEAR", 0.0)
    monkeypatch.setattr(pairwise, "LIGHT", 0.0)
    p = particles(places=2)
    if not massive:
        p["m2"] = np.zeros_like(p["m2"])
    values = {k: torch.as_tensor(p[k]) for k in ("deta", "dphi", *["m2"] * massive)}
    found = momenta({"pt": torch.as_tensor(p["pt"]).log(), **values}, split).numpy()
    near = np.hypot(np.diff(p["deta"])[:, 0], np.diff(p["dphi"])[:, 0])
    softer = p["pt"].min(1)
    energy, *momentum = four_vector(p, 0) + four_vector(p, 1)
    m2 = energy**2 - sum(k**2 for k in momentum)
    want = [softer * near, softer / p["pt"].sum(1), near, m2]
    np.testing.assert_allclose(found, np.log(np.stack(want, -1).astype(float)), atol=1e-7)


def test_hits_have_a_distance_and_shares(monkeypatch) -> None:
    monkeypatch.setattr(pairwise, "NEAR_HITS", 0.0)
    rng = np.random.default_rng(1)
    place, energy = rng.normal(0, 50, (3, 30, 2)), rng.exponential(size=(30, 2))
    values = {k: torch.as_tensor(v) for k, v in zip("xyz", place, strict=True)}
    found = hits({**values, "energy": torch.as_tensor(energy).log()}, split).numpy()
    softer = energy.min(1)
    distance = np.linalg.norm(place[..., 0] - place[..., 1], axis=0)
    want = np.log(np.stack([distance, softer, softer / energy.sum(1)], -1))
    np.testing.assert_allclose(found, want, atol=1e-12)


@pytest.mark.parametrize("of", ["deta", "dphi"])
def test_nearness_ends_gradually(of: str) -> None:
    """At no distance the gradient is zero, and it is nowhere above what is promised."""
    other = "dphi" if of == "deta" else "deta"
    apart = (torch.arange(-1000.0, 1001.0).double() / 5e4).requires_grad_()
    zeros = torch.zeros(2001, 2, dtype=torch.float64)
    values = {"pt": zeros, other: zeros, of: torch.stack([apart, zeros[:, 0]], 1)}
    found = momenta(values, split)
    (slope,) = torch.autograd.grad(found[:, 2].sum(), apart, retain_graph=True)
    assert float(slope.abs().max()) == pytest.approx(1 / (2 * pairwise.NEAR), rel=1e-3)
    assert slope[1000] == 0
    (slope,) = torch.autograd.grad(found.sum(), apart)
    assert torch.isfinite(slope).all()
    assert torch.isfinite(found).all()


def physical(kind: str, floors: dict | None = None) -> tuple[Scaling, Tensor, dict]:
    p = particles()
    jets = batch({"c": (np.stack([p[k] for k in NAMES], -1), NAMES, np.ones((40, 6), bool))})
    scaling = fit([jets], {"c": NAMES}, kind, {"c": floors} if floors else None)
    return scaling, torch.as_tensor(scaling.apply(jets["c"], "c", NAMES)), p


@pytest.mark.parametrize(
    "floors", [None, {"pt": 1e-4}, {"pt": 1e-4, "m2": 1e-12}, {"m2": 1e-12}], ids=str
)
def test_physical_values_come_back(floors: dict | None) -> None:
    scaling, x, p = physical("standard", floors)
    made = Physical(MOMENTA, "c", NAMES, scaling).double()
    values = {k: v.numpy() for k, v in made(x).items()}
    assert values.keys() == {"pt", "deta", "dphi", "m2"}
    for name in ("deta", "dphi"):
        np.testing.assert_allclose(values[name], p[name], rtol=1e-5, atol=1e-6)
    mean, spread = scaling.table["c"]["pt"]
    unit = np.exp(mean) if floors and "pt" in floors else np.hypot(mean, spread)
    np.testing.assert_allclose(np.exp(values["pt"]), p["pt"] / unit, rtol=1e-5, atol=2e-7)
    m2 = np.maximum(p["m2"], 1e-12) if floors and "m2" in floors else p["m2"]
    np.testing.assert_allclose(values["m2"] * unit**2, m2, rtol=1e-4, atol=1e-6)
    massless = Physical(MOMENTA, "c", ("pt", "deta", "dphi"), Scaling())
    plain = massless(torch.tensor([[[2.0, 0.1, -0.3]]]))
    assert [round(float(v), 6) for v in plain.values()] == [round(float(np.log(2)), 6), 0.1, -0.3]


def test_values_beyond_limits_are_those_of_the_limits() -> None:
    scaling, x, p = physical("unit", {"pt": 1e-4})
    values = Physical(MOMENTA, "c", NAMES, scaling).double()(x)
    low, high = scaling.limits["c"]["deta"]
    assert low > p["deta"].min() or high < p["deta"].max()
    np.testing.assert_allclose(values["deta"], p["deta"].clip(low, high), atol=1e-6)


def test_units_do_not_matter() -> None:
    """What is computed of momenta in MeV is what is computed of them in GeV."""
    found = []
    for factor in (1.0, 1e3):
        p = particles()
        p["pt"], p["m2"] = p["pt"] * factor, p["m2"] * factor**2
        jets = batch({"c": (np.stack([p[k] for k in NAMES], -1), NAMES, np.ones((40, 6), bool))})
        scaling = fit([jets], {"c": NAMES}, floors={"c": {"pt": 1e-4 * factor}})
        x = torch.as_tensor(scaling.apply(jets["c"], "c", NAMES))
        values = Physical(MOMENTA, "c", NAMES, scaling).double()(x)
        found.append(momenta(values, lambda v: (v[:, 0], v[:, 1])))
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-5)


def bias(kind: str = "standard", **floors: float) -> tuple[PairBias, Tensor, Tensor]:
    """A bias of three heads, and jets: one empty, one of a single particle, one full."""
    scaling, x, _ = physical(kind, floors)
    torch.manual_seed(3)
    made = PairBias(MOMENTA, "c", NAMES, scaling, (5,), 3, "gelu").double()
    mask = torch.rand(x.shape[:2]) < 0.7
    mask[0], mask[1], mask[2] = False, torch.arange(6) == 4, True
    return made, x * mask[..., None], mask


def test_each_pair_of_real_particles_is_embedded_once_for_both() -> None:
    made, x, mask = bias(pt=1e-4)
    seen: list[Tensor] = []
    made.embed.register_forward_hook(lambda m, given, out: seen.append(given[0]))
    found = made(x, mask).detach()
    number = mask.sum(1)
    assert [len(s) for s in seen] == [int((number * (number - 1) // 2).sum())]
    values = made.physical(x)
    want = torch.zeros_like(found)
    for jet in range(len(x)):
        for a, b in itertools.permutations(mask[jet].nonzero()[:, 0].tolist(), 2):
            own = {k: v[jet] for k, v in values.items()}
            pair = momenta(own, lambda v, a=a, b=b: (v[a : a + 1], v[b : b + 1]))
            want[jet, :, a, b] = made.embed(pair)[0].detach()
    torch.testing.assert_close(found, want, rtol=1e-9, atol=1e-12)
    assert (found[2, :, 0, 1] != 0).all()
    none = made(x[:2], mask[:2])
    assert none.shape == (2, 3, 6, 6)
    assert not none.any()


def test_turned_about_the_beam_or_boosted_along_it_pairs_are_the_same() -> None:
    made, x, mask = bias()
    _, spread = physical("standard")[0].table["c"]["deta"]
    moved = x.clone()
    for name, by in (("deta", 0.4), ("dphi", -0.3)):
        moved[..., NAMES.index(name)] += by / spread
    torch.testing.assert_close(made(moved, mask), made(x, mask), rtol=1e-6, atol=1e-8)
    moved[:, 0, NAMES.index("deta")] += 1
    assert not torch.allclose(made(moved, mask)[2], made(x, mask)[2], atol=1e-3)


@pytest.mark.parametrize("floors", [{}, {"pt": 1e-4, "m2": 1e-12}], ids=str)
def test_gradients_are_those_of_differences_and_finite_where_particles_are_equal(
    floors: dict,
) -> None:
    made, x, mask = bias(**floors)
    few = x[2:4].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: made(v, mask[2:4]), few, atol=1e-4, rtol=1e-3)
    for same in (x[:, :1].expand_as(x), torch.zeros_like(x)):
        same = same.clone().requires_grad_()
        (slope,) = torch.autograd.grad(made(same, mask).square().sum(), same)
        assert torch.isfinite(slope).all()
        assert (slope[~mask] == 0).all()
        assert slope[mask].any()


@pytest.mark.parametrize("floors", [{}, {"pt": 1e-4, "m2": 1e-12}], ids=str)
@pytest.mark.parametrize("size", [1e2, 1e4, 1e6])
def test_absurd_inputs_give_numbers(floors: dict, size: float) -> None:
    made, x, mask = bias(**floors)
    made, x = made.float(), (size * torch.randn(x.shape, generator=_seeded())).requires_grad_()
    found = made(x, mask)
    (slope,) = torch.autograd.grad(found.square().sum(), x)
    assert torch.isfinite(found).all()
    assert torch.isfinite(slope).all()


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_angles_stay_exact_in_half_precision() -> None:
    made, x, mask = bias(pt=1e-4)
    made, x = made.float(), x.float()
    exact = made.physical(x)
    with torch.autocast("cpu", torch.bfloat16):
        half = made.physical(x)
        numbers = made(x, mask)
    assert all(torch.equal(half[k], v) for k, v in exact.items())
    assert numbers.dtype == torch.bfloat16
    torch.testing.assert_close(numbers.float(), made(x, mask), rtol=0.05, atol=0.05)


def test_what_pairs_there_are_is_told_by_the_features() -> None:
    assert kind_of(("charge", "dphi", "deta", "pt")) is MOMENTA
    assert kind_of(("x", "y", "z", "time", "energy")) is HITS
    assert kind_of(("pt", "deta", "phi")) is None
