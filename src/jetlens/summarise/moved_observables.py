"""Do moved jets look like those of the class they are moved toward? Observables, recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MOVED, VALUE
from jetlens.core.errors import BadValueError, UnsupportedError, look_up
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.physics.jet_shapes import OBSERVABLES, observables
from jetlens.summarise.base import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.classes import ClassSummary, Grouped
from jetlens.summarise.jets.moved import (
    SCALE,
    UNPHYSICAL,
    check_scanned,
    flipped,
    moved,
    scale_name,
    scales,
)
from jetlens.summarise.jets.particle_order import real
from jetlens.summarise.jets.shapes import Entries, constituents, joined
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.quantiles import COARSE, FINE
from jetlens.summarise.sums.transport import changes, distances, mean_relative, relative
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

NEARER, FARTHER, OPEN = "nearer", "farther", "not told apart"

Floats = NDArray[np.float64]


@summaries.register("moved-observables")
@dataclass(frozen=True, kw_only=True)
class MovedObservables(ClassSummary):
    """Observables of jets of each true class, and of jets before and after they were moved.

    How alike two samples are is their Wasserstein distance, in the observable's unit. Moved jets
    are compared with the jets of the class that they were moved toward, and with the same jets
    before: they have come nearer to that class, or farther from it, where the interval of that
    difference, of 95 %, lies on one side of zero. Masses are those of the feature ``m2``; without
    it, particles have none.

    Parameters
    ----------
    collection
        The particles, with ``pt``, ``deta`` and ``dphi`` among the tagger's inputs.
    observables
        Which; left out, all that the particles' features allow.
    hard
        From which pt on ``multiplicity_hard`` counts particles, in GeV.
    radius
        The jets' radius, by which N-subjettiness is divided.

    References
    ----------
    Wasserstein distances between jets: Komiske, Metodiev and Thaler, arXiv:1902.02346.
    """

    collection: str = "constituents"
    observables: Sequence[str] = ()
    hard: float = 1.0
    radius: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.observables:
            look_up("observable", name, OBSERVABLES)
        for option in ("hard", "radius"):
            if not getattr(self, option) > 0:
                raise BadValueError(f"{option}={getattr(self, option)}: expected more than 0")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Compute the observables, and histogram them by sample."""
        check_scanned(attribution)
        grouped = self.grouped(attribution)
        names = self._names(grouped.jets)
        classes, steps = grouped.groups[1:], scales(grouped.jets)
        entries, used, went = self._entries(grouped, names, len(classes), steps)
        axes = {"observable": names, "sample": samples(classes, steps)}
        jet = np.tile(entries.jet, len(names))
        cell = np.arange(len(names))[:, None] * len(axes["sample"]) + entries.sample
        values = np.concatenate([entries.values[n] for n in names])
        weights = grouped.weights
        parts = {
            "fine": Histogram.fill(
                axes, values, cell.ravel(), jet, weights[:, :1], FINE, linear=True
            ),
            "coarse": Histogram.fill(axes, values, cell.ravel(), jet, weights, COARSE, linear=True),
        }
        jets = grouped.jets
        own = (jets["target"].values[:, None] == np.arange(len(classes))) & went[:, None]
        flags = {"flipped": flipped(jets)}
        if UNPHYSICAL in jets:
            flags[UNPHYSICAL] = jets[UNPHYSICAL].values.astype(bool)
        counted = {
            name: np.stack([(f & o[:, None]).T @ weights for o in own.T])
            for name, f in flags.items()
        }
        told = {n: (("toward", SCALE, "replica"), v) for n, v in counted.items()}
        sums = grouped.counts(used).assign(told)
        sums = sums.assign(
            moved=("toward", own.sum(axis=0)),
            moved_weight=(("toward", "replica"), own.T @ weights),
        )
        sums = sums.assign_coords({"toward": list(classes), SCALE: steps}).assign_attrs(
            toward=str(jets.attrs.get("toward", "")), options=jets.attrs.get("options")
        )
        return Result(self, sums, parts)

    def _names(self, jets: xr.Dataset) -> tuple[str, ...]:
        """Return which observables are computed."""
        home = self.collection
        there = list(jets[f"{home}_feature"].values) if home + VALUE in jets else []
        if home + MOVED not in jets or not {"pt", "deta", "dphi"} <= {*there}:
            raise UnsupportedError(
                f"observables of jets need particles in {home!r} that were moved, and their pt, "
                f"deta and dphi among the tagger's inputs: there are {', '.join(there) or 'none'}"
            )
        if "charge" in self.observables and "charge" not in there:
            raise UnsupportedError("the jet's charge needs that of its particles as an input")
        known = [n for n in OBSERVABLES if n != "charge" or "charge" in there]
        return tuple(self.observables) or tuple(known)

    def _entries(
        self, grouped: Grouped, names: tuple[str, ...], classes: int, steps: list[float]
    ) -> tuple[Entries, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return entries of all `samples`, which jets have particles, and which of them moved."""
        jets, home = grouped.jets, self.collection
        mask = real(jets, home)
        features = [str(f) for f in jets[f"{home}_feature"].values]
        target = jets["target"].values

        def computed(values: Floats, some: NDArray[np.bool_]) -> Entries:
            particles, jet = constituents(values, mask & some[:, None], features)
            found = observables(particles, names, hard=self.hard, radius=self.radius)
            return Entries(np.zeros_like(jet), jet, found)

        found = computed(jets[home + VALUE].values, np.ones(len(target), bool))
        used = np.isin(np.arange(len(target)), found.jet)
        went = moved(jets) & used
        stride = 1 + len(steps)
        begin = classes + target * stride
        parts = [found.take(grouped.member[found.jet, 1 + k], k) for k in range(classes)]
        own = went[found.jet]
        parts.append(found.take(own, begin[found.jet[own]]))
        for s in range(len(steps)):
            there = computed(jets[home + MOVED].values[:, s], went)
            parts.append(there._replace(sample=begin[there.jet] + 1 + s))
        return joined(parts), used, went

    def distances(self, result: Result) -> Floats:
        """Return Wasserstein distances ``[observable, toward, before and scale, class, replica]``.

        The first replica is the nominal one, of finer bins, onto which the others are shifted.
        """
        classes = [str(c) for c in result.sums["toward"].values]
        stride, many = 1 + result.sums.sizes[SCALE], len(classes)
        pairs = np.stack(
            np.broadcast_arrays(many + np.arange(many * stride)[:, None], np.arange(many)), -1
        ).reshape(-1, 2)
        found = []
        for name in self.names(result):
            fine, coarse = (
                distances(result.parts[p].pick(observable=name), pairs) for p in ("fine", "coarse")
            )
            shifted = coarse + (fine - coarse[:, :1])
            found.append(np.concatenate([fine, np.maximum(shifted[:, 1:], 0)], axis=1))
        return np.stack(found).reshape(len(found), many, stride, many, -1)

    def bin_width(self, result: Result) -> Floats:
        """Return the widths ``[observable]`` of the bins that nominal distances are made with."""
        levels = [result.parts["fine"].pick(observable=n).level for n in self.names(result)]
        fine = result.parts["fine"]
        ends = [fine.begin(np.array([0, 1]), int(v.max(initial=0))) for v in levels]
        return np.array([end - begin for begin, end in ends])

    def names(self, result: Result) -> tuple[str, ...]:
        """Return the observables of a result."""
        found: tuple[str, ...] = result.parts["fine"].axes["observable"]
        return found

    def features(self, result: Result) -> tuple[Feature, ...]:
        """Return what the observables are."""
        hard = f"Constituents of $p_T$ > {self.hard:g} GeV"
        told = {"multiplicity_hard": Feature("multiplicity_hard", label=hard)}
        return tuple(told.get(n, OBSERVABLES[n]) for n in self.names(result))

    def own_distances(self, result: Result) -> Floats:
        """Return the distances to the class stepped toward alone.

        ``[observable, toward, before and scale, replica]``
        """
        found = self.distances(result)
        return np.stack([found[:, t, :, t] for t in range(found.shape[1])], axis=1)

    def verdicts(self, result: Result, own: Floats, scale: int) -> list[list[str]]:
        """Say of each observable and class ``[observable][toward]`` what moving did to it."""
        low, high = changes(own, scale)
        width = self.bin_width(result)[:, None]  # less than what bins may have added is nothing
        enough = result.sums["moved"].values >= LEAST
        said = np.where(high < -width, NEARER, np.where(low > width, FARTHER, OPEN))
        found: list[list[str]] = np.where(enough, said, OPEN).tolist()
        return found

    def recommended(self, result: Result, own: Floats) -> tuple[int, Floats] | None:
        """Return the scale at which moved jets are nearest: its place, and scales ``[replica]``.

        None where no observable tells jets apart before they are moved, or few jets are moved.
        """
        mean = mean_relative(own)
        known: NDArray[np.bool_] = np.asarray(np.isfinite(mean).all(axis=0))
        if not known[0] or int(result.sums["moved"].sum()) < LEAST:
            return None
        best = np.where(known, mean, 0).argmin(axis=0)
        return int(best[0]), np.where(known, result.sums[SCALE].values[best], np.nan)

    def numbers(self, result: Result) -> Numbers:
        """Return the recommended scale, and what it does.

        ``moved.scale``; there, ``moved.distance`` is the mean distance to the class stepped toward
        over that before, ``moved.distance.<observable>.<class>`` each of them, and
        ``moved.flipped`` and ``moved.unphysical`` are shares of jets.
        """
        own = self.own_distances(result)
        best = self.recommended(result, own)
        if best is None:
            return {}
        scale, chosen = best
        found = named("moved.scale", chosen) | named("moved.distance", mean_relative(own)[scale])
        for name, share in self.shares(result, scale).items():
            found |= named(f"moved.{name}", share)
        each = relative(own)[:, :, scale]
        for n, name in enumerate(self.names(result)):
            for t, toward in enumerate(result.sums["toward"].values):
                if result.sums["moved"].values[t] >= LEAST:
                    found |= named(f"moved.distance.{name}.{toward}", each[n, t])
        return found

    def shares(self, result: Result, scale: int) -> dict[str, Floats]:
        """Return the shares of moved jets ``[replica]`` that flip, or of unphysical raw steps."""
        weight = result.sums["moved_weight"].values.sum(axis=0)
        names = [n for n in ("flipped", UNPHYSICAL) if n in result.sums]
        return {n: ratio(result.sums[n].values[:, scale].sum(axis=0), weight) for n in names}

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers over retrainings of every variation."""
        return compared(ensemble)


def samples(classes: Sequence[str], steps: Sequence[float]) -> tuple[str, ...]:
    """Return the samples' names: true classes, then by class stepped toward, before and moved."""
    own = [["before", *(f"moved.{scale_name(s)}" for s in steps)] for _ in classes]
    return (*classes, *(f"{c}.{n}" for c, names in zip(classes, own, strict=True) for n in names))
