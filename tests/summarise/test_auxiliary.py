from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.attribution import concatenate
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.data.readers.ftag_variables import ORIGINS
from jetlens.summarise.auxiliary import (
    COUNTS,
    DISPLACED,
    EACH,
    INCLUSIVE,
    PROMPT,
    displaced_vertices,
    inclusive,
)
from synthetic import attribution

FROM_B, PRIMARY = ORIGINS.index("from_b"), ORIGINS.index("primary")


def tracks(seed: int, jets: int = 80, places: int = 9) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    vertex = rng.integers(-2, 3, (jets, places))
    predicted = np.where(
        rng.random((jets, places)) < 0.75, vertex, rng.integers(-2, 4, vertex.shape)
    )
    return vertex, predicted, rng.random(vertex.shape) < 0.4, rng.random(vertex.shape) < 0.8


def slow(vertex, predicted, displaced, mask) -> list[tuple[int, ...]]:
    """The displaced vertices, a jet and a vertex at a time."""
    found = []
    for jet in range(len(vertex)):
        for v in range(vertex.max() + 1):
            own = {t for t in np.flatnonzero(mask[jet]) if vertex[jet, t] == v}
            if len(own) < 2 or not displaced[jet, list(own)].any():
                continue
            row = (jet, 1, 0, 0, 0)
            for p in range(predicted.max() + 1):
                said = {t for t in np.flatnonzero(mask[jet]) if predicted[jet, t] == p}
                both = own & said
                if len(both) > 0.65 * len(own) and len(both) > 0.5 * len(said):
                    row = (jet, 1, 1, len(both), len(said))
            found.append(row)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_vertices_are_those_of_the_slow_count(seed: int) -> None:
    given = tracks(seed)
    jet, counts = displaced_vertices(*given)
    expected = slow(*given)
    assert sorted(map(tuple, np.column_stack([jet, counts]).tolist())) == sorted(expected)
    assert 0.2 < counts[:, COUNTS.index("found")].mean() < 0.9


def test_an_inclusive_vertex_joins_the_displaced_ones_without_prompt_tracks() -> None:
    vertex = np.array([[0, 0, 0, 1, 1, 2, 2, -2, -1]])
    origin = np.array([[FROM_B, FROM_B, PRIMARY, DISPLACED[1], 7, PRIMARY, PROMPT[0], FROM_B, -1]])
    mask = vertex > -2
    mask[0, 7:] = [True, False]
    assert inclusive(vertex, origin, mask).tolist() == [[0, 0, -2, 0, 0, -2, -2, -2, -2]]


def test_confusion_counts_every_real_track_of_known_jets_with_its_weight() -> None:
    jets = attribution(60)
    summary = summaries.make("auxiliary", replicas=3)
    confusion = summary.fill(jets).sums["confusion"]
    mask = jets.tracks_mask.values
    weight = np.broadcast_to(jets.weight.values[:, None], mask.shape)
    for o, origin in enumerate(ORIGINS):
        for p, predicted in enumerate(ORIGINS):
            here = mask & (jets.tracks_origin.values == o) & (jets.tracks_pred_origin.values == p)
            found = confusion.sel(origin=origin, predicted=predicted)[..., 0].sum()
            assert float(found) == pytest.approx(weight[here].sum())


def test_perfect_predictions_find_everything() -> None:
    jets = attribution(200, weighted=False)
    jets["tracks_pred_origin"], jets["tracks_pred_vertex"] = jets.tracks_origin, jets.tracks_vertex
    numbers = summaries.make("auxiliary").numbers(summaries.make("auxiliary").fill(jets))
    assert numbers["origin.accuracy"]["value"] == 1
    for flavour in ("b", "c", "tau"):
        for name in ("efficiency", "purity"):
            assert numbers[f"vertex.{name}.{EACH}.{flavour}"]["value"] == 1
        assert numbers[f"vertex.purity.{INCLUSIVE}.{flavour}"]["value"] > 0.5


def test_parts_add_up() -> None:
    summary = summaries.make("auxiliary", replicas=5)
    one, two = attribution(50), attribution(70, start=50)
    both = concatenate([one, two])
    added, whole = summary.fill(one) + summary.fill(two), summary.fill(both)
    for name in whole.sums:
        np.testing.assert_allclose(added.sums[name], whole.sums[name])
    assert summary.fill(one.isel(jet=slice(0))) + summary.fill(one) == summary.fill(one)


def test_what_is_missing_is_told() -> None:
    with pytest.raises(UnsupportedError, match="tracks_pred_vertex is not there"):
        summaries.make("auxiliary").fill(attribution(10).drop_vars("tracks_pred_vertex"))
