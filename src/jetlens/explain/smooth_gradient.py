"""SmoothGrad: the gradient, averaged over noisy copies of each jet.

References
----------
Smilkov, Thorat, Kim, Viegas and Wattenberg, "SmoothGrad: removing noise by adding noise",
arXiv:1706.03825.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.hashing import mix, normal
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, Scores, ScoringExplainer
from jetlens.explain.gradient import INPUT, beside, check_unit, in_unit, spreads
from jetlens.explain.shared.slopes import check_finite, fixed, slopes
from jetlens.explain.shared.spread import told_by
from jetlens.explain.steps.free import free, roles_of
from jetlens.explain.targets import Target
from jetlens.physics.roles import listed
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed


@explainers.register("smooth-gradient")
@dataclass(frozen=True, kw_only=True)
class SmoothGradient(ScoringExplainer):
    """The mean gradient of noisy copies of each jet.

    Normal noise is added to the scaled inputs of real particles. Discrete features (charge, one-hot
    types, counts) stay as they are, and so do masses, which follow from the type. The noise of a
    particle follows from its jet's row and its own values, so that neither the order of particles
    nor the jets beside it change it.

    Parameters
    ----------
    samples
        Noisy copies of each jet.
    noise
        The noise's standard deviation in spreads of the feature, as ``unit = "spread"`` has them.
        (The paper counts in ranges, greatest less least value, of which it takes 0.1 to 0.2.)
    unit
        As of ``gradient``: ``"input"``, ``"spread"`` or ``"physical"`` (the rate of the scaling is
        that at the jet itself).
    hold
        More features without noise: ``"feature"`` or ``"collection.feature"``.
    seed
        Chooses the noise.
    """

    samples: int = 32
    noise: float = 0.2
    unit: str = INPUT
    hold: str | Sequence[str] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        check_unit(self.unit)
        if isinstance(self.samples, bool) or not isinstance(self.samples, int) or self.samples < 1:
            raise BadValueError(f"samples={self.samples!r}: expected a whole number, 1 or more")
        if not isinstance(self.noise, int | float) or not 0 <= self.noise < np.inf:
            raise BadValueError(f"noise={self.noise!r}: expected a number, 0 or more")

    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Average the gradients, a chunk of jets at a time."""
        still = [*_masses(tagger, context.batch), *listed(self.hold)]
        loose = free(tagger, context.batch, still)
        size = {
            name: self.noise * values * beside(packed.inputs[name], loose[name])
            for name, values in spreads(tagger, packed, context).items()
        }
        keys = _keys(tagger, packed, context.batch)
        found = {name: torch.zeros_like(values) for name, values in packed.inputs.items()}
        for jets in packed.chunks():
            inputs, masks = packed.cut(jets)
            for sample in range(self.samples):
                noisy = {
                    name: values
                    + size[name] * self._noise(keys[name][jets], values, sample, masks.get(name))
                    for name, values in inputs.items()
                }
                some = slopes(tagger, target, noisy, masks, fixed(chosen[jets]))
                for name, values in some.slopes.items():
                    if name in masks:
                        values = values.masked_fill(~masks[name][..., None], 0)
                        found[name][jets, : values.shape[1]] += values / self.samples
                    else:
                        found[name][jets] += values / self.samples
        check_finite(found, tagger, packed, target)
        attrs = {"noise": f"{self.noise:g} spreads of the feature {told_by(tagger, context.pool)}"}
        return in_unit(self.unit, Scores(found, attrs=attrs), tagger, packed, context)

    def _noise(
        self, keys: NDArray[np.int64], values: Tensor, sample: int, mask: Tensor | None
    ) -> Tensor:
        """Return normal numbers to go with inputs of some jets, zero in padding."""
        salt = int(mix(self.seed, sample) >> np.uint64(33))
        if mask is None:
            drawn = normal(keys.reshape(values.shape), salt)
            return torch.as_tensor(drawn).to(values)
        drawn = normal(keys[:, : values.shape[1]], salt)
        return torch.as_tensor(drawn).to(values).masked_fill(~mask[..., None], 0)


def _masses(tagger: Tagger, batch: JetBatch) -> list[str]:
    """Return the masses of particles among the inputs: ``collection.feature``."""
    return [
        f"{name}.{feature}"
        for name, role in roles_of(tagger, batch).items()
        for feature in role.masses
        if batch[name].is_sequence and feature in tagger.inputs[name]
    ]


def _keys(tagger: Tagger, packed: Packed, batch: JetBatch) -> dict[str, NDArray[np.int64]]:
    """Return a number for each input of the packed jets, by which its noise is chosen.

    That of a particle's feature is made of the jet's row and of all the particle's values; that of
    a pixel or of a jet's own feature of the row and of its place.
    """
    found = {}
    for name, features in tagger.inputs.items():
        collection = batch[name]
        row = mix(batch.row)
        if collection.is_sequence:
            columns = np.take(collection.values, collection.positions(features), axis=-1)
            bits = np.ascontiguousarray(columns.astype(np.float64) + 0.0).view(np.int64)
            key = np.broadcast_to(row[:, None], bits.shape[:2])
            for i in range(len(features)):
                key = mix((key ^ bits[..., i].view(np.uint64)).view(np.int64), i)
            inner = mix(np.arange(len(features)))
            every = key[..., None] ^ inner
        else:
            shape = packed.inputs[name].shape[1:]
            place = mix(np.arange(shape.numel())).reshape(shape)
            every = row.reshape(-1, *[1] * len(shape)) ^ place
        found[name] = packed.arranged(name, torch.as_tensor(every.view(np.int64))).numpy()
    return found
