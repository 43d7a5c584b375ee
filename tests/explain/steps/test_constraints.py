"""All constraints together, in every combination of switches, on jets and steps of any kind."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetlens.core.errors import BadValueError
from jetlens.explain.steps.constraints import Constraints, constraints
from jetlens.physics.constraints import centre, jet_pt
from jetlens.physics.roles import roles

NAMES = ("pt", "deta", "dphi", "eta", "energy", "m2", "charge", "is_photon", "d0_significance")
ROLES = roles(NAMES)
ALONG = roles(("px", "py", "pz", "energy"))
HITS = roles(("x", "y", "z", "energy", "time"))
RADIUS, PION = 0.4, 0.13957**2
SWITCHES = ("positive_pt", "inside", "keep_discrete", "on_shell", "recentre", "fixed_pt")
COMBINATIONS = [dict(zip(SWITCHES, on, strict=True)) for on in product([False, True], repeat=6)]
Columns = dict[str, np.ndarray]


def numbers(low: float, high: float, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, shape, elements=st.floats(low, high, allow_subnormal=False))


@st.composite
def jets(draw: st.DrawFn) -> tuple[Columns, Columns, np.ndarray]:
    """Jets of up to five particles of any charge, where a raw step leads to, and which are real."""
    shape = draw(st.tuples(st.integers(1, 2), st.integers(1, 5)))
    charge = draw(hnp.arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0.0, 1.0])))
    m2 = np.where(charge == 0, 0.0, PION)
    pt, deta = draw(numbers(1e-2, 500, shape)), draw(numbers(-0.28, 0.28, shape))
    eta = deta + draw(st.floats(-1.5, 1.5))
    before = {
        "pt": pt,
        "deta": deta,
        "dphi": draw(numbers(-0.28, 0.28, shape)),
        "eta": eta,
        "energy": np.sqrt((pt * np.cosh(eta)) ** 2 + m2),
        "m2": m2,
        "charge": charge,
        "is_photon": (charge == 0).astype(float),
        "d0_significance": np.where(charge == 0, 0.0, draw(numbers(-3, 3, shape))),
    }
    far = {"pt": 1e3, "energy": 1e3, "deta": 3.0, "dphi": 3.0, "eta": 3.0}
    size = draw(st.sampled_from([1e-3, 0.1, 1.0]))
    raw = {n: v + size * draw(numbers(-1, 1, shape)) * far.get(n, 2.0) for n, v in before.items()}
    for name in ("m2", "charge", "is_photon"):  # as an explainer holds them
        raw[name] = before[name]
    return before, raw, draw(hnp.arrays(np.bool_, shape))


def sums(columns: Columns, real: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the jets' pt, and the means of both angles."""
    pt = np.maximum(columns["pt"], 0) * real
    mean = (centre(pt, columns[n]) for n in ("deta", "dphi"))
    return jet_pt(pt, columns["dphi"]), *mean


