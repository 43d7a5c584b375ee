from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetlens.physics import constraints
from reference.gradient import slow_inside, slow_positive

RADIUS = 0.4


def numbers(low: float, high: float, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, shape, elements=st.floats(low, high, allow_subnormal=False))


@st.composite
def jets(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Jets of up to six particles inside of their radius, and steps of any size."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 6)))
    return {
        "pt": draw(numbers(1e-3, 1e3, shape)),
        "x": draw(numbers(-0.28, 0.28, shape)),
        "y": draw(numbers(-0.28, 0.28, shape)),
        "step_pt": draw(numbers(-1e4, 1e4, shape)),
        "step_x": draw(numbers(-3, 3, shape)),
        "step_y": draw(numbers(-3, 3, shape)),
        "real": draw(hnp.arrays(np.bool_, shape)),
    }


@settings(deadline=None)
@given(numbers(1e-6, 1e6, (20,)), numbers(-1e6, 1e6, (20,)))
def test_what_is_positive_stays_so(value: np.ndarray, step: np.ndarray) -> None:
    moved = constraints.positive(value, step)
    assert (moved > 0).all()
    up = step >= 0
    np.testing.assert_array_equal(moved[up], (value + step)[up])
    assert (moved[~up] <= value[~up]).all()
    np.testing.assert_allclose(
        moved, [slow_positive(v, s) for v, s in zip(value, step, strict=True)], rtol=1e-12
    )


@settings(deadline=None)
@given(numbers(1e-3, 1e3, (20,)), numbers(-1e-3, 1e-3, (20,)))
def test_small_steps_are_as_they_were_asked_for(value: np.ndarray, relative: np.ndarray) -> None:
    moved = constraints.positive(value, value * relative)
    assert (np.abs(moved / value - 1 - relative) <= relative**2 + 1e-15).all()


def test_a_step_down_divides_by_what_the_same_step_up_multiplies_by() -> None:
    value, step = np.array([2.0, 5.0]), np.array([1.0, 40.0])
    product = constraints.positive(value, step) * constraints.positive(value, -step)
    np.testing.assert_allclose(product, value**2)


def test_a_zero_does_not_fall_and_a_negative_number_moves_freely() -> None:
    moved = constraints.positive(np.array([0.0, 0.0, -1.0]), np.array([-1.0, 2.0, -3.0]))
    np.testing.assert_array_equal(moved, [0.0, 2.0, -4.0])


@settings(max_examples=40, deadline=None)
@given(jets())
def test_particles_stay_inside_and_go_where_they_head(jet: dict[str, np.ndarray]) -> None:
    x, y = jet["x"], jet["y"]
    moved = constraints.inside(x, y, jet["step_x"], jet["step_y"], RADIUS)
    assert (np.hypot(*moved) <= np.maximum(RADIUS, np.hypot(x, y)) * (1 + 1e-9)).all()
    way, step = np.hypot(moved[0] - x, moved[1] - y), np.hypot(jet["step_x"], jet["step_y"])
    assert (way <= step * (1 + 1e-9) + 1e-15).all()
    forward = (moved[0] - x) * jet["step_x"] + (moved[1] - y) * jet["step_y"]
    np.testing.assert_allclose(forward, way * step, atol=1e-12)
    for i in np.ndindex(x.shape):
        slow = slow_inside((x[i], y[i]), (jet["step_x"][i], jet["step_y"][i]), RADIUS)
        np.testing.assert_allclose((moved[0][i], moved[1][i]), slow, atol=1e-9)


def test_a_particle_that_is_outside_already_goes_no_farther() -> None:
    x, y = np.array([0.5, 0.5, 0.5]), np.zeros(3)
    step = np.array([1.0, -0.01, -50.0]), np.zeros(3)
    moved = constraints.inside(x, y, *step, RADIUS)
    np.testing.assert_allclose(moved[0], [0.5, 0.49, -0.5], atol=1e-6)
    np.testing.assert_array_equal(moved[1], 0)


def test_far_from_the_rim_a_small_step_is_as_it_was_asked_for() -> None:
    x, y = constraints.inside(*(np.array([v]) for v in (0.05, -0.1, 0.01, 0.02)), RADIUS)
    np.testing.assert_allclose((x, y), [[0.06], [-0.08]], rtol=2e-3)
    assert abs(x[0] - 0.06) > 0


@settings(deadline=None)
@given(jets())
def test_recentred_jets_have_their_axis_and_are_inside(jet: dict[str, np.ndarray]) -> None:
    weight = jet["pt"] * jet["real"]
    to = tuple(constraints.centre(weight, jet[c]) for c in "xy")
    new_weight = constraints.positive(jet["pt"], jet["step_pt"]) * jet["real"]
    points = constraints.inside(jet["x"], jet["y"], jet["step_x"], jet["step_y"], RADIUS)
    free = constraints.recentred(*points, new_weight, to)
    kept = constraints.recentred(*points, new_weight, to, RADIUS)
    outside = np.maximum(RADIUS, np.hypot(*points))
    there = new_weight > 0
    assert (np.hypot(*kept) <= outside * (1 + 1e-9))[there].all()
    some = new_weight.sum(1) > 0
    for found in (free, kept):
        for angle, wanted in zip(found, to, strict=True):
            mean = constraints.centre(new_weight, angle)
            np.testing.assert_allclose(mean[some], wanted[some], atol=1e-8)
    shift = free[0] - points[0]
    np.testing.assert_allclose(shift, np.broadcast_to(shift[:, :1], shift.shape), atol=1e-12)


@settings(deadline=None)
@given(jets())
def test_a_rescaled_jet_has_its_pt(jet: dict[str, np.ndarray]) -> None:
    pt = jet["pt"] * jet["real"]
    new = constraints.positive(jet["pt"], jet["step_pt"]) * jet["real"]
    for before, after in ((None, None), (jet["y"], jet["x"])):
        was, now = constraints.jet_pt(pt, before), constraints.jet_pt(new, after)
        kept = constraints.jet_pt(constraints.rescaled(new, now, was), after)
        np.testing.assert_allclose(kept, was, rtol=1e-9)
        assert (was <= pt.sum(1) * (1 + 1e-12)).all()


@settings(deadline=None)
@given(jets(), st.booleans(), st.booleans())
def test_energies_keep_the_mass(jet: dict[str, np.ndarray], angles: bool, moved_mass: bool) -> None:
    pt, eta, m2 = jet["pt"], jet["x"], np.abs(jet["step_x"])
    new_pt = constraints.positive(pt, jet["step_pt"])
    new_eta = jet["y"] if angles else eta
    new_m2 = np.abs(jet["step_y"]) if moved_mass else m2
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + m2)
    found = constraints.energy_on_shell(
        energy, (pt, new_pt), (eta, new_eta) if angles else None, (m2, new_m2)
    )
    exact = np.sqrt((new_pt * np.cosh(new_eta)) ** 2 + new_m2)
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-6 * energy.max())


