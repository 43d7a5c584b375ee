"""Images of relevance: its mean over the jets of each class, and single jets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import SCORE, VALUE, collections, features
from jetlens.core.errors import BadValueError, UnsupportedError, look_up
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.summarise.estimates import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.selection import NOT_POSITIVE, Chosen, ScoreSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

MOMENTS = ("sum", "absolute", "positive", "x", "xx", "y", "yy")
"""Sums over an image's pixels: of relevance, its size, its positive part; of its size times x..."""
SIGNIFICANT = 2.0
"""Standard errors that a pixel's mean relevance is away from zero, where it is shown as such."""

Floats = NDArray[np.float64]


@summaries.register("jet-image")
@dataclass(frozen=True, kw_only=True)
class JetImage(ScoreSummary):
    """Mean image and mean relevance of its pixels for each class, and a few single jets.

    Results grow with pixels times replicas: large images want fewer replicas.

    Parameters
    ----------
    toward
        A class: where the scores of a jet are those of another class, their signs are turned
        around. Left out, scores are as they are, for whatever was explained of the jet.
    channels
        Whether an image's channels are kept apart, or summed.
    jets
        Single jets kept of each class: those of the smallest hash.
    collection
        The image.

    References
    ----------
    Agarwal et al., arXiv:2011.13466.
    """

    normalise: str = "none"
    toward: str = ""
    channels: bool = False
    jets: int = 2
    collection: str = "image"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jets < 0:
            raise BadValueError(f"jets={self.jets}: expected none or more")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up images and relevance pixel by pixel."""
        images = {c: c for c in collections(attribution) if attribution[c + SCORE].ndim == 4}
        if not images:
            raise UnsupportedError(
                f"there is no image in this attribution for {self.registered_name!r}: the tagger "
                f"takes {', '.join(collections(attribution)) or 'nothing that has scores'}"
            )
        home = look_up("image", self.collection, images)
        classes = {str(c): i for i, c in enumerate(attribution["class"].values)}
        if self.toward:
            look_up("class", self.toward, classes)
        chosen = self.choose(attribution)
        if self.normalise != "sum":
            chosen = chosen.only(tuple(g for g in chosen.groups if g != NOT_POSITIVE))
        jets = chosen.jets
        score = jets[home + SCORE].values * self._factor(chosen, classes)[:, None, None, None]
        jets = jets.assign({home + SCORE: (jets[home + SCORE].dims, score)})
        value = jets[home + VALUE].values
        known = features(jets, home)
        if not self.channels and len(known) > 1:
            score, value = (v.sum(axis=1, keepdims=True) for v in (score, value))
            units = {f.axis.replace(f.title, "") for f in known}
            unit = known[0].unit if len(units) == 1 else ""
            known = (Feature(home, unit=unit, label="Sum of channels"),)

        groups, (_, channels, high, wide) = len(chosen.groups), score.shape
        places = {d: _places(jets, d, n) for d, n in (("x", wide), ("y", high))}
        pixels = channels * high * wide
        total = np.zeros((groups, pixels, chosen.weights.shape[1]))
        image = np.zeros((groups, pixels))
        moment = np.zeros((groups, len(MOMENTS), chosen.weights.shape[1]))
        moments = _moments(score, places["x"], places["y"])
        for g, member in enumerate(chosen.member.T):
            weights = chosen.weights[member]
            total[g] = score[member].reshape(-1, pixels).T.astype(np.float64) @ weights
            image[g] = weights[:, 0] @ value[member].reshape(-1, pixels)
            moment[g] = moments[member].T @ weights
        axes, shape = ("group", "channel", "y", "x"), (groups, channels, high, wide)
        sums = chosen.counts.assign(
            score=((*axes, "replica"), total.reshape(*shape, -1)),
            value=(axes, image.reshape(shape)),
            moments=(("group", "moment", "replica"), moment),
        ).assign_coords({"channel": [f.name for f in known], "moment": list(MOMENTS)} | places)
        attrs = {
            "features": [f.as_dict() for f in known],
            "axes": {d: json.loads(jets[d].attrs["feature"]) for d in "xy" if d in jets.coords},
            "target": self.toward or str(jets.attrs.get("target", "")),
        }
        axis = {"jet", "class", f"{home}_channel", "y", "x"}
        kept = [str(n) for n, v in jets.data_vars.items() if axis.issuperset(map(str, v.dims))]
        examples = Examples.choose(jets.isel(jet=chosen.member[:, 0])[kept], home, self.jets)
        return Result(self, sums.assign_attrs(attrs), {"examples": examples})

    def _factor(self, chosen: Chosen, classes: dict[str, int]) -> NDArray[np.float64]:
        """Return what each jet's scores are multiplied by ``[jet]``: scale and sign."""
        if not self.toward:
            return chosen.scale
        target = chosen.jets["target"].values
        other = (target >= 0) & (target != classes[self.toward])
        return chosen.scale * np.where(other, -1.0, 1.0)

    def mean(self, result: Result) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return mean image and mean relevance ``[group, channel, y, x]``, and where it is not 0.

        A pixel's relevance is not zero where its mean is more than two standard errors (of the
        bootstrap over events) away; of fewer than `LEAST` jets, nothing is said to be zero.
        """
        weight = result.sums["weight"].values[:, None, None, None]
        score = ratio(result.sums["score"].values, weight)
        value = ratio(result.sums["value"].values, weight[..., 0])
        with np.errstate(invalid="ignore"):
            error = np.nan_to_num(score[..., 1:]).std(axis=-1)
        few = result.sums["jets"].sel(count="used").values < LEAST
        clear = np.abs(score[..., 0]) > SIGNIFICANT * error
        return value, score[..., 0], clear | few[:, None, None, None]

    def over_retrainings(self, results: Sequence[Result]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the mean over retrainings ``[group, channel, y, x]``, and where it is not 0.

        Errors are standard errors of the mean over retrainings; of a single one, as in `mean`.
        """
        if len(results) == 1:
            return self.mean(results[0])[1:]
        each = np.stack([self.mean(result)[1] for result in results])
        mean, error = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(len(each))
        return mean, np.abs(mean) > SIGNIFICANT * error

    def numbers(self, result: Result) -> Numbers:
        """Return numbers of the relevance of images, ``jet_image.<group>.<name>``.

        ``sum`` is its mean sum over pixels, ``positive`` the share of its absolute value that is
        positive, ``width_x`` and ``width_y`` the root mean squared distance of its absolute value
        from its centre, in the axes' units.
        """
        found: Numbers = {}
        moments = result.sums["moments"]
        of = {m: moments.sel(moment=m).values for m in MOMENTS}
        weight = result.sums["weight"].values
        estimates = {
            "sum": ratio(of["sum"], weight),
            "positive": ratio(of["positive"], of["absolute"]),
        }
        for axis in "xy":
            mean = ratio(of[axis], of["absolute"])
            square = ratio(of[axis + axis], of["absolute"]) - mean**2
            estimates[f"width_{axis}"] = np.sqrt(np.maximum(square, 0))
        for g, group in enumerate(result.sums["group"].values):
            for name, values in estimates.items():
                found |= named(f"jet_image.{group}.{name}", values[g])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)


def _places(jets: xr.Dataset, axis: str, many: int) -> Floats:
    """Return the pixels' places along an axis: its coordinates if it has some, or numbers."""
    if axis in jets.coords:
        return np.asarray(jets.coords[axis].values, dtype=np.float64)
    return np.arange(many, dtype=np.float64)


def _moments(score: NDArray[np.floating], x: Floats, y: Floats) -> Floats:
    """Return the sums over pixels ``[jet, moment]``."""
    size = np.abs(score).sum(axis=1)
    along_x, along_y = (size.sum(axis=a, dtype=np.float64) for a in (1, 2))
    absolute = along_x.sum(axis=1)
    total = score.sum(axis=(1, 2, 3), dtype=np.float64)
    positive = np.maximum(score, 0).sum(axis=(1, 2, 3), dtype=np.float64)
    placed = (along_x @ x, along_x @ x**2, along_y @ y, along_y @ y**2)
    return np.stack([total, absolute, positive, *placed], axis=1)
