"""Do moved jets look like those of the class they are moved toward? Observables, recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.summarise.estimates import LEAST, Numbers, named, of_few
from jetlens.summarise.jets.moved import (
    BENT,
    SCALE,
    UNLABELLED,
    UNPHYSICAL,
    check_scanned,
    flipped,
    scale_name,
    scales,
    told,
    unlabelled,
)
from jetlens.summarise.jets.moved_samples import compared_of, described, entries, filled, samples
from jetlens.summarise.jets.moved_scale import ScaleSummary
from jetlens.summarise.jets.shapes import KNOWN
from jetlens.summarise.result import Result
from jetlens.summarise.sums.distance_numbers import distance_numbers, mean_numbers
from jetlens.summarise.sums.nearest import exactly, verdict_numbers, verdicts
from jetlens.summarise.sums.transport import (
    Places,
    bin_width,
    changes,
    hidden,
    moved_distances,
    own_distances,
)
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

Floats = NDArray[np.float64]


@summaries.register("moved-observables")
@dataclass(frozen=True, kw_only=True)
class MovedObservables(ScaleSummary):
    """Observables of jets of each true class, and of jets before and after they were moved.

    How alike two samples are is their Wasserstein distance, in the observable's unit. Moved jets
    are compared with the jets of the class that they were moved toward, and with the same jets
    before: they have come nearer to that class, or farther from it, where the interval of that
    difference, of 95 %, lies on one side of zero by more than a bin may have added. Inputs of the
    tagger are compared likewise, each particle an entry. Of particles with ``pt``, ``deta`` and
    ``dphi`` the observables are those of `jetlens.physics.jet_shapes` (masses are those of the
    feature ``m2``; without it, particles have none), of hits with ``x``, ``y``, ``z`` and
    ``energy`` those of `jetlens.physics.shower_shapes`.

    The recommended scale is the one at which moved jets are nearest to their class, of those at
    which the constraints have to bend the step of no more than a share of the jets: beyond, it is
    no longer the gradient that they follow.

    Parameters
    ----------
    collection
        The particles or hits, with these features among the tagger's inputs.
    observables
        Which; left out, all that the particles' features allow.
    inputs
        Which of the particles' features; left out, those that steps can move: no charges, types,
        counts and masses.
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
    inputs: Sequence[str] = ()
    hard: float = 1.0
    radius: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.observables:
            look_up("observable", name, dict.fromkeys(KNOWN))
        for option in ("hard", "radius"):
            if not getattr(self, option) > 0:
                raise BadValueError(f"{option}={getattr(self, option)}: expected more than 0")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Compute the observables, and histogram them by sample."""
        check_scanned(attribution)
        grouped, home = self.grouped(attribution), self.collection
        jets, weights = grouped.jets, grouped.weights
        names = compared_of(jets, home, self.observables, self.inputs)
        classes, steps = grouped.groups[1:], scales(jets)
        parts, used, went = entries(grouped, home, names, self.hard, self.radius)
        histograms = filled(parts, samples(classes, steps), weights)
        own = (jets["target"].values[:, None] == np.arange(len(classes))) & went[:, None]
        flags = {"flipped": flipped(jets)}
        flags |= {n: jets[n].values.astype(bool) for n in (UNPHYSICAL, BENT) if n in jets}
        counted = {
            name: np.stack([(f & o[:, None]).T @ weights for o in own.T])
            for name, f in flags.items()
        }
        sums = grouped.counts(used).assign(
            {n: (("toward", SCALE, "replica"), v) for n, v in counted.items()}
        )
        sums = sums.assign(
            moved=("toward", own.sum(axis=0)),
            moved_weight=(("toward", "replica"), own.T @ weights),
        )
        sums[UNLABELLED] = unlabelled(jets)
        sums = sums.assign_coords({"toward": list(classes), SCALE: steps}).assign_attrs(
            **told(jets),
            observables=[names.kind.observables[n].as_dict() for n in names.observables],
            inputs=[f.as_dict() for f in described(jets, home, names.inputs)],
        )
        return Result(self, sums, histograms)

    def distances(self, result: Result) -> Floats:
        """Return Wasserstein distances ``[observable, toward, before and scale, class, replica]``.

        The first replica is the nominal one, of finer bins, onto which the others are shifted.
        """
        many, steps = (result.sums.sizes[d] for d in ("toward", SCALE))
        fine, coarse = (result.parts[p] for p in ("fine", "coarse"))
        found = [
            moved_distances(fine.pick(observable=n), coarse.pick(observable=n), many, steps)
            for n in self.names(result)
        ]
        return np.stack(found)

    def bin_width(self, result: Result) -> Floats:
        """Return the widths ``[observable]`` of the bins that nominal distances are made with."""
        fine = result.parts["fine"]
        return np.array([bin_width(fine.pick(observable=n)) for n in self.names(result)])

    def names(self, result: Result) -> tuple[str, ...]:
        """Return the observables of a result, then the inputs (``constituents.pt``)."""
        found: tuple[str, ...] = result.parts["fine"].axes["observable"]
        return found

    def features(self, result: Result) -> tuple[Feature, ...]:
        """Return what the observables are."""
        sums = result.sums.attrs
        known = {f.name: f for f in map(Feature.from_dict, sums["observables"])}
        if "multiplicity_hard" in known:
            words = f"Constituents of $p_T$ > {self.hard:g} GeV"
            known["multiplicity_hard"] = Feature("multiplicity_hard", label=words)
        known |= {f"{self.collection}.{f.name}": f for f in map(Feature.from_dict, sums["inputs"])}
        return tuple(known[n] for n in self.names(result))

    def effective(self, result: Result) -> float:
        """Return the effective number of moved jets."""
        fine = result.parts["fine"].pick(observable=self.names(result)[0])
        before = [name.endswith(".before") for name in fine.axes["sample"]]
        return float(fine.effective()[before].sum())

    def own_distances(self, result: Result) -> Floats:
        """Return the distances to the class stepped toward alone.

        ``[observable, toward, before and scale, replica]``
        """
        return own_distances(self.distances(result))

    def changes(self, result: Result, own: Floats, scale: Places) -> tuple[Floats, Floats, Floats]:
        """Return changes of distances ``[observable, toward]`` by a step, with 95 % intervals."""
        coarse, many = result.parts["coarse"], result.sums.sizes["toward"]
        bins = [
            hidden(coarse.pick(observable=n), many, result.sums.sizes[SCALE])
            for n in self.names(result)
        ]
        return changes(own, scale, np.stack(bins))

    def verdicts(self, result: Result, own: Floats, scale: Places) -> list[list[str]]:
        """Say of each observable and class ``[observable][toward]`` what moving did to it."""
        enough = result.sums["moved"].values >= LEAST
        _, low, high = self.changes(result, own, scale)
        return verdicts(own, scale, (low, high), self.bin_width(result), enough)

    def numbers(self, result: Result) -> Numbers:
        """Return the recommended scales, and what they do.

        ``moved.scale`` is the recommended scale, where there is one. At ``moved.at``, which is that
        one (where it is none or no step, the middle one), ``moved.distance`` is the mean distance
        to the class stepped toward over that before, both without what chance adds to them (see
        `jetlens.summarise.sums.chance`), and ``moved.flipped``, ``moved.unphysical`` and
        ``moved.bent`` are shares of jets (with Wilson's interval next to 0 and 1).
        ``moved.distance.at.<scale>`` is that mean at every scale.

        ``moved.scale.<class>`` is the scale recommended of the jets moved toward a class alone. At
        ``moved.at.<class>``, which is that one (where it is none or no step, ``moved.at``),
        ``moved.distance.<observable>.<class>`` is a distance over that before, where this is more
        than chance; one that is itself not told from chance is below its ``limit_95``, at 95 %.
        ``moved.distance.other.<observable>.<class>`` is the distance there to the nearest of the
        other classes, over the same. ``moved.change.<observable>.<class>`` is the distance, as it
        is found, less the one before, in the observable's
        unit and with the interval ``low_95`` to ``high_95`` besides, both of one Gaussian, and
        ``moved.verdict.<observable>.<class>`` is 1 for nearer, -1 for farther and 0 where the two
        are not told apart. Where the step leaves the distance as it is there is no verdict, and
        ``moved.unchanged.<observable>.<class>`` is 1; else it is 0.
        """
        if int(result.sums["moved"].sum()) < LEAST:
            return {}
        every, scales = self.distances(result), result.sums[SCALE].values
        own = own_distances(every)
        best, places = self.recommended(result, own), self.looked_at(result, own).places
        scale, _ = self.looked_at_together(result, own)
        found = {} if best is None else named("moved.scale", best[1])
        found |= exactly("moved.at", float(scales[scale]))
        found |= mean_numbers(own, [scale_name(s) for s in scales], scale)
        for name, share in self.shares(result, scale).items():
            for full, number in named(f"moved.{name}", share).items():
                found[full] = of_few(number, self.effective(result))
        enough = result.sums["moved"].values >= LEAST
        classes = [str(c) for c in result.sums["toward"].values]
        for t in np.flatnonzero(enough).tolist():
            found |= exactly(f"moved.at.{classes[t]}", float(scales[places[t]]))
            alone = self.recommended(result, own, t)
            found |= {} if alone is None else named(f"moved.scale.{classes[t]}", alone[1])
        _, low, high = self.changes(result, own, places)
        said, names = self.verdicts(result, own, places), self.names(result)
        found |= distance_numbers(every, places, names, classes, enough)
        return found | verdict_numbers(own, places, (low, high), names, classes, said, enough)

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers over retrainings of every variation."""
        return compared(ensemble)
