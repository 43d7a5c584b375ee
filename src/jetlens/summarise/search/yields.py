"""What is left of signal and backgrounds: cuts chosen in one half of the events for the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtri

from jetlens.physics.limits import CONFIDENCE
from jetlens.summarise.estimates import ratio
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.ladder import UNIT

Floats = NDArray[np.float64]

EDGES = np.linspace(-12.0, 20.0, 129)
"""Of the discriminant; the outermost bins hold what lies beyond them."""
SCORE = "score"
"""The part of a result with the discriminant's bins ``(mass, process, half, pair)``, by number."""

_SIGMAS = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True, eq=False)
class Yields:
    """What is left after a selection, by mass.

    Attributes
    ----------
    signal
        Events per fb of cross-section times branching ratio ``[mass, replica]``.
    background
        Events of all backgrounds ``[mass, replica]``; NaN where no cut is allowed.
    effective
        The effective number of simulated background events ``[mass]``.
    tightest
        Whether the simulated background ends where a half's cut is: a tighter one would leave too
        few ``[mass]``.
    """

    signal: Floats
    background: Floats
    effective: Floats
    tightest: NDArray[np.bool_]


def tagged(content: Floats, chance: Floats) -> Floats:
    """Return sums ``[mass, process, replica]`` after tags.

    Parameters
    ----------
    content
        Sums before tags, ``[mass, process, pair, replica]``.
    chance
        The probability of tags ``[process, pair, replica]``.
    """
    found: Floats = np.einsum("mpkr,pkr->mpr", content, chance)
    return found


def by_tagger(result: Result, chance: Floats) -> Yields:
    """Return what passes the cuts on the discriminant, each half's cut applied to the other."""
    summary: Any = result.summary
    squares = result.sums["score_squares"].values  # [mass, process, half, pair, bin]
    squares = np.einsum("mphkb,pk->mphb", squares, chance[..., 0] ** 2)
    above, squares = (
        np.flip(np.cumsum(np.flip(x, 3), axis=3), 3)
        for x in (_content(result.parts[SCORE], chance), squares)
    )
    above, squares = above * summary.luminosity, squares[:, 1:].sum(axis=1) * summary.luminosity**2
    signal, background = above[:, 0], above[:, 1:].sum(axis=1)  # [mass, half, bin, replica]
    allowed = ratio(background[..., 0] ** 2, squares) >= summary.events
    # yields of a half, doubled, stand for those of the whole
    noise = np.sqrt(2 * background + (2 * summary.systematic * background) ** 2)
    merit = np.where(allowed[..., None], 2 * signal / (_SIGMAS / 2 + noise), -np.inf)
    cut = merit.argmax(axis=2)[:, ::-1, None]  # [mass, half, 1, replica]: the other half's
    there = allowed.any(axis=2).all(axis=1)[:, None]
    s, b = (np.take_along_axis(x, cut, 2)[:, :, 0].sum(axis=1) for x in (signal, background))
    nominal = cut[..., 0]
    squared = np.take_along_axis(squares, nominal, 2)[..., 0].sum(axis=1)
    last = allowed.shape[2] - 1 - allowed[..., ::-1].argmax(axis=2)  # the tightest allowed
    return Yields(
        np.where(there, s, np.nan),
        np.where(there, b, np.nan),
        ratio(b[:, 0] ** 2, squared),
        (nominal[:, ::-1, 0] == last).any(axis=1),
    )


def by_cuts(result: Result, chance: Floats) -> Yields:
    """Return what passes the analysis without a tagger."""
    summary: Any = result.summary
    content = tagged(result.sums["cut"].values, chance) * summary.luminosity
    squares = np.einsum("mpk,pk->mp", result.sums["cut_squares"].values, chance[..., 0] ** 2)
    background = content[:, 1:].sum(axis=1)
    effective = ratio(background[:, 0] ** 2, squares[:, 1:].sum(axis=1) * summary.luminosity**2)
    enough = (effective >= summary.events)[:, None]
    masses = np.zeros(len(effective), dtype=bool)
    return Yields(content[:, 0], np.where(enough, background, np.nan), effective, masses)


def _content(score: Histogram, chance: Floats) -> Floats:
    """Return the discriminant's bins ``[mass, process, half, bin, replica]`` after tags.

    Few of the cells are occupied, so that these alone are multiplied.
    """
    masses, processes, halves, pairs = score.shape
    bins = len(EDGES) - 1
    cell, pair = np.divmod(score.cell, pairs)
    process = cell // halves % processes
    number = (score.place - UNIT[0]) >> UNIT[1]
    content = score.content * chance[process, pair]
    into = csr_array(
        (np.ones(len(cell)), (cell * bins + number, np.arange(len(cell)))),
        shape=(masses * processes * halves * bins, len(cell)),
    )
    return np.asarray(into @ content).reshape(masses, processes, halves, bins, -1)