@settings(deadline=None)
@given(jets(), st.booleans())
def test_energies_keep_the_mass_where_rapidity_is_what_moves(
    jet: dict[str, np.ndarray], known: bool
) -> None:
    pt, m2 = jet["pt"], np.abs(jet["step_x"])
    new_pt = constraints.positive(pt, jet["step_pt"])
    energy = np.sqrt(pt**2 + m2) * np.cosh(jet["x"])
    found = constraints.energy_on_shell(
        energy, (pt, new_pt), (jet["x"], jet["step_y"]), (m2, m2) if known else None, rapidity=True
    )
    exact = np.sqrt(new_pt**2 + m2) * np.cosh(jet["step_y"])
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-6 * energy.max())


@settings(deadline=None)
@given(numbers(-50, 50, (20,)), numbers(-1e6, 1e6, (20,)))
def test_hits_stay_between_the_ends(x: np.ndarray, step: np.ndarray) -> None:
    low, high = -40.0, 40.0
    moved = constraints.between(x, step, low, high)
    assert (moved >= np.minimum(x, low) - 1e-9).all()
    assert (moved <= np.maximum(x, high) + 1e-9).all()
    assert (np.sign(moved - x) * np.sign(step) >= 0).all()
    within = (np.abs(x) < 39) & (np.abs(step) < 1e-3)
    np.testing.assert_allclose(moved[within], (x + step)[within], atol=1e-8)


def test_an_end_may_be_infinitely_far_away() -> None:
    moved = constraints.between(np.zeros(4), np.array([-9.0, -0.01, 3.0, 1e9]), -0.2, np.inf)
    np.testing.assert_allclose(moved, [-0.2, -0.2 * np.tanh(0.05), 3.0, 1e9])


