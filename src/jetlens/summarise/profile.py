"""Profiles: relevance of a variable against its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, interval, named, ratio
from jetlens.summarise.jets.selection import NOT_POSITIVE, Chosen, ScoreSummary
from jetlens.summarise.jets.variables import Variable, find, variables
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import collected, spanned
from jetlens.summarise.sums.edges import bin_of, edges_of
from jetlens.summarise.sums.entries import add_up
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.ladder import UNIT
from jetlens.summarise.sums.variance import explained
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

STORED = 96
"""Bins of a variable that are kept while jets stream by; those that are shown are made of them."""
INNER = 0.99
"""The share of a variable's distribution that the bins cover where they are found."""
_PER_BIN, _FEWEST = 3, 4  # times `LEAST` entries a bin on average, if that leaves so many bins

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@summaries.register("profile")
@dataclass(frozen=True, kw_only=True)
class Profile(ScoreSummary):
    """Relevance of a variable in bins of its value: mean, spread and counts, by class.

    Parameters
    ----------
    variables
        Names such as ``"z"``, or ``"constituents.pt"`` for one of the particles, of which each
        counts. Left out, all variables of the jets that the tagger takes, or of its particles.
    edges
        Bins of the one variable that is named, in its unit; the outermost hold what lies beyond.
        Left out, `bins` or fewer of equal width are found that cover 99 % of its distribution.
    bins
        The largest number of bins, where they are found; of few jets, there are fewer.

    References
    ----------
    Agarwal et al., arXiv:2011.13466.
    """

    normalise: str = "none"
    variables: str | Sequence[str] = ()
    edges: Sequence[float] = ()
    bins: int = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.variables, str):
            object.__setattr__(self, "variables", (self.variables,))
        if self.edges:
            if len(self.variables) != 1:
                raise BadValueError(
                    f"edges={list(self.edges)} with variables={list(self.variables)}: expected one "
                    "variable that they belong to"
                )
            edges_of(self.variables[0], self.edges)
        if not 2 <= self.bins <= STORED // 2:
            raise BadValueError(f"bins={self.bins}: expected 2 to {STORED // 2}")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum relevance and its square in bins of each variable's value."""
        wanted = self._wanted(attribution)
        chosen = self.choose(attribution)
        if self.normalise != "sum":
            chosen = chosen.only(tuple(g for g in chosen.groups if g != NOT_POSITIVE))
        parts = [self._entries(chosen, v, k, len(wanted)) for k, v in enumerate(wanted)]
        value, score, cell, jet = (np.concatenate(p) for p in zip(*parts, strict=True))
        axes = {"group": chosen.groups, "variable": tuple(v.name for v in wanted)}
        weights = chosen.weights

        def histogram(amount: Floats | None, weights: Floats) -> Histogram:
            most = max(STORED, len(self.edges))
            return Histogram.fill(axes, value, cell, jet, weights, most, amount, linear=True)

        shape = (len(chosen.groups), len(wanted))
        lost = [v.undefined(chosen.jets) for v in wanted]
        sums = chosen.counts.assign(
            square=(("group", "variable", "replica"), add_up(cell, jet, weights, shape, score**2)),
            undefined=("variable", np.array(lost, dtype=np.int64)),
        ).assign_coords(variable=list(axes["variable"]))
        return Result(
            self,
            sums.assign_attrs(
                features=[v.feature.as_dict() for v in wanted],
                particles=[v.particles for v in wanted],
            ),
            {
                "count": histogram(None, weights),
                "score": histogram(score, weights),
                "square": histogram(score**2, weights[:, :1]),
            },
        )

    def _wanted(self, attribution: xr.Dataset) -> list[Variable]:
        if self.variables:
            found = [find(attribution, name) for name in self.variables]
            for v in found:
                v.scores(attribution.isel(jet=slice(0, 0)))  # which says so if it has none
            return found
        there = [v for v in variables(attribution) if v.scored]
        found = [v for v in there if not v.particles] or there
        if not found:
            raise UnsupportedError(
                "no variable of this tagger has a profile: it takes images alone"
            )
        return found

    def _entries(
        self, chosen: Chosen, variable: Variable, number: int, many: int
    ) -> tuple[Floats, Floats, Integers, Integers]:
        """Return value, score, cell and jet of all entries of one variable."""
        values, scores = variable.values(chosen.jets), variable.scores(chosen.jets)
        scale = chosen.scale if not variable.particles else chosen.scale[:, None]
        where = np.nonzero(np.isfinite(values))
        value, score = values[where], (scores * scale)[where]
        if self.edges:
            edges = np.asarray(self.edges, dtype=np.float64) * variable.feature.shown_factor
            value = bin_of(value, edges).astype(np.float64)
        entry, group = np.nonzero(chosen.member[where[0]])
        return value[entry], score[entry], group * many + number, where[0][entry]

    def table(self, result: Result, variable: str, like: Result | None = None) -> xr.Dataset:
        """Return a variable's profile ``[group, bin]``, in the unit that is shown.

        Its bins are found for this result, or for another one that it is to be `like`.

        ``mean``, ``low`` and ``high`` are NaN in bins of fewer than `LEAST` entries (in effective
        number), as is ``spread``, the standard deviation of single entries; ``count`` is the sum of
        weights, ``at`` where the bin's entries lie on average, ``edges`` ``[edge]`` are the bins'.
        """
        count, score, square = (
            result.parts[p].pick(variable=variable) for p in ("count", "score", "square")
        )
        first, level, edges = self._bins(result if like is None else like, variable)
        filled = collected(count, first, level, len(edges) - 1)
        number = filled[..., 0]
        mean, low, high = interval(ratio(collected(score, first, level, len(edges) - 1), filled))
        squares = collected(square, first, level, len(edges) - 1)[..., 0]
        spread = np.sqrt(np.maximum(ratio(squares, number) - mean**2, 0))
        entries = number * ratio(count.effective(), number.sum(axis=1))[:, None]
        few = ~(entries >= LEAST)
        shown = {"mean": mean, "low": low, "high": high, "spread": spread}
        middle = np.broadcast_to((edges[1:] + edges[:-1]) / 2, number.shape)
        if not self.edges:
            at = collected(count, first, level, len(edges) - 1, np.add(*count.edges()) / 2)[..., 0]
            middle = np.where(number > 0, ratio(at, number), middle).clip(edges[:-1], edges[1:])
        axes = ("group", "bin")
        data = {k: (axes, np.where(few, np.nan, v)) for k, v in shown.items()}
        return xr.Dataset(
            {**data, "count": (axes, number), "at": (axes, middle), "edges": ("edge", edges)},
            coords={"group": list(count.axes["group"])},
        )

    def _bins(self, result: Result, variable: str) -> tuple[int, int, Floats]:
        """Return the bins that are shown: the first one's place, their level, and their edges."""
        if self.edges:
            names = [str(v) for v in result.sums["variable"].values]
            factor = result.sums.attrs["features"][names.index(variable)]["shown_factor"]
            return *UNIT, np.asarray(self.edges, dtype=np.float64) * factor
        count: Histogram = result.parts["count"].pick(variable=variable)
        enough = float(count.effective()[0]) / (_PER_BIN * LEAST)
        most = int(np.clip(enough, _FEWEST, self.bins)) if self.bins > _FEWEST else self.bins
        first, level, bins = spanned(count, INNER, most)
        return first, level, count.begin((first >> level) + np.arange(bins + 1), level)

    def explained(self, result: Result, variable: str) -> Floats:
        """Return the share of relevance's variance that its means in bins explain.

        It is ``[group, replica]``, as from `explained`.
        """
        first, level, edges = self._bins(result, variable)
        count, score = (result.parts[p].pick(variable=variable) for p in ("count", "score"))
        n, s = (collected(h, first, level, len(edges) - 1) for h in (count, score))
        square = result.sums["square"].sel(variable=variable).values
        return explained(n, s, square, count.effective())

    def numbers(self, result: Result) -> Numbers:
        """Return ``profile.<group>.<variable>.mean`` and ``.explained``.

        The first is the variable's mean relevance, the second the share of its relevance's variance
        that its own value explains, by the means in bins.
        """
        found: Numbers = {}
        for name in map(str, result.sums["variable"].values):
            shares = self.explained(result, name)
            count, score = (result.parts[p].pick(variable=name) for p in ("count", "score"))
            # one bin, which holds what lies beyond it, too
            mean = ratio(*(collected(h, *UNIT, 1) for h in (score, count)))[:, 0]
            for g, group in enumerate(result.sums["group"].values):
                if count.effective()[g] < LEAST:
                    continue
                found |= named(f"profile.{group}.{name}.mean", mean[g])
                found |= named(f"profile.{group}.{name}.explained", shares[g])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return those over retrainings, their variation after the first word."""
        return compared(ensemble)
