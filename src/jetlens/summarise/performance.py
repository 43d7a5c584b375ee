"""How well the tagger tags: ROC curves, rejections, areas, and a single variable to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE
from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.base import Summary
from jetlens.summarise.estimates import Numbers, named, ratio, share_interval
from jetlens.summarise.jets.discriminant import CHARM, discriminant, signal_among
from jetlens.summarise.jets.rows import ROWS, rows
from jetlens.summarise.jets.variables import of_jets
from jetlens.summarise.result import Result
from jetlens.summarise.sums.closest import Closest
from jetlens.summarise.sums.curves import Curves, per_cent
from jetlens.summarise.sums.entries import add_up
from jetlens.summarise.sums.quantiles import fill_both
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.performances import TAGGER, compared

SINGLE = "single"
CLOSEST = "closest"
"""The part of a result with the values of signal jets that come closest to those asked for."""
LIGHT = {"u": "light"}
"""What a class is called in names of numbers, where that differs."""

Floats = NDArray[np.float64]


@summaries.register("performance")
@dataclass(frozen=True, kw_only=True)
class Performance(Summary):
    """ROC curves, rejections and areas under the curve of a tagger's discriminant.

    The discriminant is ``log(pb / (fc pc + (1 - fc) pu))`` (arXiv:2505.19689) where the classes are
    b, c and u; with other classes it is the log of the signal's probability over the others' sum.
    It is compared with one variable: the jet's own, or the largest of its particles'. No scores are
    needed, and all jets with a known label count.

    Parameters
    ----------
    signal
        The class to be tagged; left out, ``"b"`` or ``"signal"`` where there is one, otherwise the
        last class.
    fc
        The share of c-jets in the discriminant's background.
    efficiencies
        Signal efficiencies of the working points, at which backgrounds' rejections are told.
    mistags
        Background efficiencies at which the signal's is told.
    variable
        The single variable; jets without particles have its lowest value. Where the tagger's inputs
        do not have it, there is no comparison.
    collection
        Whose variable it is: particles, or ``"jets"``.
    signal_with
        What signal jets must have: names of the jets' variables, or of truth beside these, with
        values, such as ``{resonance_mass = 1000}``. Other signal jets are left out.
    weight
        A variable of the jets, or truth beside these, that they count with in place of once: such
        as ``"xsec_weight"``.
    """

    needs_scores: ClassVar[bool] = False

    signal: str | None = None
    fc: float = CHARM
    efficiencies: tuple[float, ...] = (0.60, 0.70, 0.77, 0.85)
    mistags: tuple[float, ...] = (0.01, 0.10)
    variable: str = "IP3D_signed_d0_significance"
    collection: str = "tracks"
    signal_with: Mapping[str, float] = field(default_factory=dict)
    weight: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.fc < 1:
            raise BadValueError(f"fc={self.fc}: expected a number between 0 and 1")
        for name in ("efficiencies", "mistags"):
            for share in getattr(self, name):
                if not 0 < share < 1:
                    raise BadValueError(f"{name}={share}: expected numbers between 0 and 1")

    @property
    def condition(self) -> str:
        """What is asked of jets, and what they count with, in words; empty if nothing special."""
        words = [f"signal of {' and '.join(self._asked())}"] if self.signal_with else []
        return ", ".join([*words, *([f"weighted by {self.weight}"] if self.weight else [])])

    def _asked(self) -> list[str]:
        return [f"{name.replace('_', ' ')} {value:g}" for name, value in self.signal_with.items()]

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram the discriminant of each class, and count predictions."""
        classes = tuple(str(c) for c in attribution["class"].values)
        output = attribution["output"].values.astype(np.float64)
        label = attribution["label"].values
        weights = self.weights(attribution)
        if self.weight is not None:
            weights *= of_jets(attribution, self.weight)[:, None]
        scores = {TAGGER: discriminant(output, classes, self.signal, self.fc)}
        names = f"{self.collection}_feature"
        if names in attribution.coords and self.variable in attribution[names].values:
            values = attribution[self.collection + VALUE].sel({names: self.variable}).values
            if self.collection + MASK in attribution:
                mask = attribution[self.collection + MASK].values
                values = np.where(mask, values, -np.inf).max(axis=1, initial=-np.inf)
            scores[SINGLE] = values.astype(np.float64)

        signal = label == classes.index(signal_among(classes, self.signal))
        asked = {name: of_jets(attribution, name) for name in self.signal_with}
        wanted = ~signal | np.all(
            [np.isclose(asked[n], v) for n, v in self.signal_with.items()], axis=0
        )
        jet = np.flatnonzero((label >= 0) & wanted)
        cell = np.arange(len(scores))[:, None] * len(classes) + label[jet]
        parts: dict[str, Any] = fill_both(
            {"score": tuple(scores), "class": classes},
            np.concatenate([s[jet] for s in scores.values()]),
            cell.ravel(),
            np.tile(jet, len(scores)),
            weights,
        )
        if asked:
            own = {name: values[signal] for name, values in asked.items()}
            parts[CLOSEST] = Closest.among(self.signal_with, own)
        shape = (len(classes), len(classes))
        predicted = output[jet].argmax(axis=1)
        confusion = add_up(label[jet] * len(classes) + predicted, jet, weights, shape)
        sums = xr.Dataset(
            {
                "confusion": (("class", "predicted", "replica"), confusion),
                "jets": ("class", np.bincount(label[jet], minlength=len(classes))),
                "unknown": ((), np.int64((label < 0).sum())),
            },
            coords={"class": list(classes), "predicted": list(classes)},
            attrs={ROWS: rows(attribution)},
        )
        return Result(self, sums, parts)

    def signal_of(self, result: Result) -> str:
        """Return the class that was tagged."""
        return signal_among([str(c) for c in result.sums["class"].values], self.signal)

    def missing(self, result: Result) -> str:
        """Say that no signal jet has what is asked of it, and what comes nearest; else empty."""
        if not self.signal_with or int(result.sums["jets"].sel({"class": self.signal_of(result)})):
            return ""
        closest: Closest = result.parts[CLOSEST]
        if all(value is None for value in closest.found.values()):
            return "there are no signal jets"
        if told := closest.told():
            return f"no signal jet has {told}"
        return f"no signal jet has all of {' and '.join(self._asked())}"

    def curves(self, result: Result, score: str = TAGGER) -> Curves:
        """Return what tells the signal from each background: the tagger's score, or another."""
        fine, coarse = (result.parts[n].pick(score=score) for n in ("fine", "coarse"))
        return Curves(self.signal_of(result), fine, coarse, uneven=self.weight is not None)

    def numbers(self, result: Result) -> Numbers:
        """Return ``accuracy``, ``auc.b_vs_light``, ``rejection.light.at_77`` and the like.

        ``auc.single.*`` belongs to the single variable, ``auc.gain.*`` to the difference, and
        ``efficiency.light.at_1`` is the signal's efficiency at 1 % of the background (one of
        `mistags`; at 0.5 % it is ``at_0.5``).
        """
        found = named("accuracy", self.accuracies(result))
        curves = self.curves(result)
        has_single = SINGLE in result.parts["fine"].axes["score"]
        single = self.curves(result, SINGLE) if has_single else None
        for background in curves.backgrounds:
            value, replicas = curves.area(background)
            pair = f"{curves.signal}_vs_{LIGHT.get(background, background)}"
            found |= named(f"auc.{pair}", replicas, value)
            if single is not None:
                other, spread = single.area(background)
                found |= named(f"auc.single.{pair}", spread, other)
                found |= named(f"auc.gain.{pair}", replicas - spread, value - other)
        for background in curves.backgrounds:
            for mistag in self.mistags:
                value, replicas = curves.efficiency_at(background, mistag)
                name = f"efficiency.{LIGHT.get(background, background)}.at_{per_cent(mistag)}"
                found |= named(name, replicas, value)
        for point in curves.working_points(self.efficiencies):
            name = f"rejection.{LIGHT.get(point.background, point.background)}"
            triple = {"value": point.rejection, "low": point.low, "high": point.high}
            if np.isfinite(list(triple.values())).all():
                found[f"{name}.at_{per_cent(point.efficiency)}"] = triple
        return found

    def accuracies(self, result: Result) -> Floats:
        """Return the share of jets whose predicted class is the true one, ``[replica]``."""
        confusion = result.sums["confusion"].values
        found: Floats = ratio(np.trace(confusion, axis1=0, axis2=1), confusion.sum(axis=(0, 1)))
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers of every variation over its retrainings, and gains between them."""
        return compared(ensemble)

    def confusion(self, result: Result) -> tuple[Floats, Floats, Floats]:
        """Return the share of each true class that is predicted as each, with its interval.

        Next to 0 and 1, where a bootstrap knows no error, it is Wilson's (`share_interval`).
        """
        counted = result.sums["confusion"].values
        jets = result.parts["fine"].pick(score=TAGGER).effective()
        return share_interval(ratio(counted, counted.sum(axis=1, keepdims=True)), jets[:, None])
