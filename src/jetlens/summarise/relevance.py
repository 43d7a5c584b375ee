"""What each input is worth to the tagger: its mean normalised relevance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, collections, features
from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.summarise.base import Summary, one_of
from jetlens.summarise.estimates import Numbers, interval, named, ratio
from jetlens.summarise.jets.selection import NOT_POSITIVE, SELECT, Chosen, choose
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

LABEL = "label"

Floats = NDArray[np.float64]
Input = tuple[str, str | None]
"""A collection and one of its features; None stands for a whole image."""


@summaries.register("relevance")
@dataclass(frozen=True, kw_only=True)
class Relevance(Summary):
    """Mean normalised relevance of each input, for all jets and by class.

    Scores are divided by the jet's largest absolute score over all inputs. Their absolute values
    are summed over an image's pixels, or for each feature over a list's particles, and averaged
    over jets. Jets whose scores are all zero are counted and left out.

    Parameters
    ----------
    select
        ``"all"`` jets, or the ``"correct"`` ones.
    by
        ``"label"`` for one group a true class beside all jets; empty for all jets alone.
    channels
        Whether each channel of an image is an input of its own.

    References
    ----------
    Agarwal et al., arXiv:2011.13466.
    """

    select: str = "all"
    by: str | Sequence[str] = (LABEL,)
    channels: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("select", self.select, SELECT)
        if isinstance(self.by, str):
            object.__setattr__(self, "by", (self.by,) if self.by else ())
        if set(self.by) - {LABEL}:
            raise BadValueError(f"by={list(self.by)}: expected ['label'] or nothing")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum the inputs' normalised relevance of each group."""
        chosen = choose(attribution, self.weights(attribution), self.select, "max")
        classes = [g for g in chosen.groups[1:] if g != NOT_POSITIVE]
        chosen = chosen.only(("all", *classes) if LABEL in self.by else ("all",))
        inputs, sizes = absolute(chosen, self.channels)
        counted = chosen.member & (chosen.size > 0)[:, None]
        shape = (len(chosen.groups), len(inputs), chosen.weights.shape[1])
        total = np.zeros(shape)
        for g, member in enumerate(counted.T):
            total[g] = sizes[member].T @ chosen.weights[member]
        sums = chosen.counts.assign(
            total=(("group", "input", "replica"), total),
            weight=(("group", "replica"), counted.T.astype(np.float64) @ chosen.weights),
            zero=("group", (chosen.member & ~counted).sum(axis=0)),
        ).assign_coords(input=[name for name, _ in inputs])
        return Result(self, sums.assign_attrs(inputs=[told for _, told in inputs]))

    def means(self, result: Result) -> Floats:
        """Return mean normalised relevances ``[group, input, replica]``."""
        found: Floats = ratio(result.sums["total"].values, result.sums["weight"].values[:, None])
        return found

    def spread(self, results: Sequence[Result]) -> tuple[Floats, Floats, Floats]:
        """Return mean and deviation over retrainings as value, low and high ``[group, input]``.

        Of a single training, they are its own with the interval over events.
        """
        if len(results) == 1:
            return interval(self.means(results[0]))
        each = np.stack([self.means(result)[..., 0] for result in results])
        mean, deviation = each.mean(axis=0), each.std(axis=0, ddof=1)
        return mean, mean - deviation, mean + deviation

    def ranking(self, result: Result) -> list[Input]:
        """Return the inputs by mean relevance over all jets, the largest first.

        An image is ``("image", None)``, or one entry a channel where they were kept apart.
        """
        mean = np.nan_to_num(self.means(result)[0, :, 0])
        inputs = result.sums.attrs["inputs"]
        order = np.argsort(-mean, kind="stable")
        return [(inputs[i]["collection"], inputs[i]["input"]) for i in order]

    def numbers(self, result: Result) -> Numbers:
        """Return ``relevance.<group>.<collection>.<feature>``; of an image ``...<group>.image``."""
        found: Numbers = {}
        mean = self.means(result)
        for g, group in enumerate(result.sums["group"].values):
            for i, name in enumerate(result.sums["input"].values):
                found |= named(f"relevance.{group}.{name}", mean[g, i])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return ``relevance.<variation>.<group>.<input>``: mean and interval over retrainings."""
        return compared(ensemble)


def absolute(chosen: Chosen, channels: bool) -> tuple[list[tuple[str, dict[str, Any]]], Floats]:
    """Return the inputs, with what they are, and their summed absolute scores ``[jet, input]``."""
    inputs: list[tuple[str, dict[str, Any]]] = []
    sizes: list[Floats] = []
    for name in collections(chosen.jets):
        size = np.abs(chosen.jets[name + SCORE].values)
        known = features(chosen.jets, name)
        image = size.ndim == 4
        if image:
            size = size.sum(axis=(2, 3), dtype=np.float64)
        elif name + MASK in chosen.jets:
            real = chosen.jets[name + MASK].values[..., None]
            size = np.where(real, size, 0).sum(axis=1, dtype=np.float64)
        if image and not (channels and len(known) > 1):
            described = Feature(name, label=name.capitalize()).as_dict()
            inputs.append((name, described | {"collection": name, "input": None}))
            size = size.sum(axis=1, keepdims=True)
        else:
            inputs += [
                (f"{name}.{f.name}", f.as_dict() | {"collection": name, "input": f.name})
                for f in known
            ]
        sizes.append(size * chosen.scale[:, None])
    return inputs, np.concatenate(sizes, axis=1)
