from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.errors import BadValueError
from jetlens.physics.showers import shower
from jetlens.physics.showers.calorimeter import Calorimeter
from jetlens.physics.showers.spots import Points, joined
from jetlens.physics.showers.timing import resolution
from reference import shower as reference

SMALL = Calorimeter(cell=20.0, layer=40.0, width=300.0, depth=200.0)


def some_spots(count: int = 40) -> Points:
    rng = np.random.default_rng(1)
    momentum = rng.uniform(1.0, 3.0, count)
    parts = []
    for i, particle in enumerate(("pion", "electron")):
        x, y = rng.uniform(-10, 10, (2, count))
        found = shower.develop(particle, momentum, 1800.0, x, y, rng)
        parts.append(found.spots._replace(shower=2 * found.spots.shower + i))
    return joined(parts)


def test_hits_are_those_of_a_slow_twin() -> None:
    spots = some_spots()
    calorimeter = SMALL
    assert (calorimeter.rows, calorimeter.layers) == (15, 5)
    read = calorimeter.read(spots, 80, np.random.default_rng(2))
    twin = reference.hits(spots, 15, 5, 20.0, 40.0, calorimeter.gate)
    hits = read.hits
    pulls, late, seen = [], [], set()
    for number, measured, x, y, z, time in zip(*hits, strict=True):
        place = (int(number), round(x / 20) + 7, round(y / 20) + 7, round(z / 40 - 0.5))
        light = twin[place]
        true = sum(e for _, e in light)
        assert measured >= calorimeter.threshold
        pulls.append((measured - true) / (0.028 * np.sqrt(true)))
        crossed = reference.crossing(light, calorimeter.threshold * true / measured)
        late.append((time - crossed) / resolution(np.array(measured)))
        seen.add(place)
    assert len(seen) == len(pulls) > 500  # each cell once
    for name, values in (("energy", pulls), ("time", late)):
        # cut at the threshold, so that what is left lies a little high
        assert np.std(values) == pytest.approx(1, abs=0.12), name
        assert np.mean(values) == pytest.approx(0, abs=0.25), name
    missed = [k for k, v in twin.items() if sum(e for _, e in v) > 0.02 and k not in seen]
    assert not missed


def test_all_energy_is_in_cells_or_told_as_lost() -> None:
    spots = some_spots()
    read = SMALL.read(spots, 80, np.random.default_rng(3))
    twin = reference.hits(spots, 15, 5, 20.0, 40.0, SMALL.gate)
    inside = np.zeros(80)
    for (number, *_), light in twin.items():
        inside[number] += sum(e for _, e in light)
    total = np.bincount(spots.shower, spots.energy, 80)
    np.testing.assert_allclose(inside + read.leaked + read.late, total, rtol=1e-9)
    assert read.leaked[::2].mean() > read.leaked[1::2].mean() > 0
    assert read.late[::2].sum() > 0
    assert read.late[1::2].sum() == 0  # nothing of electrons is late


def test_hits_are_ordered_by_shower_and_energy() -> None:
    hits = SMALL.read(some_spots(), 80, np.random.default_rng(4)).hits
    assert (np.diff(hits.shower) >= 0).all()
    same = np.diff(hits.shower) == 0
    assert (np.diff(hits.energy)[same] <= 0).all()


def test_a_spot_is_in_the_cell_around_it_and_lost_beyond_the_last_one() -> None:
    at = np.array([[0, 0, 1], [9.9, -9.9, 39.9], [10.1, 0, 41], [149, 0, 1], [151, 0, 1],
                   [0, 0, 201], [1e30, 0, 1], [0, 0, -1]])  # fmt: skip
    n = len(at)
    spots = Points(np.arange(n), np.full(n, 1.0), *at.T, np.zeros(n))
    read = SMALL.read(spots, n, np.random.default_rng(5))
    assert read.leaked.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    hits = read.hits
    assert hits.shower.tolist() == [0, 1, 2, 3]
    assert hits.x.tolist() == [0, 0, 20, 140]
    assert hits.y.tolist() == [0, 0, 0, 0]
    assert hits.z.tolist() == [20, 20, 60, 20]


def test_no_spots_are_no_hits() -> None:
    none = Points(np.zeros(0, np.int64), *np.zeros((5, 0)))
    read = SMALL.read(none, 3, np.random.default_rng(1))
    assert len(read.hits.energy) == 0
    assert read.leaked.tolist() == read.late.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("cell", 0.0), ("cell", -1.0), ("layer", np.nan), ("width", 5.0), ("depth", 10.0),
     ("threshold", 0.0), ("gate", -2.0), ("cell", 1e-4)],
)  # fmt: skip
def test_blocks_that_make_no_sense_are_refused(name, value) -> None:
    with pytest.raises(BadValueError, match=r"cell|layer|threshold|gate"):
        Calorimeter(**{name: value})
