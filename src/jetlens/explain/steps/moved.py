"""Where jets were moved to, put in the batch's own order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attribution import MOVED, dims
from jetlens.core.table import Table
from jetlens.explain.steps.course import Course, Values, features_back
from jetlens.explain.steps.leg import Leg


class Moved:
    """Physical values of moved jets; NaN in padding, and where nothing was put.

    Parameters
    ----------
    course
        The jets.
    lead
        Axes between the jets' and the particles', with what is along them.
    """

    def __init__(self, course: Course, lead: Mapping[str, Sequence[float]] | None = None) -> None:
        self.course, self.lead = course, dict(lead or {})
        between = [len(names) for names in self.lead.values()]
        self.values: dict[str, NDArray[np.floating]] = {}
        for name in course.tagger.inputs:
            collection = course.batch[name]
            shape = list(collection.values.shape)
            shape[collection.feature_axis] = len(course.tagger.inputs[name])
            shape[1:1] = between
            self.values[name] = np.full(shape, np.nan, dtype=collection.values.dtype)

    def put(self, leg: Leg, values: Values, *at: int) -> None:
        """Take the values of a leg's jets, at positions along the axes between."""
        packed = self.course.packed
        rows = packed.rows[leg.jets].numpy()
        for name, to in self.values.items():
            own = features_back(values[name][: len(self.course.tagger.inputs[name])])
            if name in leg.real:
                jet, place = np.nonzero(leg.real[name])
                there = packed.places[name].cpu()[leg.jets].numpy()[jet, place]
                where: tuple[Any, ...] = (rows[jet], *at, there)
                to[where] = own[jet, place]
            else:
                where = (rows, *at)
                to[where] = own

    def tables(self, ending: str = MOVED) -> dict[str, Table]:
        """Return the values as ``<collection>_moved``, or of another ending."""
        found = {}
        for name, values in self.values.items():
            collection = self.course.batch[name]
            wanted = self.course.tagger.inputs[name]
            axes = dims(name, collection)
            names = dict.fromkeys(axes[1:]) | {axes[collection.feature_axis]: wanted}
            where = collection.positions(wanted)
            told = json.dumps([collection.features[i].as_dict() for i in where])
            attrs = {"features": told} if ending == MOVED else {}
            found[name + ending] = Table(values, {**self.lead, **names}, attrs)
        return found
