"""How much of what a tagger looks at is in a jet's prongs, beside what would be there by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import REGIONS, VALUE
from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.base import one_of
from jetlens.summarise.estimates import LEAST, Numbers, interval, named, ratio
from jetlens.summarise.jets.classes import ClassSummary
from jetlens.summarise.jets.jet_shares import SHARES, kept, on_common_jets
from jetlens.summarise.jets.odds import log_odds
from jetlens.summarise.jets.plane import Plane
from jetlens.summarise.jets.regions import shares
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.differences import paired
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.gains import VERDICT, gain
from jetlens.summarise.trainings.retrainings import compared, place_of

NAME = "attention_fraction"
"""What names of its numbers begin with."""
EVERY, RIGHT, WRONG = TAGGED = ("every", "right", "wrong")
"""Jets by what the tagger says of them."""
AGAINST_WRONG = "right_minus_wrong"

Floats = NDArray[np.float64]


@summaries.register("attention-fraction")
@dataclass(frozen=True, kw_only=True)
class AttentionFraction(ClassSummary):
    """Share of an explanation of images in discs around prongs, and what it would be by itself.

    It takes any explanation of an image: attention, rollout, Grad-CAM, or the sizes of scores.
    Beside the share stand those of the area and of the pT (in pixels, and in the patches of the
    explanation where it has some), and of the explanation in other regions: discs at random places,
    the jet's own turned about its axis by a random angle, those of another jet of its class with as
    many prongs. Enrichment is the ratio of mean shares.

    Parameters
    ----------
    regions
        What the discs are around: ``"prongs"`` (exclusive subjets), or ``"partons"`` (the truth).
    radius
        Of the discs, in the image's units.
    radii
        More radii, for shares against the radius.
    bins
        Of distributions of shares.
    score_edges
        Between bins of the probability p that the tagger gives the true class, rising, as
        ln p / (1 - p), so that an overconfident tagger's jets do not share one bin; the outer bins
        have no end. They are fixed, so that results of parts of the jets can be merged.
    collection
        The image.
    """

    regions: str = "prongs"
    radius: float = 0.1
    radii: Sequence[float] = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
    bins: int = 25
    score_edges: Sequence[float] = (-4, -2, 0, 2, 4)
    collection: str = "image"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("regions", self.regions, REGIONS)
        for name in ("radius", "bins"):
            if not getattr(self, name) > 0:
                raise BadValueError(f"{name}={getattr(self, name)}: expected more than 0")
        if any(not radius > 0 for radius in self.radii):
            raise BadValueError(f"radii={list(self.radii)}: expected each more than 0")
        if not len(self.score_edges) or not np.all(np.diff(self.score_edges) > 0):
            raise BadValueError(
                f"score_edges={list(self.score_edges)}: expected one or more numbers, rising"
            )

    @property
    def every_radius(self) -> tuple[float, ...]:
        """All radii, rising."""
        return tuple(sorted({float(r) for r in (self.radius, *self.radii)}))

    @property
    def main(self) -> int:
        """Which of them is `radius`."""
        return self.every_radius.index(float(self.radius))

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up shares, by class, radius, right and wrong, and probability."""
        chosen = self.grouped(attribution)
        found = shares(chosen.jets, self.collection, self.regions, self.every_radius)
        used, values = found.used, found.values
        label = chosen.jets["label"].values
        right = label == chosen.jets["output"].values.argmax(axis=1)
        known = used & (label >= 0)
        tagged = [used, known & right, known & ~right]
        at = values[:, :, self.main]
        above = (at[:, :1] > at[:, 1:]) + 0.5 * (at[:, :1] == at[:, 1:])
        cell = np.minimum((at * self.bins).astype(np.int64), self.bins - 1)
        odds = np.searchsorted(self.score_edges, log_odds(chosen.jets), side="right")
        score = (odds[:, None] == np.arange(len(self.score_edges) + 1)) & known[:, None]
        of_score = np.stack([t & score.T for t in tagged])  # [tagged, score, jet]
        one = np.ones((len(label), 1))
        axes = ("group", "kind", "radius", "replica")
        weights = np.stack([chosen.sums(one, t)[:, 0] for t in tagged])
        sums = chosen.counts(used).assign(
            share=(("tagged", *axes), np.stack([chosen.sums(values, t) for t in tagged])),
            tagged_weight=(("tagged", "group", "replica"), weights),
            tagged_jets=(
                ("tagged", "group"),
                np.stack([(chosen.member & t[:, None]).sum(axis=0) for t in tagged]),
            ),
            above=(("group", "null", "replica"), chosen.sums(above, used)),
            by_score=(
                ("tagged", "score", "group", "kind", "replica"),
                np.stack([[chosen.sums(at, s) for s in t] for t in of_score]),
            ),
            score_weight=(
                ("tagged", "score", "group", "replica"),
                np.stack([[chosen.sums(one, s)[:, 0] for s in t] for t in of_score]),
            ),
            score_jets=(("tagged", "score", "group"), of_score.astype(np.int64) @ chosen.member),
            distribution=(
                ("group", "kind", "bin"),
                chosen.nominal(np.eye(self.bins)[cell], used),
            ),
        )
        kinds = list(found.kinds)
        sums = sums.assign_coords(
            kind=kinds,
            null=kinds[1:],
            radius=list(self.every_radius),
            tagged=list(TAGGED),
            score=np.arange(len(self.score_edges) + 1),
        )
        axes_of = {a: f.as_dict() for a, f in Plane.of(chosen.jets).axes.items()}
        method = str(chosen.jets.attrs.get("method", ""))
        there = [name for name in REGIONS if name + VALUE in chosen.jets]
        parts = {SHARES: kept(chosen, at, used, kinds)}
        return Result(self, sums.assign_attrs(method=method, axes=axes_of, regions=there), parts)

    def shares(self, result: Result, tagged: str = EVERY) -> Floats:
        """Return mean shares ``[group, kind, radius, replica]``, of jets right, wrong, or every."""
        t = TAGGED.index(tagged)
        weight = result.sums["tagged_weight"].values[t]
        found: Floats = ratio(result.sums["share"].values[t], weight[:, None, None])
        return found

    def enrichment(self, result: Result, tagged: str = EVERY) -> Floats:
        """Return the share over each of the others ``[group, null, radius, replica]``."""
        found = self.shares(result, tagged)
        over: Floats = ratio(found[:, :1], found[:, 1:])
        return over

    def against_score(self, result: Result, tagged: str = EVERY) -> Floats:
        """Return mean shares at `radius` by probability ``[score, group, kind, replica]``."""
        t = TAGGED.index(tagged)
        weight = result.sums["score_weight"].values[t]
        found: Floats = ratio(result.sums["by_score"].values[t], weight[:, :, None])
        return found

    def tests(self, result: Result) -> dict[str, tuple[Floats, Floats]]:
        """Return what is tested against each other, by name, ``[replica]`` each.

        ``<group>.minus.<null>`` are the share and the null's, of jets tagged right or wrong too;
        ``<group>.right_minus_wrong`` the shares of jets that are tagged so, and with
        ``.enrichment.<null>`` behind it their enrichments. Of fewer than `LEAST` jets there are
        none.
        """
        found: dict[str, tuple[Floats, Floats]] = {}
        nulls = [str(k) for k in result.sums["null"].values]
        share = [self.shares(result, tagged)[:, :, self.main] for tagged in TAGGED]
        enough = result.sums["tagged_jets"].values >= LEAST
        for g, group in enumerate(map(str, result.sums["group"].values)):
            for t, tagged in enumerate(TAGGED):
                start = _start(group, tagged)
                if enough[t, g]:
                    each = zip(nulls, share[t][g, 1:], strict=True)
                    found |= {f"{start}.minus.{null}": (share[t][g, 0], x) for null, x in each}
            right, wrong = (share[TAGGED.index(tagged)][g] for tagged in (RIGHT, WRONG))
            if enough[1:, g].all():
                start = f"{group}.{AGAINST_WRONG}"
                found[start] = right[0], wrong[0]
                for k, null in enumerate(nulls, 1):
                    both = ratio(right[0], right[k]), ratio(wrong[0], wrong[k])
                    found[f"{start}.enrichment.{null}"] = both
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return shares at `radius`, and how they compare, by class.

        ``attention_fraction.<group>`` is the share, ``.<null>`` another's; ``.enrichment.<null>``
        is the ratio of the two, ``.minus.<null>`` the mean of the differences jet by jet, with its
        interval of 95 %, too, and ``.above.<null>`` in which share of the jets there is more (ties
        count half). ``.right`` and ``.wrong`` are of jets that are tagged so, with the same behind,
        ``.right_minus_wrong`` is their difference, and that of ``.enrichment.<null>`` behind it.
        Of fewer than `LEAST` jets there is none.
        """
        found: Numbers = {}
        kinds = [str(k) for k in result.sums["kind"].values]
        above = ratio(result.sums["above"].values, result.sums["weight"].values[:, None])
        jets = result.sums["tagged_jets"].values
        for t, tagged in enumerate(TAGGED):
            share = self.shares(result, tagged)[:, :, self.main]
            for g, group in enumerate(map(str, result.sums["group"].values)):
                if jets[t, g] < LEAST:
                    continue
                start = f"{NAME}.{_start(group, tagged)}"
                found |= named(start, share[g, 0])
                for k, kind in enumerate(kinds[1:]):
                    null = share[g, k + 1]
                    found |= named(f"{start}.{kind}", null)
                    found |= named(f"{start}.enrichment.{kind}", ratio(share[g, 0], null))
                    if tagged == EVERY:
                        found |= named(f"{start}.above.{kind}", above[g, k])
        for name, (one, other) in self.tests(result).items():
            found |= _tested(f"{NAME}.{name}", one - other)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers of every variation, and paired differences between these.

        ``attention_fraction.gain.<variation>.<group>.vs.<first>`` is the mean difference of the
        share from that of the first variation on an axis, ``<group>.enrichment.<null>`` that of the
        enrichment, both of the jets that both have. What is tested within a variation, as
        ``attention_fraction.<variation>.<group>.minus.<null>``, is a mean over its trainings with
        the error of this mean, as a gain is. Right against wrong is of those trainings that have
        enough of both; its ``pairs`` say how many.
        """
        found = compared(ensemble)
        for variation, results in ensemble.groups().items():
            each = [self.tests(result) for result in results]
            for name in dict.fromkeys(name for tests in each for name in tests):
                full = ".".join(w for w in (NAME, place_of(variation), name) if w)
                found.pop(full, None)
                pairs = [tests[name] for tests in each if name in tests]
                if len(pairs) == len(each) or AGAINST_WRONG in name:
                    number = gain([((float(a[0]), a), (float(b[0]), b)) for a, b in pairs])
                    found |= {full: number} if number else {}
        return found | paired(ensemble, NAME, on_common_jets)


def _start(group: str, tagged: str) -> str:
    """Return how names of a group's numbers begin."""
    return group + f".{tagged}" * (tagged != EVERY)


def _tested(name: str, estimates: Floats) -> Numbers:
    """Return a difference with its interval of 68 %, and that of 95 % by which it is judged."""
    found = named(name, estimates)
    if found:
        _, low, high = (float(x) for x in interval(estimates, confidence=VERDICT))
        found[name] |= {"low_95": low, "high_95": high}
    return found
