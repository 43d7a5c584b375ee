"""The physics expected of a flavour tagger's attributions, statement by statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.registry import summaries
from jetlens.data.readers.ftag_variables import ORIGINS
from jetlens.summarise.base import Summary, one_of
from jetlens.summarise.estimates import LEAST, Numbers, interval, ratio
from jetlens.summarise.jets.particles import Particles
from jetlens.summarise.jets.selection import SELECT, Chosen, choose
from jetlens.summarise.jets.statement_table import ALIASES, RANGES, STATEMENTS, Range, Statement
from jetlens.summarise.result import Result
from jetlens.summarise.sums.entries import add_up
from jetlens.summarise.top_origin import origins

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
NORMALISE = ("sum", "abs", "none")
DECIDED = 0.95
"""A verdict is given where this share of the replicas lies on one side of the limit."""
_TRACKS = {"top": "the top track", "all": "all tracks"}
JETS = {"b": "b-jets", "c": "c-jets", "u": "light-flavour jets", "all": "all jets"}
_FROM_B = (ORIGINS.index("from_b"), ORIGINS.index("from_bc"))

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One statement with what was measured.

    The value is NaN where no jet measures it, the interval where fewer than `LEAST` jets do.
    """

    statement: Statement
    definition: str
    normalise: str
    jets: int
    value: float
    low: float
    high: float
    verdict: str


