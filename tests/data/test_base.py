from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.data.base import PARTS, Part, in_part
from jetlens.data.toy import Toy


def test_parts_are_disjoint_complete_and_of_the_right_size() -> None:
    event = np.repeat(np.arange(30_000), 2)
    inside = [in_part(event, part, (0.7, 0.1, 0.2)) for part in PARTS]
    assert (np.sum(inside, axis=0) == 1).all()
    for mine, share in zip(inside, (0.7, 0.1, 0.2), strict=True):
        assert abs(mine.mean() - share) < 0.01
        assert (mine[::2] == mine[1::2]).all()  # jets of one event stay together


def test_an_empty_share() -> None:
    event = np.arange(1000)
    assert not in_part(event, "validation", (0.8, 0.0, 0.2)).any()
    assert in_part(event, "train", (1, 0, 0)).all()


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.5, 0.2, 0.2), (-0.1, 0.6, 0.5), (np.nan, 0.5, 0.5)]
)
def test_wrong_shares(fractions) -> None:
    with pytest.raises(jl.JetlensError, match="add up to 1"):
        in_part(np.arange(3), "train", fractions)


def test_wrong_part() -> None:
    with pytest.raises(jl.JetlensError, match="did you mean 'test'"):
        in_part(np.arange(3), "tests")


def test_the_share_of_a_part_is_that_of_the_jets_there_are() -> None:
    shares = []
    for partition in Part(Toy(jets=90, partition=45, seed=2), "test", (0.5, 0.2, 0.3)).partitions():
        jets, share = partition.read_share()
        assert share == len(jets) / 45
        shares.append(share)
    assert shares != [0.3, 0.3]
