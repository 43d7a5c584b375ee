"""A few jets shown whole: attributions of tracks by features, origins and vertices."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from jetlens.core.attribution import MASK, SCORE, VALUE
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.jets.selection import ScoreSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples


@summaries.register("heatmap")
@dataclass(frozen=True, kw_only=True)
class Heatmap(ScoreSummary):
    """Keeps a few jets of each class whole, for heat maps of single jets.

    Scores are kept as they are; the drawing divides them as `normalise` says. The jets are those of
    the smallest hash, so that the choice depends on neither their order nor their attributions.

    Parameters
    ----------
    jets
        Jets kept of each class.
    least
        Jets with fewer particles are passed over.
    collection
        The particles.
    """

    jets: int = 2
    least: int = 4
    collection: str = "tracks"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jets < 1:
            raise BadValueError(f"jets={self.jets}: expected at least 1")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Keep the jets of the smallest hash."""
        chosen = self.choose(attribution)
        look_up(
            "collection of particles",
            self.collection,
            {str(v)[: -len(MASK)]: v for v in attribution.data_vars if str(v).endswith(MASK)},
        )
        enough = chosen.jets[self.collection + MASK].values.sum(axis=1) >= self.least
        used = chosen.member[:, 0] & enough & (chosen.jets["label"].values >= 0)
        whole = chosen.jets.isel(jet=used.nonzero()[0])
        return Result(
            self,
            chosen.counts,
            {"examples": Examples.choose(whole[self._kept(whole)], self.collection, self.jets)},
        )

    def numbers(self, result: Result) -> Numbers:
        """Single jets give no headline number."""
        return {}

    def _kept(self, attribution: xr.Dataset) -> list[str]:
        """Name the variables of the particles and of whole jets; images and the like stay out."""
        axes = {"jet", "class", self.collection, f"{self.collection}_feature"}
        axes |= {
            str(v.dims[1])
            for name, v in attribution.data_vars.items()
            if str(name).endswith((SCORE, VALUE)) and v.ndim == 2
        }
        return [
            str(n) for n, v in attribution.data_vars.items() if axes.issuperset(map(str, v.dims))
        ]
