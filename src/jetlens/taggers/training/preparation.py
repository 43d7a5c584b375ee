"""What is done to jets before they are trained on: flavours, resampling, weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.data import resample
from jetlens.data.base import Dataset
from jetlens.data.resample import Resampling
from jetlens.taggers.training.settings import TrainSettings


@dataclass(frozen=True)
class Preparation:
    """Drops jets of other classes, resamples flavours, applies class weights.

    Attributes
    ----------
    classes
        The flavours.
    resampling
        How they are brought to one distribution, if they are.
    class_weights
        What a jet counts by class, ``[class]``.
    norm
        Brings the mean weight of the training jets to one.
    """

    classes: tuple[str, ...]
    resampling: Resampling | None
    class_weights: tuple[float, ...]
    norm: float = 1.0

    def apply(self, jets: JetBatch) -> JetBatch:
        """Return the jets to train on, with their weights."""
        jets = jets.with_classes(self.classes)
        jets = jets.take(jets.label >= 0)
        if self.resampling is not None:
            jets = self.resampling.apply(jets)
        factor = np.asarray(self.class_weights)[jets.label] * self.norm
        return replace(jets, weight=jets.weight * factor)


@dataclass(frozen=True)
class Counts:
    """Jets before and after the preparation, by class.

    Attributes
    ----------
    read, kept
        Jets before and after.
    effective
        Jets of equal weight that have the statistical precision of those kept: the square of the
        sum of their weights over the sum of the squares.
    weight
        The sum of the weights of all that are kept.
    """

    read: dict[str, int]
    kept: dict[str, int]
    effective: dict[str, float]
    weight: float

    @property
    def total(self) -> int:
        """The number of jets that are kept."""
        return sum(self.kept.values())


def decided(settings: TrainSettings, jets: JetBatch | None) -> TrainSettings:
    """Return settings that say how jets like these are resampled, if they left that open."""
    if settings.resample != "auto":
        return settings
    how = "weight" if jets is not None and resample.possible(jets) else "none"
    return settings.model_copy(update={"resample": how})


def prepare(
    training: Dataset, classes: Sequence[str], settings: TrainSettings
) -> tuple[Preparation, Counts]:
    """Fit the preparation on the train part and count what it keeps.

    Raises
    ------
    BadValueError
        If a class has no jets, or none are left.
    """
    resampling = None
    if settings.resample != "none":
        resampling = resample.fit(
            training,
            classes,
            target=settings.resample_to,
            method=settings.resample,
            seed=settings.seed,
        )
    weights = tuple(settings.class_weights.get(c, 1.0) for c in classes)
    preparation = Preparation(tuple(classes), resampling, weights)
    counts = count(training, preparation)
    absent = next((c for c, n in counts.kept.items() if not n), None)
    if absent is not None:
        raise BadValueError(
            f"no {absent!r} jets to train on are left of {counts.read[absent]}: leave the class "
            f"out of {list(classes)}, take more jets, or change resample={settings.resample!r}"
        )
    return replace(preparation, norm=counts.total / counts.weight), counts


def count(data: Iterable[JetBatch], preparation: Preparation) -> Counts:
    """Count jets before and after a preparation."""
    before, after = (np.zeros(len(preparation.classes), dtype=np.int64) for _ in range(2))
    sums, squares = (np.zeros(len(preparation.classes)) for _ in range(2))
    for jets in data:
        labels = jets.with_classes(preparation.classes).label
        kept = preparation.apply(jets)
        before += np.bincount(labels[labels >= 0], minlength=len(before))
        after += np.bincount(kept.label, minlength=len(after))
        sums += np.bincount(kept.label, kept.weight, minlength=len(sums))
        squares += np.bincount(kept.label, kept.weight**2, minlength=len(squares))
    names = preparation.classes
    effective = np.divide(sums**2, squares, out=np.zeros_like(sums), where=squares > 0)
    return Counts(
        dict(zip(names, before.tolist(), strict=True)),
        dict(zip(names, after.tolist(), strict=True)),
        dict(zip(names, effective.tolist(), strict=True)),
        float(sums.sum()),
    )
