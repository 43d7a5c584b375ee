"""Where integrated gradients start from.

A baseline gives each jet one reference input, or several over which the attributions (not the
references) are averaged. The mask of the jet is held: a reference has as many particles as the jet.
Where references are jets, their particles pair with the jet's in falling order of a variable.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.core.hashing import mix
from jetlens.core.registry import baselines
from jetlens.explain.paths.given import by_feature
from jetlens.explain.paths.references import Constant, References, at_places, from_jets, paired
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict


class Baseline(abc.ABC):
    """A choice of references, registered by name."""

    @abc.abstractmethod
    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Prepare the references of packed jets."""


@baselines.register("zero")
@dataclass(frozen=True, kw_only=True)
class Zero(Baseline):
    """Zero in the tagger's scaled features.

    With ``train.scaling = "standard"`` that is the mean of what it was trained on, with ``"unit"``
    the lower end of its range, with ``"largest"`` zero itself: an empty pixel.
    """

    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Return zeros."""
        return Constant({name: torch.zeros(1) for name in tagger.inputs})


@baselines.register("mean")
@dataclass(frozen=True, kw_only=True)
class Mean(Baseline):
    """The mean of each feature over the real particles of the reference jets.

    Of a list in which each place is a thing of its own, it is the mean at each place.
    """

    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Measure the means."""
        inputs, masks = encode(tagger, pool)
        means = {}
        for name, values in inputs.items():
            real = values[masks[name]] if name in masks else values
            if not len(real):
                raise BadValueError(f"baseline 'mean': the reference jets have no {name}")
            if name in tagger.places:
                behind = packed.inputs[name].shape[1] - values.shape[1]
                each = at_places(values.double(), masks[name])
                means[name] = torch.nn.functional.pad(each, (0, 0, 0, behind))
            else:
                means[name] = real.double().mean(0)
        return Constant(means)


@baselines.register("background")
@dataclass(frozen=True, kw_only=True)
class Background(Baseline):
    """Jets drawn from a background class, of the jet's own multiplicity as far as there are.

    Parameters
    ----------
    of
        The background class.
    count
        References a jet, over which the attributions are averaged.
    order
        The variable by which particles pair, in falling magnitude; left out, the signed d0
        significance, else pt.

    References
    ----------
    An average over background jets was found better than zero in arXiv:2412.13864.
    """

    of: str = "u"
    count: int = 8
    order: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise BadValueError(f"baseline 'background': count={self.count}, expected 1 or more")

    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Draw the references by a hash of the jet's row, so that batching changes nothing."""
        labels = pool.with_classes(tagger.classes)
        look_up("background class", self.of, {c: c for c in tagger.classes})
        candidates = np.flatnonzero(labels.label == tagger.classes.index(self.of))
        if not len(candidates):
            raise BadValueError(f"baseline 'background': no {self.of} jets among the references")

        def draw(rows: NDArray[np.int64], among: NDArray[np.intp], n: int) -> NDArray[np.intp]:
            salts = [mix(rows, salt=100 + k) for k in range(n)]
            picks: NDArray[np.intp] = among[np.stack(salts, 1) % np.uint64(len(among))]
            return picks

        chosen = pool.take(candidates)
        return from_jets(tagger, packed, batch, chosen, draw, self.count, self.order)


@baselines.register("neutral")
@dataclass(frozen=True, kw_only=True)
class Neutral(Baseline):
    """The reference jets nearest to equal class probabilities, among those of the multiplicity.

    Parameters
    ----------
    count
        References a jet, over which the attributions are averaged.
    order
        The variable by which particles pair, in falling magnitude; left out, the signed d0
        significance, else pt.
    """

    count: int = 1
    order: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise BadValueError(f"baseline 'neutral': count={self.count}, expected 1 or more")

    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Rank the reference jets by the entropy of what the tagger says of them."""
        _some(pool)
        logits = predict(tagger, pack(tagger, *encode(tagger, pool)), auxiliary=False).logits
        chance = logits.double().log_softmax(-1)
        entropy = -(chance.exp() * chance).sum(-1).cpu().numpy()

        def most_neutral(
            rows: NDArray[np.int64], among: NDArray[np.intp], n: int
        ) -> NDArray[np.intp]:
            ranked = among[np.argsort(-entropy[among], kind="stable")][:n]
            ranked = np.resize(ranked, n)  # repeats, where there are too few
            return np.broadcast_to(ranked, (len(rows), n))

        return from_jets(tagger, packed, batch, pool, most_neutral, self.count, self.order)


@dataclass(frozen=True)
class Given(Baseline):
    """The user's own: physical values by collection, or jets that are all used.

    Values of a collection are by feature, or numbers in the order of the tagger's features.
    """

    values: Mapping[str, Mapping[str, float] | Sequence[float]] | JetBatch

    def references(
        self, tagger: Tagger, packed: Packed, batch: JetBatch, pool: JetBatch
    ) -> References:
        """Scale the values, or take the jets."""
        if isinstance(self.values, JetBatch):
            _some(self.values)
            every = np.broadcast_to(np.arange(len(self.values)), (len(batch), len(self.values)))
            return paired(tagger, packed, batch, self.values, np.array(every), None)
        constants = {
            name: np.zeros(
                packed.inputs[name].shape[1:] if name in tagger.places else len(features)
            )
            for name, features in tagger.inputs.items()
        }
        for name, given in self.values.items():
            features = look_up("collection of this tagger", name, tagger.inputs)
            for feature, value in by_feature(name, given, features).items():
                i = features.index(feature)
                alike = np.full((*constants[name].shape[:-1], 1), value)
                constants[name][..., i] = tagger.scaling.scaled(alike, name, [feature])[..., 0]
        tensors = {name: torch.as_tensor(values) for name, values in constants.items()}
        return Constant(
            {n: t[:, None, None] if packed.inputs[n].ndim == 4 else t for n, t in tensors.items()}
        )


def choose(given: str | Baseline | JetBatch | Mapping[str, object]) -> Baseline:
    """Return the baseline that a name, a table with ``use``, values or jets stand for."""
    if isinstance(given, Baseline):
        return given
    if isinstance(given, str):
        made: Baseline = baselines.make(given)
        return made
    if isinstance(given, JetBatch):
        return Given(given)
    if isinstance(given, Mapping):
        if "use" in given:
            options = {k: v for k, v in given.items() if k != "use"}
            named: Baseline = baselines.make(str(given["use"]), **options)
            return named
        return Given(given)  # type: ignore[arg-type]
    raise BadValueError(
        f"baseline {given!r}: expected a name ({', '.join(baselines)}), a table with 'use', "
        "values by collection and feature, or a JetBatch"
    )


def _some(pool: JetBatch) -> None:
    if not len(pool):
        raise BadValueError("the baseline needs reference jets, and there are none")


def held(names: str | Sequence[str], tagger: Tagger) -> dict[str, list[int]]:
    """Return the positions, by collection, of features that are to stay fixed along the path.

    Parameters
    ----------
    names
        ``"feature"`` or ``"collection.feature"``.
    """
    names = [names] if isinstance(names, str) else names
    everything = {f"{c}.{f}": (c, i) for c, fs in tagger.inputs.items() for i, f in enumerate(fs)}
    found: dict[str, list[int]] = {}
    for name in names:
        hits = [v for k, v in everything.items() if k == name or k.partition(".")[2] == name]
        if not hits:
            short = [k if "." in name else k.partition(".")[2] for k in everything]
            raise UnknownNameError("input to hold", name, short)
        for collection, i in hits:
            found.setdefault(collection, []).append(i)
    return found
