"""Particles in their order: real ones moved up, what stands in padding kept out of everything."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetlens.core.errors import BadValueError
from jetlens.taggers.base import Inputs


def real_first(mask: Tensor) -> Tensor:
    """Return positions ``[jet, particle]`` that put real particles first and keep their order."""
    return torch.argsort((~mask).to(torch.uint8), dim=1, stable=True)


def moved_up(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return particles without holes between them, zeros in padding, and the mask to match.

    Parameters
    ----------
    x
        ``[jet, particle, feature]``.
    mask
        ``[jet, particle]``, True where a particle is real.
    """
    if (mask[:, 1:] & ~mask[:, :-1]).any():  # a real one after one that is not
        place = real_first(mask)
        x, mask = x.take_along_dim(place[..., None], dim=1), mask.take_along_dim(place, dim=1)
    return x.masked_fill(~mask[..., None], 0.0), mask


def listed(tagger: str, name: str, inputs: Inputs, masks: Inputs) -> tuple[Tensor, Tensor]:
    """Return the particles of the collection `name`, moved up, and their mask.

    Raises
    ------
    BadValueError
        If the collection is no list.
    """
    if name not in masks:
        raise BadValueError(f"{name!r} is no list of particles, which {tagger} takes")
    return moved_up(inputs[name], masks[name])


class RealBatchNorm(nn.Module):
    """Batch normalisation over real particles alone: ``[jet, channel, particle]``, padding zero.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", arXiv:1502.03167.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise where `mask` ``[jet, particle]`` is True."""
        if self.training:
            real = self._measured(x.transpose(1, 2)[mask])
            out = x.new_zeros(x.shape[0], x.shape[2], x.shape[1])
            out = out.masked_scatter(mask[..., None], real)
            return out.transpose(1, 2)
        normed: Tensor = self.norm(x)
        return normed.masked_fill(~mask[:, None], 0.0)

    def _measured(self, real: Tensor) -> Tensor:
        if len(real) > 1:
            normed: Tensor = self.norm(real)
            return normed
        norm = self.norm  # one particle has no deviation: take what was measured before
        return nn.functional.batch_norm(
            real, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
        )
