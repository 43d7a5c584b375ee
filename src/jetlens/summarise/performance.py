"""How well the tagger tags: ROC curves, rejections, areas, and a single variable to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import summaries
from jetlens.summarise.base import Numbers, Summary, add_up, interval, named, ratio
from jetlens.summarise.jets.variables import of_jets
from jetlens.summarise.result import Result
from jetlens.summarise.sums.quantiles import fill_both
from jetlens.summarise.sums.roc import area, efficiencies, efficiency_at, wilson
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.gains import MISTAGS, TAGGER, compared

SINGLE = "single"
SIGNALS = ("b", "signal")
"""Classes that are tagged where nobody says which."""
LIGHT = {"u": "light"}
"""What a class is called in names of numbers, where that differs."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WorkingPoint:
    """Rejection of a background at a signal efficiency, with its 68 % binomial interval."""

    background: str
    efficiency: float
    rejection: float
    low: float
    high: float


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
        Signal efficiencies of the working points.
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
    fc: float = 0.018
    efficiencies: tuple[float, ...] = (0.60, 0.70, 0.77, 0.85)
    variable: str = "IP3D_signed_d0_significance"
    collection: str = "tracks"
    signal_with: Mapping[str, float] = field(default_factory=dict)
    weight: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.fc < 1:
            raise BadValueError(f"fc={self.fc}: expected a number between 0 and 1")
        for efficiency in self.efficiencies:
            if not 0 < efficiency < 1:
                raise BadValueError(f"efficiencies={efficiency}: expected between 0 and 1")

    @property
    def condition(self) -> str:
        """What is asked of jets, and what they count with, in words; empty if nothing special."""
        words = [f"{name.replace('_', ' ')} {value:g}" for name, value in self.signal_with.items()]
        words = [f"signal of {' and '.join(words)}"] if words else []
        return ", ".join([*words, *([f"weighted by {self.weight}"] if self.weight else [])])

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram the discriminant of each class, and count predictions."""
        classes = tuple(str(c) for c in attribution["class"].values)
        output = attribution["output"].values.astype(np.float64)
        label = attribution["label"].values
        weights = self.weights(attribution)
        if self.weight is not None:
            weights *= of_jets(attribution, self.weight)[:, None]
        scores = {TAGGER: self.discriminant(output, classes)}
        names = f"{self.collection}_feature"
        if names in attribution.coords and self.variable in attribution[names].values:
            values = attribution[self.collection + VALUE].sel({names: self.variable}).values
            if self.collection + MASK in attribution:
                mask = attribution[self.collection + MASK].values
                values = np.where(mask, values, -np.inf).max(axis=1, initial=-np.inf)
            scores[SINGLE] = values.astype(np.float64)

        wanted = label != classes.index(self.signal_among(classes))
        wanted |= np.all(
            [np.isclose(of_jets(attribution, n), v) for n, v in self.signal_with.items()], axis=0
        )
        jet = np.flatnonzero((label >= 0) & wanted)
        cell = np.arange(len(scores))[:, None] * len(classes) + label[jet]
        parts = fill_both(
            {"score": tuple(scores), "class": classes},
            np.concatenate([s[jet] for s in scores.values()]),
            cell.ravel(),
            np.tile(jet, len(scores)),
            weights,
        )
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
        )
        return Result(self, sums, parts)

    def discriminant(self, output: Floats, classes: tuple[str, ...]) -> Floats:
        """Return the discriminant ``[jet]`` of logits ``[jet, class]``."""
        position = {c: i for i, c in enumerate(classes)}
        signal = self.signal_among(classes)
        if signal == "b" and {"c", "u"} <= set(classes):
            share = {"c": self.fc, "u": 1 - self.fc}
        else:
            share = {c: 1.0 for c in classes if c != signal}
        background = np.full(len(output), -np.inf)
        for name, weight in share.items():
            background = np.logaddexp(background, np.log(weight) + output[:, position[name]])
        return np.asarray(output[:, position[signal]] - background)

    def signal_among(self, classes: Sequence[str]) -> str:
        """Return the class to be tagged, of those that there are."""
        if self.signal is not None:
            return look_up("class", self.signal, {c: c for c in classes})
        return next((c for c in SIGNALS if c in classes), classes[-1])

    def signal_of(self, result: Result) -> str:
        """Return the class that was tagged."""
        return self.signal_among([str(c) for c in result.sums["class"].values])

    def backgrounds(self, result: Result) -> tuple[str, ...]:
        """Return the classes other than the signal."""
        signal = self.signal_of(result)
        return tuple(str(c) for c in result.sums["class"].values if c != signal)

    def roc(self, result: Result, background: str, score: str = TAGGER) -> tuple[Floats, Floats]:
        """Return the efficiencies of signal and background at every cut, from tight to loose."""
        histogram = result.parts["fine"].pick(score=score)
        names = list(histogram.axes["class"])
        content = histogram.aligned()[1][:, :, 0]
        pair = names.index(self.signal_of(result)), names.index(background)
        return efficiencies(content[pair[0]], content[pair[1]])

    def efficiency_at(self, result: Result, background: str, mistag: float) -> tuple[float, Floats]:
        """Return the signal efficiency at a background's, and its replicas ``[replica]``.

        NaN where one of the classes is empty.
        """
        found = []
        for name in ("fine", "coarse"):
            histogram = result.parts[name].pick(score=TAGGER)
            names = list(histogram.axes["class"])
            content = histogram.aligned()[1]
            signal, other = (content[names.index(c)] for c in (self.signal_of(result), background))
            found.append(efficiency_at(signal, other, mistag))
        return float(found[0][0]), found[1]

    def rejection_at(
        self, result: Result, background: str, efficiency: float
    ) -> tuple[float, Floats]:
        """Return a background's rejection at a signal efficiency, and its replicas ``[replica]``.

        NaN where one of the classes is empty, or nothing of the background passes.
        """
        found = []
        for name in ("fine", "coarse"):
            histogram = result.parts[name].pick(score=TAGGER)
            names = list(histogram.axes["class"])
            content = histogram.aligned()[1]
            signal, other = (content[names.index(c)] for c in (self.signal_of(result), background))
            # the signal's efficiency takes the place of a mistag
            found.append(ratio(1.0, efficiency_at(other, signal, efficiency)))
        return float(found[0][0]), found[1]

    def working_points(self, result: Result, score: str = TAGGER) -> list[WorkingPoint]:
        """Return the rejections at each efficiency; binomial (Wilson) intervals, infinite ends too.

        The cut itself counts as known: its own uncertainty is not in the interval.
        """
        found = []
        tagged = self.signal_of(result)
        histogram = result.parts["fine"].pick(score=score)
        for c, name in enumerate(histogram.axes["class"]):
            signal, background = self.roc(result, name, score)
            if name == tagged or np.isnan([signal[-1], background[-1]]).any():
                continue
            total = histogram.content[histogram.cell == c, 0].sum()
            jets = total**2 / histogram.squares[c]  # effective number of weighted jets
            for efficiency in self.efficiencies:
                passed = float(np.interp(efficiency, signal, background))
                low, high = wilson(passed, jets)
                found.append(
                    WorkingPoint(
                        background=name,
                        efficiency=efficiency,
                        rejection=_over(passed),
                        low=_over(high),
                        high=_over(low),
                    )
                )
        return found

    def areas(self, result: Result, score: str = TAGGER) -> dict[str, tuple[float, Floats]]:
        """Return, for each background, the area under the curve and its replicas ``[replica]``."""
        found = {}
        fine, coarse = (result.parts[n].pick(score=score) for n in ("fine", "coarse"))
        names = list(fine.axes["class"])
        for background in self.backgrounds(result):
            pair = names.index(self.signal_of(result)), names.index(background)
            value, replicas = (area(*h.aligned()[1][pair, :, :]) for h in (fine, coarse))
            found[background] = float(value[0]), replicas
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return ``accuracy``, ``auc.b_vs_light``, ``rejection.light.at_77`` and the like.

        ``auc.single.*`` belongs to the single variable, ``auc.gain.*`` to the difference, and
        ``efficiency.light.at_1`` is the signal's efficiency at 1 % of the background.
        """
        found = named("accuracy", self.accuracies(result))
        tagger = self.areas(result)
        has_single = SINGLE in result.parts["fine"].axes["score"]
        single = self.areas(result, SINGLE) if has_single else {}
        for background, (value, replicas) in tagger.items():
            pair = f"{self.signal_of(result)}_vs_{LIGHT.get(background, background)}"
            found |= named(f"auc.{pair}", replicas, value)
            if background in single:
                other, spread = single[background]
                found |= named(f"auc.single.{pair}", spread, other)
                found |= named(f"auc.gain.{pair}", replicas - spread, value - other)
        for background in tagger:
            for mistag in MISTAGS:
                value, replicas = self.efficiency_at(result, background, mistag)
                name = f"efficiency.{LIGHT.get(background, background)}.at_{100 * mistag:.0f}"
                found |= named(name, replicas, value)
        for point in self.working_points(result):
            name = f"rejection.{LIGHT.get(point.background, point.background)}"
            triple = {"value": point.rejection, "low": point.low, "high": point.high}
            if np.isfinite(list(triple.values())).all():
                found[f"{name}.at_{100 * point.efficiency:.0f}"] = triple
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

        Where a share is 0 or 1, of which a bootstrap knows no error, it is Wilson's.
        """
        counted = result.sums["confusion"].values
        value, low, high = interval(ratio(counted, counted.sum(axis=1, keepdims=True)))
        jets = result.parts["fine"].pick(score=TAGGER).effective()
        for i, j in np.argwhere((value == 0) | (value == 1)):
            low[i, j], high[i, j] = wilson(float(value[i, j]), float(jets[i]))
        return value, low, high


def _over(efficiency: float) -> float:
    return 1 / efficiency if efficiency > 0 else float("inf")