@summaries.register("statements")
@dataclass(frozen=True, kw_only=True)
class Statements(Summary):
    """Table of physics statements: each with its number, its interval and whether it holds.

    All three normalisations stand side by side. Where scores are divided by their sum, jets whose
    sum is not positive are left out; the numbers without a division include them.

    Parameters
    ----------
    select
        ``"all"`` jets, or the ``"correct"`` ones, as the statements were found with.
    tracks
        ``"top"``: the statements are about the track with the largest attribution of each jet.
        ``"all"``: about all tracks, of which many more have a feature in the range.
    collection
        The particles.
    """

    select: str = "correct"
    tracks: str = "top"
    collection: str = "tracks"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("select", self.select, SELECT)
        one_of("tracks", self.tracks, ("top", "all"))

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum the attributions that the statements need."""
        weights = self.weights(attribution)
        filled = [self._fill_one(choose(attribution, weights, self.select, n)) for n in NORMALISE]
        first = filled[0]
        stacked = {
            name: (("normalise", *first[name].dims), np.stack([f[name].values for f in filled]))
            for name in first
        }
        coords = {**first.coords, "normalise": list(NORMALISE)}
        return Result(self, xr.Dataset(stacked, coords=coords, attrs=first.attrs))

    def _fill_one(self, chosen: Chosen) -> xr.Dataset:
        particles = Particles.read(chosen.jets, self.collection, chosen.scale)
        order, real = particles.ranked(1)
        shape = (len(chosen.groups), len(RANGES))
        if self.tracks == "top":
            jet, group = np.nonzero(chosen.member & real)
            track = order[jet, 0]
        else:
            jet, track, group = np.nonzero(particles.mask[..., None] & chosen.member[:, None])

        parts: list[tuple[NDArray[Any], ...]] = [(jet[:0], jet[:0], np.zeros(0))]
        for r, span in enumerate(RANGES):
            position = _position(particles.names, span.feature)
            if position is None:
                continue
            inside = np.flatnonzero(_inside(particles.value[jet, track, position], span))
            score = particles.score[jet[inside], track[inside], position]
            parts.append((group[inside] * len(RANGES) + r, jet[inside], score))
        cell, entry, score = (np.concatenate(p) for p in zip(*parts, strict=True))

        axes = ("group", "range", "replica")
        sums = chosen.counts.assign(
            range_jets=(axes[:2], _jets_of(cell, entry, shape)),
            tracks_weight=(axes, add_up(cell, entry, chosen.weights, shape)),
            tracks_score=(axes, add_up(cell, entry, chosen.weights, shape, score)),
            size=(("group", "kind", "replica"), self._sizes(chosen, particles)),
        )
        top = np.zeros((shape[0], 2, chosen.weights.shape[1]))
        if f"{self.collection}_origin" in chosen.jets:
            jet, group = np.nonzero(chosen.member & real)
            track = order[jet, 0]
            from_b = np.isin(origins(chosen.jets, self.collection)[jet, track], _FROM_B)
            top = add_up(group * 2 + from_b, jet, chosen.weights, (shape[0], 2))
        hits = sum(_is_hit_count(n) for n in particles.names)
        sums.attrs["variables"] = [hits, len(particles.names) - hits]
        return sums.assign(top=(("group", "from_b", "replica"), top)).assign_coords(
            range=[r.words for r in RANGES], kind=["hits", "others"], from_b=[0, 1]
        )

    def _sizes(self, chosen: Chosen, particles: Particles) -> Floats:
        """Sum absolute attributions of hit counts, and of the others: ``[group, 2, replica]``."""
        size = np.abs(particles.score.sum(axis=1))
        hit = np.array([_is_hit_count(n) for n in particles.names], dtype=bool)
        by_kind = np.stack([size[:, hit].sum(axis=1), size[:, ~hit].sum(axis=1)])
        member = chosen.member.T.astype(np.float64)
        return np.stack([(member * s) @ chosen.weights for s in by_kind], axis=1)

    def rows(self, result: Result) -> list[Row]:
        """Return the table, statement by statement and normalisation by normalisation."""
        return [
            _row(statement, self.tracks, str(n), result.sums.sel(normalise=n))
            for statement in STATEMENTS
            for n in result.sums["normalise"].values
        ]

    def numbers(self, result: Result) -> Numbers:
        """Return ``statement.<key>.<normalise>`` for every statement that jets measure.

        About all tracks, they are called ``statement_all_tracks.<key>.<normalise>``.
        """
        prefix = "statement" if self.tracks == "top" else "statement_all_tracks"
        return {
            f"{prefix}.{row.statement.key}.{row.normalise}": {
                "value": row.value, "low": row.low, "high": row.high
            }
            for row in self.rows(result)
            if np.isfinite([row.value, row.low, row.high]).all()
        }  # fmt: skip


def _row(statement: Statement, tracks: str, normalise: str, sums: xr.Dataset) -> Row:
    """Measure one statement under one normalisation."""
    estimates, jets, definition = _measure(statement, tracks, sums)
    value, low, high = (float(x) for x in interval(estimates))
    _, at_least, at_most = (float(x) for x in interval(estimates, confidence=DECIDED))
    side = "above" if statement.above else "below"
    verdict = UNDECIDED
    if jets < LEAST:
        low, high = np.nan, np.nan
    elif at_least > statement.limit:
        verdict = HOLDS if statement.above else FAILS
    elif at_most < statement.limit:
        verdict = FAILS if statement.above else HOLDS
    return Row(
        statement=statement,
        definition=f"{definition}; expected {side} {statement.limit:g}",
        normalise=normalise,
        jets=jets,
        value=value,
        low=low,
        high=high,
        verdict=verdict,
    )


def _measure(statement: Statement, tracks: str, sums: xr.Dataset) -> tuple[Floats, int, str]:
    """Return the statement's estimates ``[replica]``, the jets behind them, and a definition."""
    groups = list(sums["group"].values)
    if statement.flavour not in groups:
        return _undefined(sums), 0, f"no class {statement.flavour!r}"
    group = groups.index(statement.flavour)
    used = int(sums["jets"].values[-1, group])
    whose = JETS[statement.flavour]
    if statement.measure == "hits":
        hits, others = sums["size"].values[group] / np.maximum(sums.attrs["variables"], 1)[:, None]
        words = (
            "mean |attribution| (summed over tracks) of a hit count over that of another variable"
        )
        return ratio(hits, others), used, f"{words}, {whose}"
    if statement.measure == "origin":
        top = sums["top"].values[group]
        share = ratio(top[1], top.sum(axis=0))
        return share, used, f"share of top tracks from b or from b then c, {whose}"

    spans = [list(sums["range"].values).index(r.words) for r in statement.ranges]
    jets = int(sums["range_jets"].values[group, spans].min())
    mean = ratio(sums["tracks_score"].values, sums["tracks_weight"].values)[:, spans]
    name = f"a({_short(statement.ranges[0])}) of {_TRACKS[tracks]}"
    where = " minus that where ".join(r.words for r in statement.ranges)
    definition = f"mean {name} where {where}, {whose}"
    if statement.measure == "mean":
        return mean[group, 0], jets, definition
    rise = mean[:, 0] - mean[:, 1]
    if statement.measure == "rise":
        return rise[group], jets, definition
    if "b" not in groups:
        return _undefined(sums), 0, "no class 'b'"
    slight = ratio(np.abs(rise[group]), np.abs(rise[groups.index("b")]))
    return slight, jets, f"size of ({definition}) over the same of {JETS['b']}"


def _undefined(sums: xr.Dataset) -> Floats:
    return np.full(sums.sizes["replica"], np.nan)


def _short(span: Range) -> str:
    """Return the feature's symbol, which stands in the range's words."""
    return next(s for s in ("s(d₀)", "d₀", "σ(φ)", "Δη") if s in span.words)


def _jets_of(
    cell: NDArray[np.int64], jet: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Count the jets that have an entry in each cell, each once."""
    pairs = np.unique(np.stack([cell, jet]), axis=1)
    return np.bincount(pairs[0], minlength=shape[0] * shape[1]).reshape(shape)


def _is_hit_count(name: str) -> bool:
    return name.startswith("numberOf")


def _position(names: tuple[str, ...], feature: str) -> int | None:
    for name in (feature, *ALIASES.get(feature, ())):
        if name in names:
            return names.index(name)
    return None


def _inside(values: Floats, span: Range) -> NDArray[np.bool_]:
    """Say which values lie in a range, its lower end included."""
    x = np.abs(values) if span.absolute else values
    return np.asarray((x >= span.low) & (x < span.high))
