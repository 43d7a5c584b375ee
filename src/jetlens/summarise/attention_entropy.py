"""How concentrated attention is: the entropy of its rows, and their largest weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.attention_maps import maps
from jetlens.summarise.jets.classes import ClassSummary, Grouped, means
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

ENTROPY, LARGEST = "entropy", "largest"
MEASURES = (ENTROPY, LARGEST)
_CHUNK = 2**18  # entries of attention at a time: they stay in the processor's cache

Floats = NDArray[np.float64]


@summaries.register("attention-entropy")
@dataclass(frozen=True, kw_only=True)
class AttentionEntropy(ClassSummary):
    """Entropy of attention's rows and their largest weight, by layer, head and class.

    The entropy is divided by the logarithm of the number of real keys: 1 is uniform attention, 0
    attention to one token alone. A row is divided by its sum first: where streams have asked each
    other in between, rollout leaves a part of it to the others. Rows with a single key say nothing
    and are left out. A jet's rows are averaged, and then jets.

    Parameters
    ----------
    query, key
        The stream that asks, and the one that is asked.
    bins
        Bins of the distributions over rows, from 0 to 1.
    """

    query: str = "constituents"
    key: str = "constituents"
    bins: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bins < 1:
            raise BadValueError(f"bins={self.bins}: expected at least 1")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up entropies and largest weights."""
        chosen = self.grouped(attribution)
        found = maps(chosen.jets, self.query, self.key, layer=None)
        rows, keys = measured(found.values)
        counted = keys > 1  # [jet, query]
        many = counted.sum(axis=1)
        used = many > 0
        each = np.where(counted[:, None, None, None], rows, 0).sum(axis=-1)
        per_jet = ratio(each, many[:, None, None, None])
        alone = ratio(np.where(counted, ratio(1.0, keys), 0).sum(axis=1), many)
        axes = ("group", "measure", "layer", "head")
        sums = chosen.counts(used).assign(
            mean=((*axes, "replica"), chosen.sums(np.nan_to_num(per_jet), used)),
            uniform=(("group", "replica"), chosen.sums(np.nan_to_num(alone), used)),
            histogram=((*axes, "bin"), distribution(chosen, rows, counted, self.bins)),
        )
        layers = list(range(1, len(found.layers) + 1))
        sums = sums.assign_coords(measure=list(MEASURES), layer=layers, head=list(found.heads))
        return Result(self, sums.assign_attrs(layers=list(found.layers)))

    def distribution(self, result: Result) -> Floats:
        """Return densities ``[group, measure, layer, head, bin]`` of rows, of integral 1.

        NaN for heads that a layer does not have.
        """
        found: Floats = self.bins * ratio(
            result.sums["histogram"].values,
            result.sums["weight"].values[:, 0][:, None, None, None, None],
        )
        return np.where(_there(result), found, np.nan)

    def averages(self, result: Result) -> Floats:
        """Return means over jets ``[group, measure, layer, head, replica]``.

        NaN for heads that a layer does not have: layers may have different numbers of them.
        """
        return np.where(_there(result), means(result, "mean"), np.nan)

    def overall(self, result: Result) -> Floats:
        """Return the averages' means over all layers and heads ``[group, measure, replica]``."""
        average, there = self.averages(result), _there(result)
        found: Floats = ratio(np.where(there, average, 0).sum(axis=(2, 3)), there.sum())
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return mean entropies and largest weights, by class, layer and head.

        ``attention_entropy.<group>.entropy`` and ``.largest`` are means over all layers and heads,
        ``...layer_<k>.head_<name>`` those of one. ``.largest.uniform`` is the largest weight where
        attention is uniform; its entropy is 1.
        """
        found: Numbers = {}
        average, uniform = self.averages(result), means(result, "uniform")
        overall = self.overall(result)
        layers, heads = result.sums["layer"].values, result.sums["head"].values
        for g, group in enumerate(result.sums["group"].values):
            for m, measure in enumerate(MEASURES):
                start = f"attention_entropy.{group}.{measure}"
                found |= named(start, overall[g, m])
                if average[g, m, ..., 0].size == 1:
                    continue
                for k, layer in enumerate(layers):
                    for h, head in enumerate(heads):
                        found |= named(f"{start}.layer_{layer}.head_{head}", average[g, m, k, h])
            found |= named(f"attention_entropy.{group}.{LARGEST}.uniform", uniform[g])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)


def _there(result: Result) -> NDArray[np.bool_]:
    """Say which heads each layer has ``[layer, head, 1]``: those of which rows have a largest."""
    largest = result.sums["mean"].sel(measure=LARGEST).values[..., :1]
    there: NDArray[np.bool_] = largest.sum(axis=0) > 0
    return there


def measured(values: NDArray[np.floating]) -> tuple[Floats, NDArray[np.int64]]:
    """Return entropy and largest weight of attention's rows, and how many keys they have.

    Parameters
    ----------
    values
        ``[jet, layer, head, query, key]``; padding is NaN.

    Returns
    -------
    ``[jet, measure, layer, head, query]``, of rows divided by their sums, the entropy also by its
    largest possible value; and ``[jet, query]``. Rows of padding are zero, and have no keys.
    """
    jets, layers, heads, queries, keys = values.shape
    found = np.zeros((jets, len(MEASURES), layers, heads, queries))
    real = np.zeros((jets, queries), np.int64)
    if not values.size:
        return found, real
    step = max(_CHUNK // (layers * heads * queries * keys), 1)
    least, none = np.finfo(values.dtype).tiny, np.finfo(values.dtype).eps
    for first in range(0, jets, step):
        part = slice(first, first + step)
        rows = values[part]
        real[part] = (~np.isnan(rows[:, 0, 0])).sum(axis=-1)
        weight = np.fmax(rows, least)  # padding weighs nothing
        # in single precision, but summed in double: the order of keys must not matter
        total = weight.sum(axis=-1, dtype=np.float64)
        whole = np.where(total > none, total, np.nan)  # a row of zeros has no shares
        entropy = -(weight * np.log(weight)).sum(axis=-1, dtype=np.float64) / whole + np.log(whole)
        found[part, 0] = np.nan_to_num(entropy)
        found[part, 1] = np.nan_to_num(weight.max(axis=-1) / whole)
    largest = np.log(np.maximum(real, 2))[:, None, None]
    found[:, 0] = np.where(real[:, None, None] > 1, found[:, 0] / largest, 0)
    return found, real


def distribution(
    chosen: Grouped, rows: Floats, counted: NDArray[np.bool_], bins: int
) -> NDArray[np.float64]:
    """Return weights of rows by bin ``[group, measure, layer, head, bin]``; a jet's share them."""
    _, *shape, queries = rows.shape
    place = np.clip((rows * bins).astype(np.int64), 0, bins - 1)
    place += bins * np.arange(int(np.prod(shape))).reshape(*shape, 1)
    each = chosen.weights[:, :1] * ratio(counted.astype(np.float64), counted.sum(axis=1)[:, None])
    each = np.nan_to_num(each)[:, None, None, None]
    found = []
    for member in chosen.member.T:
        weight = np.broadcast_to(each[member], (int(member.sum()), *shape, queries))
        size = int(np.prod(shape)) * bins
        summed = np.bincount(place[member].ravel(), weight.ravel(), minlength=size)
        found.append(summed.reshape(*shape, bins))
    return np.stack(found)
