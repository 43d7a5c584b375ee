from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.plots.entry import caption, draw
from jetlens.summarise.attention_entropy import measured
from reference import attention_summaries as reference
from synthetic import attended, leading, with_attention


def test_it_is_the_slow_twin():
    jets = attended(50, 7)
    result = jl.summarise(jets, "attention-entropy")
    found = result.summary.averages(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        for layer in range(2):
            for head in range(3):
                exact = reference.entropy_and_largest(jets, own, layer, head)
                np.testing.assert_allclose(found[g, :, layer, head], exact, rtol=1e-5)


def test_uniform_attention_has_entropy_one():
    jets = attended(60, 9)
    mask = jets["constituents_mask"].values
    numbers = jl.summarise(with_attention(jets, np.ones(mask.shape)), "attention-entropy").numbers()
    whole = numbers["attention_entropy.signal.entropy"]
    assert whole == pytest.approx({"value": 1, "low": 1, "high": 1}, abs=1e-6)
    largest = numbers["attention_entropy.signal.largest"]
    assert largest == pytest.approx(numbers["attention_entropy.signal.largest.uniform"], rel=1e-5)
    one = numbers["attention_entropy.signal.entropy.layer_2.head_1"]
    assert one["value"] == pytest.approx(1)


def test_attention_to_one_particle_has_none():
    jets = attended(60, 9)
    one = with_attention(jets, leading(jets["constituents_mask"].values))
    result = jl.summarise(one, "attention-entropy", bins=10)
    average = result.summary.averages(result)
    np.testing.assert_allclose(average[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(average[:, 1], 1, atol=1e-6)
    density = result.summary.distribution(result)
    np.testing.assert_allclose(density[:, 0, ..., 0], 10)  # all rows in the first bin
    np.testing.assert_allclose(density[:, 1, ..., -1], 10)


def test_distributions_integrate_to_one_and_have_the_mean():
    result = jl.summarise(attended(200, 9), "attention-entropy", bins=200)
    density = result.summary.distribution(result)
    np.testing.assert_allclose(density.sum(axis=-1) / 200, 1)
    middles = (np.arange(200) + 0.5) / 200
    mean = (density * middles).sum(axis=-1) / 200
    np.testing.assert_allclose(mean, result.summary.averages(result)[..., 0], atol=0.003)


def test_rows_that_leave_a_part_to_other_streams_are_made_whole():
    """As those of rollout are, where streams have asked each other."""
    jets = attended(40, 7)
    name = "attention_constituents_constituents"
    part = jets.assign({name: jets[name].copy(data=0.4 * jets[name].values)})
    found, whole = (jl.summarise(j, "attention-entropy").numbers() for j in (part, jets))
    assert found.keys() == whole.keys()
    for number, value in found.items():
        assert value == pytest.approx(whole[number], rel=1e-5, abs=1e-6)
    rows, keys = measured(np.zeros((1, 1, 1, 1, 3)))
    assert keys.tolist() == [[3]]
    assert not rows.any()


def test_layers_of_fewer_heads_than_others_do_not_count_those_that_they_lack():
    jets = attended(40, 7)
    name = "attention_constituents_constituents"
    fewer = jets[name].values.copy()
    fewer[:, 0, 2] = np.nan
    result = jl.summarise(jets.assign({name: jets[name].copy(data=fewer)}), "attention-entropy")
    found, whole = (r.numbers() for r in (result, jl.summarise(jets, "attention-entropy")))
    start = "attention_entropy.signal.entropy"
    each = [n for n in whole if n.startswith(f"{start}.layer")]
    assert [n for n in each if n not in found] == [f"{start}.layer_1.head_2"]
    mean = np.mean([found[n]["value"] for n in each if n in found])
    assert found[start]["value"] == pytest.approx(mean)
    assert np.isnan(result.summary.distribution(result)[:, :, 0, 2]).all()
    assert f"{mean:.3f} and" in caption(result)
    draw(result)


def test_rows_with_one_key_say_nothing():
    values = np.full((2, 1, 1, 3, 3), np.nan)
    values[0, 0, 0, 1, 1] = 1.0
    values[1, 0, 0, :2, :2] = 0.5
    rows, keys = measured(values)
    np.testing.assert_array_equal(keys, [[0, 1, 0], [2, 2, 0]])
    np.testing.assert_allclose(rows[1, :, 0, 0], [[1, 1, 0], [0.5, 0.5, 0]])
    assert rows[0, 0].max() == 0


def test_cross_attention_has_entropy_too():
    result = jl.summarise(attended(100, 6), "attention-entropy", key="objects")
    numbers = result.numbers()
    assert 0 < numbers["attention_entropy.all.entropy"]["value"] < 1
