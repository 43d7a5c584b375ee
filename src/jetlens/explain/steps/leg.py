"""A chunk of jets on their course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.errors import BadValueError
from jetlens.explain.shared.slopes import fixed, slopes
from jetlens.explain.steps.constraints import Constraints
from jetlens.explain.steps.course import Course, Floats, Values, features_back, features_first
from jetlens.explain.steps.points import Points
from jetlens.taggers.base import Inputs

Flags = NDArray[np.bool_]

_LARGEST = 1e30
"""Far beyond any value, and its square is still a number."""


@dataclass
class Leg:
    """Some jets, no longer than the longest of them, and the points where their gradient was taken.

    Attributes
    ----------
    course
        Where they go.
    jets
        ``[jet]``, which of the packed jets they are.
    masks
        As the tagger takes them.
    points
        Where their gradients were taken.
    """

    course: Course
    jets: Tensor
    masks: Inputs
    points: Points

    def __len__(self) -> int:
        return len(self.jets)

    @cached_property
    def real(self) -> dict[str, Flags]:
        """The masks as arrays."""
        return {name: mask.cpu().numpy() for name, mask in self.masks.items()}

    def take(self, rows: NDArray[np.intp]) -> Leg:
        """Return some of the jets."""
        where = torch.as_tensor(rows)
        masks = {name: mask[where.to(mask.device)] for name, mask in self.masks.items()}
        return Leg(self.course, self.jets[where], masks, self.points.take(rows))

    def tiled(self, times: int) -> Leg:
        """Return the jets again and again, all of them so many times."""
        return self.take(np.tile(np.arange(len(self)), times))

    def at(self, scale: Floats) -> Values:
        """Return the jets' physical values at their scales ``[jet]``.

        Between the points where the gradient is taken the course is straight but for what the
        constraints make of it.
        """
        part = self.reach(scale)
        found: Values = {}
        for point in np.unique(part):
            rows = np.flatnonzero(part == point)
            if len(rows) == len(self):  # as always where there is one gradient
                return self._moved(int(point), scale - point * self.course.stride)
            some = self.take(rows)
            moved = some._moved(int(point), scale[rows] - point * self.course.stride)
            for name, values in moved.items():
                whole = found.setdefault(
                    name, np.zeros((len(values), len(self), *values.shape[2:]))
                )
                whole[:, rows] = values
        return found

    def reach(self, scale: Floats) -> NDArray[np.int64]:
        """Take the gradients that jets need to come to their scales ``[jet]``, each once.

        Returns
        -------
        At which point ``[jet]`` the last of them is taken.
        """
        course = self.course
        part = np.zeros(len(scale), dtype=np.int64)
        if course.stride > 0:
            part = np.minimum((scale / course.stride).astype(np.int64), course.steps - 1)
        for point in range(1, int(part.max(initial=0)) + 1):
            rows = np.flatnonzero((part >= point) & (self.points.reached < point))
            if len(rows):
                self._take_gradient(point, rows)
        return part

    def _take_gradient(self, point: int, rows: NDArray[np.intp]) -> None:
        """Take the gradient of some jets at a point of the course, where they were at that before.

        Of the others, nothing is known there.
        """
        course, some = self.course, self.take(rows)
        chosen = course.chosen[some.jets.to(course.chosen.device)]
        values = some._moved(point - 1, np.full(len(rows), course.stride))
        found = slopes(course.tagger, course.target, some.inputs(values), some.masks, fixed(chosen))
        real = {
            n: v.masked_fill(~some.masks[n][..., None], 0) if n in some.masks else v
            for n, v in found.slopes.items()
        }
        self.points.put(course, point, rows, values, course.ways(course.normalised(real)))

    def _moved(self, point: int, scale: Floats) -> Values:
        """Step from a point, under the constraints.

        Raises
        ------
        BadValueError
            If a step leads beyond all bounds, as one in a logarithm soon does.
        """
        course = self.course
        raw = self.raw(point, scale, course.loose)
        found = self.constrained(point, raw, course.constraints)
        for name, values in found.items():
            bad = ~(np.abs(values) <= _LARGEST)
            if bad.any():
                feature, jet = np.argwhere(bad)[0][:2]
                row = int(course.packed.rows[self.jets[int(jet)]])
                raise BadValueError(
                    f"scale {scale[jet] + point * course.stride:g}: jet {row} of the batch comes "
                    f"to where {name}.{course.names[name][feature]} is no longer a number; take "
                    "smaller scales"
                )
        return found

    def constrained(self, point: int, raw: Values, constraints: Constraints) -> Values:
        """Return where constraints let a step from a point come to that leads to `raw`."""
        course = self.course
        found: Values = {}
        for name, values in raw.items():
            names, limits = course.names[name], course.limits[name]
            # a step in a logarithm soon leads beyond all bounds
            with np.errstate(over="ignore", invalid="ignore"):
                after = constraints.apply(
                    dict(zip(names, self.points.starts[point][name], strict=True)),
                    dict(zip(names, values, strict=True)),
                    self.real[name].astype(np.float64) if name in self.real else None,
                    course.roles[name],
                    limits.radius,
                    course.tagger.scaling.floors.get(name, {}),
                    limits.ends,
                    course.held[name],
                    limits.cells,
                )
            found[name] = np.stack([after[n] for n in names])
        return found

    def raw(self, point: int, scale: Floats, loose: Mapping[str, Floats] | None = None) -> Values:
        """Step from a point without any constraint, of the features that are loose or of all."""
        course = self.course
        found = {}
        for name, start in self.points.starts[point].items():
            way = self.points.ways[point][name]
            wide = scale.reshape(-1, *[1] * (way.ndim - 2))
            step = way * self.points.rates[point][name] * wide
            if loose is not None:
                step *= loose[name].reshape(-1, *[1] * (way.ndim - 1))
            moved = start.copy()
            floors = course.tagger.scaling.floors.get(name, {})
            for i, feature in enumerate(course.tagger.inputs[name]):
                if feature in floors:  # a step in the logarithm
                    above = np.where(start[i] > 0, start[i], 1.0)  # what is below stays
                    with np.errstate(over="ignore"):
                        moved[i] = start[i] * np.exp(step[i] / above)
                else:
                    moved[i] += step[i]
            found[name] = moved
        return found

    def scaled(self, values: Values) -> Values:
        """Return physical values of the tagger's features, scaled."""
        tagger, found = self.course.tagger, {}
        for name, features in tagger.inputs.items():
            own = np.moveaxis(values[name][: len(features)], 0, -1)
            found[name] = np.moveaxis(tagger.scaling.scaled(own, name, features), -1, 0)
        return found

    def inputs(self, values: Values) -> Inputs:
        """Return physical values as the tagger takes them."""
        found = {}
        for name, scaled in self.scaled(values).items():
            tensor = torch.as_tensor(features_back(scaled)).to(self.course.packed.inputs[name])
            if name in self.masks:
                tensor = tensor.masked_fill(~self.masks[name][..., None], 0)
            found[name] = tensor.contiguous()
        return found

    def says(self, values: Values, scale: Floats) -> Tensor:
        """Return the tagger's logits of moved jets.

        Raises
        ------
        BadValueError
            If they are not finite; the message says at which scale.
        """
        course = self.course
        with torch.no_grad():
            logits: Tensor = course.tagger(self.inputs(values), self.masks)
        bad = ~torch.isfinite(logits).all(-1)
        if bad.any():
            jet = int(bad.nonzero()[0, 0])
            row = int(course.packed.rows[self.jets[jet]])
            raise BadValueError(
                f"scale {scale[jet]:g}: the tagger gives {logits[jet].tolist()} for jet {row} of "
                f"the batch ({int(bad.sum())} such jets): expected finite logits; take smaller "
                "scales"
            )
        return logits


def legs(course: Course, scales: int = 1) -> Iterator[Leg]:
    """Yield the jets that move at the start of their course, in chunks of about the same work.

    Parameters
    ----------
    course
        Where they go.
    scales
        At how many scales at once the tagger is asked about a jet.
    """
    for jets in course.packed.chunks(rows_per_jet=scales):
        _, masks = course.packed.cut(jets)
        start, score = {}, {}
        for name, values in course.values.items():
            places = (jets, slice(masks[name].shape[1])) if name in masks else jets
            start[name] = features_first(values[places])
            score[name] = course.scores[name][places]
        which = torch.arange(len(course.packed))[jets]
        points = Points.at_start(course, len(which), start, course.ways(score))
        leg = Leg(course, which, masks, points)
        moving = np.flatnonzero(course.moves[jets])
        if len(moving):
            yield leg if len(moving) == len(leg) else leg.take(moving)
