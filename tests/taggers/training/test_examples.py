from __future__ import annotations

import numpy as np
import pytest
import torch

from jetlens.core.arrays import batch
from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.errors import UnknownNameError
from jetlens.taggers.gn2 import GN2
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.examples import Step, encode_examples
from labelled import INPUTS, Labelled, jets

CLASSES = ("b", "c", "u", "tau")
DATA = Labelled(1000, 300)
KNOWN = DATA.read()["jets"].values[:, 0].astype(np.float32).tolist()


def tagger() -> GN2:
    return GN2(INPUTS, CLASSES)


def batches(*, pool: int = 10_000, seed: int | None = 5, size: int = 64) -> Batches:
    return Batches(tagger(), DATA, lambda j: j, 1000, size=size, pool=pool, seed=seed)


def names(step: Step) -> list[float]:
    """The jets' pt, by which each is known."""
    return [name for part in step for name in part.inputs["jets"][:, 0].tolist()]


@pytest.mark.parametrize("pool", [10_000, 250])
def test_an_epoch_holds_each_jet_once_in_whole_batches(pool: int) -> None:
    made = batches(pool=pool)
    epoch = list(made.epoch(0))
    assert len(epoch) == len(made.epoch(0)) == len(made) == 1000 // 64
    assert {sum(len(part.label) for part in step) for step in epoch} == {64}
    seen = [n for b in epoch for n in names(b)]
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(KNOWN)


@pytest.mark.parametrize("pool", [10_000, 250])
def test_the_order_depends_on_seed_and_epoch_alone(pool: int) -> None:
    made = batches(pool=pool)
    first = [names(b) for b in made.epoch(0)]
    second = [names(b) for b in made.epoch(1)]
    assert first != second
    assert [names(b) for b in batches(pool=pool).epoch(1)] == second  # without the first
    assert [names(b) for b in made.epoch(0)] == first
    assert [names(b) for b in batches(pool=pool, seed=6).epoch(0)] != first


@pytest.mark.parametrize("pool", [10_000, 250])
def test_without_a_seed_every_jet_is_there(pool: int) -> None:
    made = batches(pool=pool, seed=None)
    epoch = list(made.epoch(0))
    assert sorted(n for b in epoch for n in names(b)) == sorted(KNOWN)
    assert len(epoch) == len(made) == 16
    halves = [list(made.epoch(0, rank, 3)) for rank in range(3)]
    assert [len(h) for h in halves] == [len(made.epoch(0, rank, 3)) for rank in range(3)]
    assert sorted(n for h in halves for b in h for n in names(b)) == sorted(KNOWN)


def test_processes_share_an_epoch_evenly() -> None:
    made = batches()
    halves = [list(made.epoch(2, rank, 2)) for rank in (0, 1)]
    assert len(halves[0]) == len(halves[1]) == len(made.epoch(2, 0, 2)) == 7
    one, two = ({n for b in half for n in names(b)} for half in halves)
    assert not one & two


def test_a_streamed_epoch_reads_each_partition_once() -> None:
    reads: list[int] = []

    def prepare(batch: JetBatch) -> JetBatch:
        reads.append(len(batch))
        return batch

    streamed = Batches(tagger(), DATA, prepare, 1000, size=64, pool=250, seed=1)
    list(streamed.epoch(0))
    list(streamed.epoch(1))
    assert sorted(reads) == sorted([300, 300, 300, 100] * 2)
    reads.clear()
    held = Batches(tagger(), DATA, prepare, 1000, size=64, pool=1000, seed=1)
    list(held.epoch(0))
    list(held.epoch(1))
    assert reads == [300, 300, 300, 100]


def test_batches_are_as_sorted_as_they_are_to_be() -> None:
    spread = []
    for together in (1, 16):
        made = Batches(
            tagger(), DATA, lambda b: b, 1000, size=50, pool=1000, seed=1, together=together
        )
        lengths = [
            torch.cat([part.masks["tracks"].sum(1) for part in step]).double()
            for step in made.epoch(0)
        ]
        spread.append(float(torch.stack([n.std() for n in lengths]).mean()))
    assert spread[0] > 3 * spread[1]


def test_truth_stays_with_its_track_and_padding_has_none() -> None:
    sample = jets(200)
    tracks = sample["tracks"]
    # each track carries its own truth as a feature
    tracks.values[..., 0] = np.where(tracks.mask, tracks.truth["origin"], 0)
    tracks.values[..., 1] = np.where(tracks.mask, tracks.truth["vertex"], 0)
    examples = encode_examples(tagger(), sample)
    got = examples.batch(torch.arange(20, 150))
    real = got.masks["tracks"]
    for i, task in enumerate(("tracks.origin", "tracks.vertex")):
        torch.testing.assert_close(got.inputs["tracks"][..., i][real].long(), got.truth[task][real])
        assert (got.truth[task][~real] == -1).all()
    rows = examples.packed.rows[20:150].numpy()
    np.testing.assert_array_equal(got.label.numpy(), sample.label[rows])
    assert int(real.sum()) == int(tracks.mask[rows].sum())


def test_a_missing_truth_is_told() -> None:
    sample = jets(20)
    bare = batch(
        {k: (c.values, c.features, c.mask) for k, c in sample.collections.items()},
        label=sample.label,
        classes=CLASSES,
        truth={"tracks": {"origin": sample["tracks"].truth["origin"]}},
    )
    with pytest.raises(UnknownNameError, match=r"tracks\.vertex.*auxiliary.*'vertex'"):
        encode_examples(tagger(), bare)


def test_partitions_of_other_lengths_go_into_one_pool() -> None:
    widths = {p["tracks"].values.shape[1] for p in DATA}
    assert len(widths) > 1
    whole = encode_examples(tagger(), concatenate(list(DATA)))
    assert len(whole) == 1000


@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("pool", [10_000, 250])
def test_stretches_go_on_where_the_last_one_ended(pool: int, world: int) -> None:
    """All of them, and of all processes, are the batches of one pass after the other."""
    stretches = (10, 10, 2, 9)  # a pass has 15 batches
    made = Batches(
        tagger(), DATA, lambda j: j, 1000, size=64, pool=pool, seed=5, stretches=stretches
    )
    seen = []
    for number, steps in enumerate(stretches):
        own = [list(made.epoch(number, rank, world)) for rank in range(world)]
        assert [len(o) for o in own] == [len(made.epoch(number))] * world == [steps] * world
        seen += [names(step) for together in zip(*own, strict=True) for step in together]
    passes = [names(b) for number in range(5) for b in batches(pool=pool).epoch(number)]
    assert seen == passes[: sum(stretches) * world]


def test_validation_is_a_pass_however_long_a_stretch_is() -> None:
    made = batches(seed=None)
    assert len(list(made.epoch(0))) == len(made) == 16
