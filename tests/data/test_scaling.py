from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from contracts import explainers as case
from jetlens.data.scaling import Scaling, fit

INPUTS = {"jets": case.JETS, "tracks": case.TRACKS}


def test_means_and_deviations_over_real_particles_in_partitions() -> None:
    jets = case.jets(200)
    fitted = fit([jets.take(slice(0, 70)), jets.take(slice(70, None))], INPUTS)
    real = jets["tracks"].values[jets["tracks"].mask]
    mean, std = fitted.arrays("tracks", case.TRACKS)
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


@pytest.mark.parametrize("std", [0.0, -1.0, np.nan, np.inf])
def test_a_deviation_is_positive_and_finite(std: float) -> None:
    with pytest.raises(jl.JetlensError, match=r"scaling of tracks\.d0"):
        Scaling({"tracks": {"d0": (0.0, std)}})


def test_nothing_to_measure() -> None:
    with pytest.raises(jl.JetlensError, match="no real tracks"):
        fit([case.jets().take([0])], {"tracks": case.TRACKS})
    with pytest.raises(jl.JetlensError, match="unknown collection"):
        fit([case.jets()], {"track": case.TRACKS})