@pytest.mark.parametrize("on", COMBINATIONS, ids=lambda on: "-".join(k for k in on if on[k]))
@settings(max_examples=10, deadline=None)
@given(jets())
def test_what_is_on_holds_of_all_together(
    on: dict[str, bool], jet: tuple[Columns, Columns, np.ndarray]
) -> None:
    before, raw, real = jet
    kept = {n: v.copy() for n, v in (before | {f"raw {n}": v for n, v in raw.items()}).items()}
    held = Constraints(**on)
    options = (real.astype(float), ROLES, RADIUS)
    found = held.apply(before, raw, *options)
    for name, value in kept.items():  # what was given is left as it was
        source = raw[name[4:]] if name.startswith("raw ") else before[name]
        np.testing.assert_array_equal(source, value)
    assert set(found) == set(NAMES)
    for name, value in found.items():
        assert np.isfinite(value).all(), name
    if on["positive_pt"]:
        assert (found["pt"] > 0).all()
        assert (found["energy"] > 0).all()
    if on["inside"]:
        far = np.hypot(found["deta"], found["dphi"])
        was = np.hypot(before["deta"], before["dphi"])
        assert (far <= np.maximum(RADIUS, was) * (1 + 1e-9))[real].all()
    for name in ("m2", "charge", "is_photon"):
        np.testing.assert_array_equal(found[name], before[name])
    photon = before["charge"] == 0
    if on["keep_discrete"]:
        assert (found["d0_significance"][photon] == 0).all()
    else:
        np.testing.assert_array_equal(found["d0_significance"], raw["d0_significance"])
    some = (found["pt"].clip(0) * real).sum(1) > 0
    (was_pt, *was_mean), (now_pt, *now_mean) = sums(before, real), sums(found, real)
    if on["recentre"]:
        for then, now in zip(was_mean, now_mean, strict=True):
            np.testing.assert_allclose(now[some], then[some], atol=1e-8)
    if on["fixed_pt"]:
        np.testing.assert_allclose(now_pt[some], was_pt[some], rtol=1e-9)
    if on["on_shell"]:
        momentum = found["pt"] * np.cosh(found["eta"])
        mass = found["energy"] ** 2 - momentum**2
        lost = 1e-9 * (momentum**2 + before["energy"] ** 2)  # what rounding leaves
        assert (np.abs(mass - before["m2"]) <= lost + 1e-12).all()
    if not any(on.values()):
        for name in NAMES:
            np.testing.assert_array_equal(found[name], raw[name])


