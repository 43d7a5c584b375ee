from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.core.errors import BadValueError
from jetlens.physics import regions

WINDOW = (-0.8, 0.8, -0.8, 0.8)


def middles(pixels: int) -> np.ndarray:
    edges = np.linspace(-0.8, 0.8, pixels + 1)
    return (edges[1:] + edges[:-1]) / 2


def places(seed: int, count: int = 4, discs: int = 3):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (2, count, discs))
    return x, y, rng.random((count, discs)) < 0.7


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), radius=st.floats(0.02, 1), wide=st.integers(1, 30))
def test_a_pixel_is_inside_if_its_middle_is(seed, radius, wide) -> None:
    x, y, real = places(seed)
    across, up = middles(wide), middles(17)
    found = regions.discs(x, y, real, radius, across=across, up=up)
    assert found.shape == (4, 17, wide)
    for jet, row, column in np.ndindex(found.shape):
        away = np.hypot(across[column] - x[jet], up[row] - y[jet])
        if np.abs(away - radius).min() > 1e-9:
            assert found[jet, row, column] == (real[jet] & (away < radius)).any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), radius=st.floats(0.05, 0.3), more=st.floats(0, 0.3))
def test_larger_discs_hold_smaller_ones_and_more_discs_fewer(seed, radius, more) -> None:
    x, y, real = places(seed)
    at = {"across": middles(20), "up": middles(20)}
    small = regions.discs(x, y, real, radius, **at)
    assert (small <= regions.discs(x, y, real, radius + more, **at)).all()
    assert (small <= regions.discs(x, y, np.ones_like(real), radius, **at)).all()
    one = [regions.discs(x[:, [k]], y[:, [k]], real[:, [k]], radius, **at) for k in range(3)]
    np.testing.assert_array_equal(small, np.any(one, axis=0))


@settings(max_examples=30, deadline=None)
@given(x=st.floats(-0.5, 0.5), y=st.floats(-0.5, 0.5), radius=st.floats(0.05, 0.29))
def test_the_area_is_that_of_a_circle_but_for_the_pixels_on_its_edge(x, y, radius) -> None:
    one = np.ones((1, 1))
    found = regions.discs(one * x, one * y, one > 0, radius, across=middles(224), up=middles(224))
    area = regions.area(found)[0] * 1.6**2
    assert abs(area - np.pi * radius**2) < 0.25 * 2 * np.pi * radius * 1.6 / 224


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), right=st.integers(-4, 4), up=st.integers(-4, 4))
def test_discs_that_move_by_pixels_move_in_the_image(seed, right, up) -> None:
    x, y, real = places(seed)
    x, y = x / 4, y / 4
    at = {"across": middles(32), "up": middles(32)}
    step = 1.6 / 32
    here = regions.discs(x, y, real, 0.131, **at)
    there = regions.discs(x + right * step, y + up * step, real, 0.131, **at)
    np.testing.assert_array_equal(np.roll(here, (up, right), axis=(1, 2)), there)


def test_points_are_in_discs_as_pixels_are() -> None:
    x, y, real = places(3)
    grid = middles(25)
    region = regions.discs(x, y, real, 0.3, across=grid, up=grid)
    px, py = (v.reshape(1, -1).repeat(4, 0) for v in np.meshgrid(grid, grid))
    found = regions.within(px, py, x, y, real, 0.3)
    np.testing.assert_array_equal(found.reshape(region.shape), region)


def test_the_share_of_an_image_inside_a_region() -> None:
    region = np.zeros((3, 2, 2), dtype=bool)
    region[:, 0] = True
    image = np.array([[[1, 2], [3, 4]], [[0, 0], [0, 0]], [[1, 1], [0, 0]]], dtype=np.float32)
    np.testing.assert_allclose(regions.share(image, region), [0.3, np.nan, 1])
    np.testing.assert_allclose(regions.area(region), 0.5)
    np.testing.assert_allclose(regions.share(np.ones((3, 2, 2)), region), regions.area(region))


def test_random_discs_are_anywhere_in_the_image_and_whole() -> None:
    row = np.arange(4000)
    x, y = regions.random_places(row, 2, 0.1, WINDOW)
    for place in (x, y):
        assert place.shape == (4000, 2)
        assert np.abs(place).max() <= 0.7
        assert place.std() == pytest.approx(1.4 / np.sqrt(12), rel=0.03)
        assert abs(place.mean()) < 0.02
    flat = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]])
    assert np.abs(np.corrcoef(flat) - np.eye(4)).max() < 0.06
    some, _ = regions.random_places(row[10:20], 2, 0.1, WINDOW)
    np.testing.assert_array_equal(some, x[10:20])  # whatever jets are beside
    other, _ = regions.random_places(row, 2, 0.1, WINDOW, draw=1)
    assert np.abs(np.corrcoef(other[:, 0], x[:, 0])[0, 1]) < 0.06
    assert regions.random_places(row, 0, 0.1, WINDOW)[0].shape == (4000, 0)


@settings(max_examples=60, deadline=None)
@given(
    group=st.lists(st.integers(0, 2), min_size=1, max_size=12),
    among=st.lists(st.integers(0, 2), max_size=12),
    events=st.integers(1, 6),
)
def test_partners_are_of_the_group_and_of_another_event(group, among, events) -> None:
    kind, others = np.array(group), np.array(among, dtype=np.int64)
    event, other_event = np.arange(len(kind)) % events, np.arange(len(others)) % events
    row = 7 * np.arange(len(kind))
    found = regions.partners(kind, event, row, among=others, among_event=other_event)
    for jet, other in enumerate(found):
        there = (others == kind[jet]) & (other_event != event[jet])
        assert there[other] if other >= 0 else not there.any()
    alone = regions.partners(kind[-1:], event[-1:], row[-1:], among=others, among_event=other_event)
    assert alone == found[-1:]  # whatever jets are beside


def test_partners_are_drawn_evenly() -> None:
    row = np.arange(3000)
    zero = np.zeros(3000, dtype=np.int64)
    among = np.zeros(5, dtype=np.int64)
    found = regions.partners(zero, row, row, among=among, among_event=among - 1)
    np.testing.assert_allclose(np.bincount(found) / 3000, 0.2, atol=0.03)


def test_sizes_that_make_no_sense_are_refused() -> None:
    x, y, real = places(1)
    for radius in (0.0, -1.0, np.inf):
        with pytest.raises(BadValueError, match="radius"):
            regions.discs(x, y, real, radius, across=middles(3), up=middles(3))
        with pytest.raises(BadValueError, match="radius"):
            regions.within(x, y, x, y, real, radius)
    with pytest.raises(BadValueError, match=r"does not fit .* at most 0.8"):
        regions.random_places(np.arange(2), 1, 0.81, WINDOW)
    rounded = (-0.29999999999999993, 0.3, -0.3, 0.29999999999999993)
    x, y = regions.random_places(np.arange(2), 1, 0.3, rounded)  # the largest that fits
    np.testing.assert_allclose([x, y], 0, atol=1e-9)
