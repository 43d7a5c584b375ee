from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from jetlens.core.arrays import batch
from jetlens.core.batch import JetBatch
from jetlens.data.base import Dataset
from jetlens.taggers.base import Tagger
from jetlens.taggers.cnn1d import CNN1D
from jetlens.taggers.gn2 import GN2
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.fitting import Fit
from jetlens.taggers.training.lengths import like_lengths, parts
from jetlens.taggers.training.settings import TrainSettings
from jetlens.taggers.transformer import Transformer
from labelled import INPUTS
from labelled import jets as labelled


@dataclass(frozen=True)
class Whole(Dataset):
    """Jets in one partition, which is the dataset's only one."""

    jets: JetBatch

    def partitions(self) -> list[Whole]:
        return [self]

    def read(self) -> JetBatch:
        return self.jets


LENGTHS = torch.as_tensor(np.random.default_rng(0).gamma(6, 7, 128).astype(int) + 1)


def _jets() -> JetBatch:
    """Jets of those lengths, in another order."""
    rng = np.random.default_rng(2)
    mask = np.arange(int(LENGTHS.max())) < rng.permutation(LENGTHS.numpy())[:, None]
    values = rng.normal(size=(*mask.shape, 3)).astype(np.float32)
    label = rng.integers(0, 2, len(mask))
    return batch({"tracks": (values, ("a", "b", "c"), mask)}, label=label, classes=("u", "b"))


def _batches(tagger: Tagger, jets: JetBatch) -> Batches:
    return Batches(tagger, Whole(jets), lambda j: j, 128, size=128, pool=128, seed=1, together=1)


def test_batches_hold_jets_of_like_length() -> None:
    lengths = torch.as_tensor(np.random.default_rng(0).geometric(0.1, 4000))
    order = np.random.default_rng(1)
    cut = list(like_lengths(lengths, 100, order))
    assert sorted(torch.cat(cut).tolist()) == list(range(4000))
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in cut)
    assert padded < 1.5 * int(lengths.sum())
    at_random = torch.as_tensor(order.permutation(4000)).split(100)
    assert sum(100 * int(lengths[rows].max()) for rows in at_random) > 3 * int(lengths.sum())


def test_parts_of_a_batch_are_all_of_it_and_need_little_padding() -> None:
    cut = parts(LENGTHS, "cpu")
    assert sorted(torch.cat(cut).tolist()) == list(range(len(LENGTHS)))
    assert 2 < len(cut) < 8
    real, padded = int(LENGTHS.sum()), sum(len(p) * int(LENGTHS[p].max()) for p in cut)
    assert padded < 1.35 * real < 0.7 * len(LENGTHS) * int(LENGTHS.max())


@pytest.mark.parametrize(
    ("lengths", "device"),
    [(LENGTHS, "cuda"), (torch.full((128,), 500), "cpu"), (torch.tensor([700]), "cpu")],
    ids=["a GPU", "all alike", "one"],
)
def test_what_would_save_nothing_stays_whole(lengths: torch.Tensor, device: str) -> None:
    assert [len(part) for part in parts(lengths, device)] == [len(lengths)]


def _gradients(tagger: Tagger, jets: JetBatch) -> list[torch.Tensor]:
    """Return the gradients of a step in parts, and of the same step in one."""
    made = _batches(tagger, jets)
    gradients = []
    for divides in (True, False):
        made.divides = divides
        (step,) = made.epoch(0)
        assert (len(step) > 1) == divides
        tagger.zero_grad()
        loss = Fit(tagger, TrainSettings(), made, made).training_step(step, 0)
        loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in tagger.parameters()]))
    return gradients


def test_a_step_in_parts_is_the_step() -> None:
    jets = _jets()
    torch.manual_seed(0)
    gradients = _gradients(Transformer({"tracks": ("a", "b", "c")}, jets.classes).double(), jets)
    torch.testing.assert_close(*gradients)
    assert gradients[0].norm() > 0


def test_so_it_is_with_weights_and_tasks_of_which_some_truth_is_not_known() -> None:
    jets, rng = labelled(128, tracks=60), np.random.default_rng(3)
    tracks, few = jets["tracks"], jets["tracks"].mask.sum(1) < 20
    truth = tracks.truth | {"origin": np.where(few[:, None], -1, tracks.truth["origin"])}
    known = {**jets.collections, "tracks": replace(tracks, truth=truth)}
    jets = replace(jets, collections=known, weight=rng.exponential(size=len(jets)))
    torch.manual_seed(0)
    gradients = _gradients(GN2(INPUTS, jets.classes).double(), jets)
    torch.testing.assert_close(*gradients)
    assert gradients[0].norm() > 0


def test_what_is_normalised_over_a_batch_is_not_divided() -> None:
    inputs, classes = {"tracks": ("a", "b", "c")}, ("u", "b")
    assert not _batches(CNN1D(inputs, classes), _jets()).divides
    assert _batches(Transformer(inputs, classes), _jets()).divides