@pytest.mark.parametrize("on", COMBINATIONS, ids=lambda on: "-".join(k for k in on if on[k]))
@settings(max_examples=10, deadline=None)
@given(jets())
def test_what_keeps_all_constraints_is_left_alone(
    on: dict[str, bool], jet: tuple[Columns, Columns, np.ndarray]
) -> None:
    before, raw, real = jet
    options = (real.astype(float), ROLES, RADIUS)
    found = Constraints(**on).apply(before, raw, *options)
    again = Constraints(**on).apply(found, found, *options)
    for name in NAMES:
        if name == "energy" and not on["positive_pt"]:
            continue  # what has turned negative is no energy that could follow
        np.testing.assert_allclose(again[name][real], found[name][real], rtol=1e-6, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(jets())
def test_padding_changes_nothing(jet: tuple[Columns, Columns, np.ndarray]) -> None:
    """Particles go where they go, whatever stands in the places of those that are not there."""
    before, raw, real = jet
    held = Constraints(fixed_pt=True)
    found = held.apply(before, raw, real.astype(float), ROLES, RADIUS)
    other = [{n: np.where(real, v, 7.0 + i) for n, v in c.items()} for i, c in enumerate(jet[:2])]
    again = held.apply(*other, real.astype(float), ROLES, RADIUS)
    for name in NAMES:
        np.testing.assert_allclose(again[name][real], found[name][real], rtol=1e-7, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(jets(), st.booleans(), st.booleans())
def test_of_momenta_by_their_components_the_same_holds(
    jet: tuple[Columns, Columns, np.ndarray], fixed_pt: bool, recentre: bool
) -> None:
    seen, to, real = jet
    before, raw = (_along(v) for v in (seen, to))
    held = Constraints(fixed_pt=fixed_pt, recentre=recentre)
    found = held.apply(before, raw, real.astype(float), ALONG, 10.0)
    assert all(np.isfinite(v[real]).all() for v in found.values())
    pt = [np.hypot(v["px"], v["py"]) * real for v in (before, found)]
    assert (pt[1] > 0)[real].all()
    mass = [v["energy"] ** 2 - sum(v[n] ** 2 for n in ("px", "py", "pz")) for v in (before, found)]
    size = (before["energy"] ** 2 + found["energy"] ** 2)[real]
    assert (np.abs(mass[1] - mass[0])[real] <= 1e-9 * size + 1e-12).all()
    if fixed_pt:
        total = [np.hypot(*((v[n] * real).sum(1) for n in ("px", "py"))) for v in (before, found)]
        np.testing.assert_allclose(total[1], total[0], rtol=1e-7)


def _along(seen: Columns) -> Columns:
    """Return components of momenta; what has no pt left has little."""
    pt = np.abs(seen["pt"]) + 1e-2
    px, py = pt * np.cos(seen["dphi"]), pt * np.sin(seen["dphi"])
    pz = pt * np.sinh(seen["eta"])
    energy = np.sqrt(px**2 + py**2 + pz**2 + seen["m2"])
    return {"px": px, "py": py, "pz": pz, "energy": energy}


@st.composite
def hits(draw: st.DrawFn) -> tuple[Columns, Columns, Columns]:
    """Hits in cells of 10, where raw steps lead to, and the middles of cells."""
    shape = (2, 4)
    middles = np.arange(-40.0, 41.0, 10.0)
    cell = hnp.arrays(np.int64, shape, elements=st.integers(0, len(middles) - 1))
    before = {n: middles[draw(cell)] for n in ("x", "y", "z")}
    before |= {"energy": draw(numbers(0.005, 2, shape)), "time": draw(numbers(-0.1, 9, shape))}
    far = {"energy": 3.0, "time": 30.0}
    raw = {n: v + far.get(n, 200.0) * draw(numbers(-1, 1, shape)) for n, v in before.items()}
    return before, raw, dict.fromkeys(("x", "y", "z"), middles)


ENDS = dict.fromkeys(("x", "y", "z"), (-45.0, 45.0)) | {
    "energy": (0.005, np.inf),
    "time": (-0.15, 10.0),
}


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("on", list(product([False, True], repeat=3)))
@settings(max_examples=20, deadline=None)
@given(hits())
def test_hits_stay_measured(
    on: tuple[bool, ...], logarithm: bool, hit: tuple[Columns, Columns, Columns]
) -> None:
    before, raw, cells = hit
    inside, causal, grid = on
    held = Constraints(inside=inside, causal=causal, grid=grid)
    if logarithm:
        raw["energy"] = before["energy"] * np.exp(raw["energy"] - before["energy"])
    logarithmic = {"energy"} if logarithm else {}
    options: tuple[Any, ...] = (np.ones((2, 4)), HITS, None, logarithmic, ENDS, (), cells)
    found = held.apply(before, raw, *options)
    assert all(np.isfinite(v).all() for v in found.values())
    low, high = found["time"] >= -0.15 - 1e-9, found["time"] <= 10 + 1e-9
    assert low.all() or not causal
    assert high.all() or not inside
    assert (found["energy"] > 0).all()
    if inside:
        assert (found["energy"] >= 0.005 * (1 - 1e-9)).all()
    for name, middles in cells.items():
        assert (np.abs(found[name]) <= 45 + 1e-9).all() or not inside
        if grid:
            assert np.isin(found[name], middles).all()
        elif not inside:
            np.testing.assert_array_equal(found[name], raw[name])
    again = held.apply(found, found, *options)
    for name, value in found.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-9, atol=1e-9)


def test_one_radius_is_what_is_inside_and_what_counts() -> None:
    assert constraints({"inside": 0.4}) == constraints({"radius": 0.4})
    assert constraints({"inside": 0.4}).radius == constraints({"radius": 0.4}).inside == 0.4
    off = constraints({"inside": False, "radius": 0.4})
    assert (off.inside, off.radius) == (False, 0.4)
    assert constraints({"inside": 0.4}).unlimited.radius == 0.4
    assert constraints({}).radius is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"radius": -0.4}, r"radius=-0\.4: expected a radius above 0$"),
        ({"radius": True}, "radius=True: expected a radius above 0$"),
        ({"radius": float("nan")}, "radius=nan: expected a radius above 0$"),
        ({"inside": "yes"}, "inside='yes': expected a radius above 0, true or false"),
        ({"grid": 20.0}, r"grid=20\.0: expected true or false"),
        ({"inside": 0.4, "radius": 0.8}, r"inside=0\.4 and radius=0\.8: expected one radius"),
    ],
)
def test_what_is_no_switch_and_no_radius(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        constraints(given)
