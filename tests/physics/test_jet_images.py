from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.core.errors import BadValueError
from jetlens.physics import jet_images
from jetlens.physics.image import pixelate, square
from jetlens.physics.jet_images import INTENSITIES, SCALES, Look, draw

WINDOW = (-1.0, 1.0, -1.5, 0.5)


def jets(seed: int, count: int = 5, channels: int = 2, particles: int = 9):
    """Particles that often share a pixel, with padding; the last jet has none."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(scale=0.6, size=(2, count, particles))
    weights = rng.exponential(size=(count, channels, particles))
    weights *= rng.random((count, channels, particles)) < 0.7
    weights[-1] = 0
    return x, y, weights


def slowly(x, y, weights, pixels, look):
    """Pixel by pixel: overlaps of squares, then intensities and sums of whole images."""
    rows, columns = pixels
    xs, ys = np.linspace(*WINDOW[:2], columns + 1), np.linspace(*WINDOW[2:], rows + 1)
    if not look.hit:
        image = pixelate(x, y, weights, window=WINDOW, pixels=pixels, dtype=np.float64)
    else:
        image = np.zeros((*weights.shape[:2], rows, columns))
        for (jet, channel, row, column), _ in np.ndenumerate(image):
            across, up = (
                np.clip(
                    np.minimum(edges[at + 1], v[jet] + look.hit / 2)
                    - np.maximum(edges[at], v[jet] - look.hit / 2), 0, None,
                )
                for edges, at, v in ((xs, column, x), (ys, row, y))
            )  # fmt: skip
            share = across * up / look.hit**2
            image[jet, channel, row, column] = weights[jet, channel] @ share
    if look.intensity == "log":
        image = np.log(1 + image / look.knee)
    elif look.intensity == "sqrt":
        image = np.sqrt(image)
    if look.scale != "none":
        total = getattr(image, look.scale)(axis=(2, 3), keepdims=True)
        image = np.divide(image, total, out=image, where=total > 0)
    return image


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    hit=st.sampled_from([0.0, 0.05, 0.4, 3.0]),
    intensity=st.sampled_from(INTENSITIES),
    scale=st.sampled_from(SCALES),
    knee=st.floats(0.01, 10),
)
def test_it_is_what_a_slow_loop_over_pixels_gives(
    seed, rows, columns, hit, intensity, scale, knee
) -> None:
    x, y, weights = jets(seed)
    look = Look(hit=hit, intensity=intensity, scale=scale, knee=knee)
    pixels = (rows, columns)
    found = draw(x, y, weights, window=WINDOW, pixels=pixels, look=look, dtype=np.float64)
    expected = slowly(x, y, weights, pixels, look)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert not found[-1].any()  # a jet without particles has an empty image


@pytest.mark.parametrize("look", [{"hit": 0.1}, {"smear": 0.05}])
def test_hits_of_a_size_keep_their_weight(look) -> None:
    x, y, weights = jets(3)
    x, y = x / 5, y / 5 - 0.5  # all of every hit is inside
    found = draw(x, y, weights, window=WINDOW, pixels=40, look=Look(**look), dtype=np.float64)
    np.testing.assert_allclose(found.sum(axis=(2, 3)), weights.sum(axis=2), rtol=1e-12)
    points = draw(x, y, weights, window=WINDOW, pixels=40, dtype=np.float64)
    assert np.count_nonzero(found) > 3 * np.count_nonzero(points)


def test_a_plain_look_is_the_bytes_of_pixelate() -> None:
    x, y, weights = jets(4, count=30)
    for pixels in (6, 200):
        one = draw(x, y, weights, window=WINDOW, pixels=pixels)
        other = pixelate(x, y, weights, window=WINDOW, pixels=pixels)
        assert one.tobytes() == other.tobytes()


def test_a_channel_does_not_know_the_others() -> None:
    x, y, weights = jets(5, channels=3)
    look = Look(hit=0.1, intensity="log", scale="sum")
    found = draw(x, y, weights, window=WINDOW, pixels=30, look=look)
    for channel in range(3):
        alone = draw(x, y, weights[:, channel], window=WINDOW, pixels=30, look=look)
        np.testing.assert_array_equal(found[:, channel], alone)


@pytest.mark.parametrize("block", [1, 2, 64])
def test_a_buffer_is_used_again_whatever_the_block(block, monkeypatch) -> None:
    x, y, weights = jets(6)
    look = Look(smear=0.1, intensity="log", scale="max")
    fresh = draw(x, y, weights, window=WINDOW, pixels=25, look=look)
    monkeypatch.setattr(jet_images, "BLOCK", block)
    out = np.full(fresh.shape, 7, dtype=np.float32)
    assert draw(x, y, weights, window=WINDOW, pixels=25, look=look, out=out) is out
    np.testing.assert_array_equal(out, fresh)


def test_negative_weights_keep_their_signs() -> None:
    x = y = np.zeros((1, 1))
    for intensity, value in (("sqrt", -2.0), ("log", -np.log(5))):
        found = draw(
            x, y, np.full((1, 1), -4.0), window=square(1), pixels=1, look=Look(intensity=intensity)
        )
        assert found[0, 0, 0] == pytest.approx(value, rel=1e-6)


def test_what_has_no_place_is_left_out() -> None:
    x = np.array([[np.nan, 0.1, np.inf, 1e300]])
    found = draw(
        x, np.zeros((1, 4)), np.ones((1, 4)), window=square(1.0), pixels=4, look=Look(hit=0.1)
    )
    assert found.sum() == pytest.approx(1)


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in ({"hit": -1.0}, {"smear": np.inf}, {"knee": 0.0}, {"hit": 1.0, "smear": 1.0}):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            Look(**wrong)
    with pytest.raises(BadValueError, match="did you mean 'log'"):
        Look(intensity="logs")
    with pytest.raises(BadValueError, match="did you mean 'max'"):
        Look(scale="maxx")
    x, y, weights = jets(1)
    out = np.zeros((5, 2, 4, 8), dtype=np.float32)[..., ::2]
    with pytest.raises(BadValueError, match="numpy's own order"):
        draw(x, y, weights, window=WINDOW, pixels=4, look=Look(hit=0.1), out=out)


@pytest.mark.parametrize("look", [Look(), Look(intensity="log", scale="max"), Look(hit=0.2)])
@pytest.mark.parametrize("channels", [(), (2,)])
def test_no_jets_have_no_images(look, channels):
    found = draw(
        *np.zeros((2, 0, 9)), np.zeros((0, *channels, 9)), window=WINDOW, pixels=6, look=look
    )
    assert found.shape == (0, *channels, 6, 6)