def test_jets_without_particles_are_left_alone() -> None:
    x, none = np.array([[0.1, 0.2]]), np.zeros((1, 2))
    assert constraints.centre(none, x).tolist() == [0.0]
    moved = constraints.recentred(x, x, none, (np.zeros(1), np.zeros(1)), RADIUS)
    np.testing.assert_array_equal(moved[0], x)
    moved = constraints.recentred(x, x, none, (np.ones(1), np.ones(1)), RADIUS)
    np.testing.assert_array_equal(moved[0], x)  # there is no mean that could be anywhere
    assert constraints.rescaled(none, none.sum(1), none.sum(1)).tolist() == [[0.0, 0.0]]


def test_hits_may_be_early_by_the_resolution() -> None:
    rng = np.random.default_rng(2)
    resolution = rng.normal(0, 0.03, 20_000)
    late = np.where(rng.random(20_000) < 0.5, rng.exponential(2.0, 20_000), 0)
    bound = constraints.earliest(resolution + late)
    assert -5 * 0.033 < bound < -5 * 0.027
    wrong = constraints.earliest(np.concatenate([resolution + late, np.full(20, -50.0)]))
    assert abs(wrong - bound) < 0.02 * abs(bound)  # the earliest hit says nothing
    assert (resolution > bound).all()


def test_without_early_hits_light_is_the_bound() -> None:
    assert constraints.earliest(np.zeros(0)) == 0
    assert constraints.earliest(np.array([3.0, 8.0, 7.0])) == 0
    assert constraints.earliest(np.r_[np.full(9, -50.0), np.ones(1000)]) == 0


@settings(deadline=None)
@given(numbers(0.005, 3, (20,)), numbers(-1e3, 1e3, (20,)))
def test_steps_in_a_logarithm_stay_between_the_ends(x: np.ndarray, step: np.ndarray) -> None:
    to = x * np.exp(np.minimum(step, 500))
    moved = constraints.between_logarithms(x, to, 0.005, np.inf)
    assert (moved >= 0.005 * (1 - 1e-12)).all()
    up = step >= 0
    np.testing.assert_allclose(moved[up], to[up], rtol=1e-12)
    wanted = 0.005 * (x / 0.005) ** (1 - np.tanh(-step / np.log(x / 0.005).clip(1e-300)))
    np.testing.assert_allclose(moved[~up], wanted[~up], rtol=1e-9)
    np.testing.assert_array_equal(constraints.between_logarithms(x, x, 0.005, 4.0), x)


def test_what_is_not_above_zero_has_no_logarithm() -> None:
    x, to = np.array([0.0, -1.0, 2.0]), np.array([0.5, -1.0, 0.0])
    moved = constraints.between_logarithms(x, to, 0.1, np.inf)
    np.testing.assert_allclose(moved, [0.5, -1.0, 0.1])
    np.testing.assert_allclose(constraints.between_logarithms(x, to, -1.0, np.inf), [0.5, -1, 0])


@settings(deadline=None)
@given(numbers(-100, 100, (20,)), numbers(-60, 60, (20,)))
def test_hits_go_to_the_nearest_cell(step: np.ndarray, x: np.ndarray) -> None:
    middles = np.array([-50.0, -30.0, -10.0, 10.0, 30.0])
    moved = constraints.on_grid(x, x + step, middles)
    for start, to, came in zip(x, x + step, moved, strict=True):
        every = np.append(middles, start)  # the start is one, wherever it is
        assert came in every
        assert abs(came - to) <= np.abs(every - to).min() + 1e-12
    np.testing.assert_array_equal(constraints.on_grid(x, x, middles), x)
    one = constraints.on_grid(np.zeros(2), np.array([3.0, 9.0]), np.array([10.0]))
    assert one.tolist() == [0.0, 10.0]


def test_a_particle_without_momentum_stays_where_a_jet_is_drawn_together() -> None:
    x, y = np.array([[0.3, -0.399]]), np.array([[0.2, 0.0]])
    weight, to = np.array([[0.0, 1.0]]), (np.array([0.399]), np.array([0.0]))
    new_x, new_y = constraints.recentred(x, y, weight, to, RADIUS)
    np.testing.assert_allclose((new_x[0, 1], new_y[0, 1]), (0.399, 0.0), atol=1e-9)
    assert np.hypot(new_x[0, 0], new_y[0, 0]) <= RADIUS
