"""Do moved jets look like those of the class they are moved toward? Observables, recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import CONTROL
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
from jetlens.summarise.sums.nearest import control_numbers, exactly, verdict_numbers
from jetlens.summarise.sums.transport import own_distances
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
    difference, of 95 %, lies on one side of zero by more than a bin may have added. Any step does
    something to a jet: where ``nudge`` moved jets by control steps besides, distances are compared
    with those after these, too, in the same way. Inputs of the
    tagger are compared likewise, each particle an entry. Of particles with ``pt``, ``deta`` and
    ``dphi`` the observables are those of `jetlens.physics.jet_shapes` (masses are those of the
    feature ``m2``; without it, particles have none), of hits with ``x``, ``y``, ``z`` and
    ``energy`` those of `jetlens.physics.shower_shapes`.

    The recommended scale is the one at which moved jets are nearest to their class, of those at
    which the constraints have to bend the step of no more than a share of the jets (beyond, it is
    no longer the gradient that they follow), and at which jets are no farther than after a control
    step. Observables that are about the same, such as how wide jets are, count once.

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
        controlled = home + CONTROL in jets
        histograms = filled(parts, samples(classes, steps, controlled), weights)
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
            groups=[names.kind.about.get(n, n) for n in (*names.observables, *names.inputs)],
            controlled=controlled,
        )
        return Result(self, sums, histograms)

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

        With control steps, ``moved.control.<observable>.<class>`` is the distance less that after
        the control's step, like ``moved.change``, and ``moved.picked_up.<observable>.<class>`` is 1
        where it is nearer than that, -1 where it is farther and 0 where the two are not told apart;
        where they are the same, it is not given. ``moved.control.at.<scale>`` is the mean distance
        over that before, less the control's.
        """
        if int(result.sums["moved"].sum()) < LEAST:
            return {}
        every, scales = self.distances(result), result.sums[SCALE].values
        own, control = own_distances(every), self.control(result)
        best, places = self.recommended(result, own), self.looked_at(result, own).places
        scale, _ = self.looked_at_together(result, own)
        found = {} if best is None else named("moved.scale", best[1])
        found |= exactly("moved.at", float(scales[scale]))
        of_scales = [scale_name(s) for s in scales]
        found |= mean_numbers(own, of_scales, scale, self.groups(result), control)
        for name, share in self.shares(result, scale).items():
            for full, number in named(f"moved.{name}", share).items():
                found[full] = of_few(number, self.effective(result))
        enough = result.sums["moved"].values >= LEAST
        classes = [str(c) for c in result.sums["toward"].values]
        for t in np.flatnonzero(enough).tolist():
            found |= exactly(f"moved.at.{classes[t]}", float(scales[places[t]]))
            alone = self.recommended(result, own, t)
            found |= {} if alone is None else named(f"moved.scale.{classes[t]}", alone[1])
        names = self.names(result)
        found |= distance_numbers(every, places, names, classes, enough)
        ends, said = self.changes(result, own, places)[1:], self.verdicts(result, own, places)
        found |= verdict_numbers(own, places, ends, names, classes, said, enough)
        if control is None:
            return found
        ends = self.changes(result, own, places, control)[1:]
        said = self.verdicts(result, own, places, control)
        return found | control_numbers(own, control, places, ends, names, classes, said, enough)

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers over retrainings of every variation."""
        return compared(ensemble)
