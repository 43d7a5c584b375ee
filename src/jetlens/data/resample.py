"""Flavours brought to one distribution in (pt, eta), so that a tagger cannot learn kinematics.

Counts are taken in fixed bins in one pass and may be added up. Whether a jet is kept depends on a
hash of its row, so that the outcome is the same in whatever partition or order jets are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, expected
from jetlens.core.hashing import uniform

Numbers = NDArray[np.float64]

JETS = "jets"
PT, ETA = ("pt_btagJes", "pt"), ("eta_btagJes", "eta")  # as files name them
PT_EDGES = np.array(
    [0, 25, 30, 35, 40, 50, 60, 75, 90, 110, 140, 180, 230, 300, 400, 600, 1000, np.inf]
)
"""In GeV."""
ETA_EDGES = np.array([0, 0.5, 1.0, 1.5, 2.0, np.inf])
"""In |eta|."""
METHODS = ("weight", "thin")
MINIMUM = "minimum"
_UNITS = {"MeV": 1e-3, "GeV": 1.0}


@dataclass(frozen=True)
class Resampling:
    """How jets of each flavour are brought to the target distribution.

    Attributes
    ----------
    classes
        The flavours that are brought together; jets of others are dropped.
    counts
        Sums of weights ``[class, pt, eta]``.
    target
        ``"minimum"``: in each bin the rarest flavour's count, for which no jet is needed twice;
        a flavour that is not there at all does not count. Or a class: its distribution.
    method
        ``"thin"`` drops jets (and repeats them where a flavour has too few). ``"weight"`` keeps
        them all with a weight, for when too many would be lost; weights are 1 on average.
    seed
        Chooses which jets are dropped.
    """

    classes: tuple[str, ...]
    counts: Numbers
    target: str = MINIMUM
    method: str = "weight"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BadValueError(f"resampling {self.method!r}: {expected(self.method, METHODS)}")
        if self.target not in (MINIMUM, *self.classes):
            known = (MINIMUM, *self.classes)
            raise BadValueError(f"resampling to {self.target!r}: {expected(self.target, known)}")

    def __add__(self, other: Resampling) -> Resampling:
        if (self.classes, self.target, self.method) != (other.classes, other.target, other.method):
            raise BadValueError("resamplings of other classes, targets or methods do not add up")
        return replace(self, counts=self.counts + other.counts)

    @property
    def wanted(self) -> Numbers:
        """The distribution that each flavour gets ``[pt, eta]``."""
        if self.target != MINIMUM:
            of_target: Numbers = self.counts[self.classes.index(self.target)]
            return of_target
        fewest = np.where(self.counts > 0, self.counts, np.inf).min(0)
        return np.where(np.isfinite(fewest), fewest, 0.0)

    @property
    def factors(self) -> Numbers:
        """What a jet counts ``[class, pt, eta]``: copies of it on average, or its weight."""
        factor = np.divide(
            self.wanted, self.counts, out=np.zeros_like(self.counts), where=self.counts > 0
        )
        kept = (self.counts * factor).sum()
        return factor * (self.counts.sum() / kept) if self.method == "weight" and kept else factor

    @property
    def effective(self) -> dict[str, float]:
        """For each class the share of its jets' statistical power that is left."""
        factor, counts = self.factors, self.counts
        first, second = (counts * factor).sum((1, 2)), (counts * factor**2).sum((1, 2))
        kept = first if self.method == "thin" else first**2 / np.where(second > 0, second, 1)
        total = counts.sum((1, 2))
        return {
            c: float(k / t) if t else 0.0 for c, k, t in zip(self.classes, kept, total, strict=True)
        }

    def apply(self, jets: JetBatch) -> JetBatch:
        """Return the jets resampled; those of unknown flavour are dropped."""
        jets = jets.with_classes(self.classes)
        jets = jets.take(jets.label >= 0)
        factor = self.factors[(jets.label, *bins(jets))]
        if self.method == "weight":
            jets = replace(jets, weight=jets.weight * factor)
            return jets.take(factor > 0)
        copies = np.floor(factor + uniform(jets.row, salt=1000 + self.seed)).astype(np.intp)
        return jets.take(np.repeat(np.arange(len(jets)), copies))


def bins(jets: JetBatch) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each jet's bin in pt and in |eta|, ``[jet]`` each.

    Raises
    ------
    BadValueError
        If the jets have no pt or eta, or the pt is neither in MeV nor in GeV.
    """
    names = jets[JETS].names if JETS in jets.collections else ()
    pt_name, eta_name = (next((n for n in known if n in names), None) for known in (PT, ETA))
    if pt_name is None or eta_name is None:
        raise BadValueError(
            f"flavours are resampled in pt and eta, but the jets have {', '.join(names) or 'none'}:"
            f" expected {' or '.join(PT)} and {' or '.join(ETA)} among them; or train on the jets "
            'as they are, by train.resample = "none"'
        )
    own = jets[JETS]
    unit = own.features[int(own.positions([pt_name])[0])].unit or "MeV"
    if unit not in _UNITS:
        raise BadValueError(f"{pt_name} is in {unit!r}: {expected(unit, _UNITS)}")
    pt = own.column(pt_name) * _UNITS[unit]
    eta = np.abs(own.column(eta_name))
    return (
        np.clip(np.digitize(pt, PT_EDGES) - 1, 0, len(PT_EDGES) - 2),
        np.clip(np.digitize(eta, ETA_EDGES) - 1, 0, len(ETA_EDGES) - 2),
    )


def possible(jets: JetBatch) -> bool:
    """Say whether jets like these have what `bins` needs."""
    try:
        bins(jets.take(slice(0, 1)))
    except BadValueError:
        return False
    return True


def fit(
    batches: Iterable[JetBatch],
    classes: Sequence[str],
    *,
    target: str = MINIMUM,
    method: str = "weight",
    seed: int = 0,
) -> Resampling:
    """Count jets of each flavour in bins of (pt, |eta|), streaming.

    Parameters
    ----------
    batches
        The jets.
    classes
        The flavours to bring together.
    target, method, seed
        As in `Resampling`.

    Raises
    ------
    BadValueError
        If a flavour has no jets at all.
    """
    counts = np.zeros((len(classes), len(PT_EDGES) - 1, len(ETA_EDGES) - 1))
    for batch in batches:
        jets = batch.with_classes(classes)
        known = jets.label >= 0
        where = (jets.label[known], *(b[known] for b in bins(jets)))
        np.add.at(counts, where, jets.weight[known])
    for name, count in zip(classes, counts, strict=True):
        if not count.any():
            raise BadValueError(
                f"there are no {name!r} jets to train on: leave the class out of {list(classes)}, "
                "or take more jets"
            )
    return Resampling(tuple(classes), counts, target, method, seed)
