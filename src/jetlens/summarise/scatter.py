"""Two variables against each other: score, relevance, and the learnt decision boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError, look_up
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.selection import NOT_POSITIVE, Chosen, ScoreSummary
from jetlens.summarise.jets.variables import Variable, find, variables
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.sums.plane import Plane, together
from jetlens.summarise.sums.surface import MIDDLE, Surface, smooth
from jetlens.summarise.sums.variance import explained
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared, place_of

SHARE = 0.998
"""The share of either variable's distribution that is drawn."""
_FEWEST = 12  # columns and rows of the smoothed plane, if it has so many
_PER_CELL = 20  # jets, at least, on average, where a variance is split

Floats = NDArray[np.float64]


@summaries.register("scatter")
@dataclass(frozen=True, kw_only=True)
class Scatter(ScoreSummary):
    """A sample of jets in the plane of two of their variables, and the boundary learnt there.

    The boundary is where the mean predicted score crosses one half: its mean over all jets in cells
    of the plane, smoothed by local linear regression. Whatever else the tagger uses is averaged
    over.

    Parameters
    ----------
    x, y
        Variables of the jets, inputs of the tagger or not; left out, the first two.
    of
        The class whose predicted probability is the score; left out, ``signal``, or the last of two
        classes, or the first of more.
    jets
        Jets kept for drawing: those of the smallest hash.
    bins
        Columns and rows with jets in them, at most.
    smooth
        The least standard deviation, in cells, of the Gaussian that weights the cells around; it
        is up to four times as wide where there are few jets.

    References
    ----------
    Agarwal et al., arXiv:2011.13466.
    """

    normalise: str = "none"
    x: str = ""
    y: str = ""
    of: str = ""
    jets: int = 2000
    bins: int = 48
    smooth: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.x and self.x.rpartition(".")[2] == self.y.rpartition(".")[2]:
            raise BadValueError(f"x={self.x!r} and y={self.y!r}: expected two different variables")
        if self.jets < 0:
            raise BadValueError(f"jets={self.jets}: expected none or more")
        if not 4 <= self.bins <= 256:
            raise BadValueError(f"bins={self.bins}: expected 4 to 256")
        if not 0.3 <= self.smooth <= 8:
            raise BadValueError(f"smooth={self.smooth}: expected 0.3 to 8 cells")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum scores in cells of the plane, and keep the jets of the smallest hash."""
        x, y = self._pair(attribution)
        classes = [str(c) for c in attribution["class"].values]
        of = self._of(classes)
        chosen = self.choose(attribution)
        chosen = chosen.only(tuple(g for g in chosen.groups if g != NOT_POSITIVE))
        at = np.stack([v.values(chosen.jets) for v in (x, y)])
        there = np.isfinite(at).all(axis=0) & chosen.member[:, 0]
        jets, weights, at = chosen.jets.isel(jet=there), chosen.weights[there], at[:, there]
        output = jets["output"].values.astype(np.float64)
        said = output - np.logaddexp.reduce(output, axis=1, keepdims=True)
        score = np.exp(said[:, of])
        above = (score > MIDDLE).astype(np.float64)
        quantities = {"score": score, "above": above}
        plane = Plane.fill(at[0], at[1], quantities, weights, self.bins)
        size, what = _relevance(chosen, (x, y))
        sample = xr.Dataset(
            {
                "x": ("jet", at[0]),
                "y": ("jet", at[1]),
                "score": ("jet", score),
                "relevance": ("jet", size[there]),
                **{n: ("jet", jets[n].values) for n in ("label", "event", "row")},
            }
        )
        nominal = weights[:, 0]
        sums = chosen.counts.assign(
            square=("replica", score**2 @ weights),
            weight_square=((), np.float64((nominal**2).sum())),
            undefined=((), np.int64((~there & chosen.member[:, 0]).sum())),
        ).assign_attrs(
            features=[x.feature.as_dict(), y.feature.as_dict()],
            of=classes[of],
            classes=classes,
            relevance=what,
        )
        examples = Examples.choose(sample, "jets", self.jets, by_class=False)
        return Result(self, sums, {"plane": plane, "examples": examples})

    def _pair(self, attribution: xr.Dataset) -> tuple[Variable, Variable]:
        """Return the two variables."""
        own = [v for v in variables(attribution) if not v.particles]
        given = [find(attribution, name) for name in (self.x, self.y) if name]
        for v in given:
            if v.particles:
                raise UnsupportedError(
                    f"{v.name} is a variable of particles: {self.registered_name!r} needs two of "
                    f"the jets ({', '.join(o.name for o in own) or 'there is none'})"
                )
        others = [v for v in own if v not in given]
        if len(given) + len(others) < 2:
            raise UnsupportedError(
                f"{self.registered_name!r} needs two variables of the jets; this attribution has "
                f"{', '.join(o.name for o in own) or 'none'}"
            )
        if len(given) == 1:
            return (given[0], others[0]) if self.x else (others[0], given[0])
        x, y = given or others[:2]
        return x, y

    def _of(self, classes: list[str]) -> int:
        """Return the position of the class whose probability is the score."""
        if self.of:
            return look_up("class", self.of, {c: i for i, c in enumerate(classes)})
        if not classes:
            raise UnknownNameError("class", self.of, classes)
        if "signal" in classes:
            return classes.index("signal")
        return 1 if len(classes) == 2 else 0

    def surface(self, result: Result) -> Surface:
        """Return the smoothed mean score over the plane."""
        return self.surfaces([result])[0]

    def surfaces(self, results: Sequence[Result]) -> list[Surface]:
        """Return the smoothed mean scores of several results over the same window.

        It has about as many cells as jets, if that is fewer than the plane has.
        """
        planes = [result.parts["plane"] for result in results]
        jets = [float(_entries(result)) for result in results]
        most = int(np.clip(np.sqrt(min(jets)), min(_FEWEST, self.bins), 2 * self.bins))
        window = together(planes).window(SHARE, most)
        return [
            smooth(
                plane.dense(window),
                window,
                self.smooth,
                entries / max(float(plane.content[:, 0, 0].sum()), 1e-300),
            )
            for plane, entries in zip(planes, jets, strict=True)
        ]

    def numbers(self, result: Result) -> Numbers:
        """Return what the two variables alone fix, ``scatter.<x>.<y>.<name>``.

        ``explained`` is the share of the score's variance that its mean in cells of the plane
        explains; ``agreement`` the share of jets whose own score lies on their side of the
        boundary (which counts as known), of those where there is one.
        """
        entries = float(_entries(result))
        if entries < LEAST:
            return {}
        prefix = ".".join(("scatter", *pair_of(result)))
        plane = result.parts["plane"]
        cells = plane.coarse(entries / _PER_CELL)[None]
        square = result.sums["square"].values[None]
        share = explained(cells[:, :, 0], cells[:, :, 1], square, np.array([entries]))
        found = named(f"{prefix}.explained", share[0])
        surface = self.surface(result)
        mean = surface.score[..., 0]
        content = plane.dense(surface.window)[np.isfinite(mean)]  # [cell, quantity, replica]
        every, above = content[:, 0], content[:, 2]
        right = np.where(mean[np.isfinite(mean), None] > MIDDLE, above, every - above)
        agreement = ratio(right.sum(axis=0), every.sum(axis=0))
        return found | named(f"{prefix}.agreement", agreement)

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers over retrainings of every variation, and ``disagreement``.

        That is the share of jets that lie between the boundaries of two retrainings: its mean over
        pairs of them, and the deviation over pairs.
        """
        found = compared(ensemble)
        for variation, results in ensemble.groups().items():
            pairs = self.disagreement(results)
            if not len(pairs):
                continue
            words = ("scatter", place_of(variation), *pair_of(results[0]), "disagreement")
            mean, spread = float(pairs.mean()), float(pairs.std())
            found[".".join(w for w in words if w)] = {
                "value": mean,
                "low": max(mean - spread, 0.0),
                "high": mean + spread,
            }
        return found

    def disagreement(self, results: Sequence[Result]) -> Floats:
        """Return the shares of jets on different sides of two boundaries, for each pair."""
        surfaces = self.surfaces(results)
        found = []
        for a, b in combinations(surfaces, 2):
            one, other = a.score[..., 0], b.score[..., 0]
            known = np.isfinite(one) & np.isfinite(other)
            weight = np.where(known, a.weight + b.weight, 0)
            apart = (one > MIDDLE) != (other > MIDDLE)
            if weight.sum() > 0:
                found.append(float((weight * apart).sum() / weight.sum()))
        return np.array(found)


def pair_of(result: Result) -> tuple[str, str]:
    """Return the names of the two variables."""
    x, y = result.sums.attrs["features"]
    return x["name"], y["name"]


def _entries(result: Result) -> Floats:
    """Return the effective number of jets in the plane."""
    total = result.parts["plane"].content[:, 0, 0].sum()
    return np.asarray(np.nan_to_num(ratio(total**2, result.sums["weight_square"].values)))


def _relevance(chosen: Chosen, pair: tuple[Variable, Variable]) -> tuple[Floats, str]:
    """Return the jets' absolute relevance ``[jet]``: of the two variables, or of all inputs."""
    scored = [v for v in pair if v.scored]
    if not scored:
        return chosen.size * chosen.scale, "all inputs"
    each = [np.abs(v.scores(chosen.jets)) for v in scored]
    size: Floats = np.sum(each, axis=0) * chosen.scale
    return size, " and ".join(v.feature.title for v in scored)
