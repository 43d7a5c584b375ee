"""Streams: lists of particles or objects, each through an encoder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from jetlens.core.errors import BadValueError, look_up
from jetlens.taggers.attention import check_heads
from jetlens.taggers.base import Inputs
from jetlens.taggers.layers import EncoderLayer, dense

_PLACE = 0.5
"""What embeddings of places spread by at first: about as far as those of what stands there."""


@dataclass(frozen=True)
class StreamSettings:
    """The size of a stream's network.

    Attributes
    ----------
    width
        Numbers in a particle's embedding.
    heads
        Heads of self-attention; they divide the width.
    layers
        Encoder layers; without any, particles stay apart.
    feed_forward
        The width of the dense part of each layer; 0 stands for twice the stream's.
    places
        Places of a list in which each is a thing of its own (the leading jet, then the missing
        momentum): each has an embedding that is added to what stands there, and is scaled by
        itself. 0 stands for particles that are alike, in any order.
    """

    width: int = 40
    heads: int = 5
    layers: int = 2
    feed_forward: int = 0
    places: int = 0

    @classmethod
    def of(cls, name: str, given: Mapping[str, int]) -> StreamSettings:
        """Make the settings of the stream `name` of what was given for it.

        Raises
        ------
        UnknownNameError
            If there is no such setting.
        BadValueError
            If a value cannot be used.
        """
        known = {f.name: 1 if f.name in ("width", "heads") else 0 for f in fields(cls)}
        for key, value in given.items():
            least = look_up(f"setting of the stream {name!r}", key, known)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise BadValueError(
                    f"streams.{name}.{key}={value!r}: expected a whole number, {least} or more"
                )
        made = cls(**given)
        try:
            check_heads(made.width, made.heads)
        except BadValueError as error:
            raise BadValueError(f"streams.{name}: {error}") from None
        return made

    @property
    def inner(self) -> int:
        """The width of the dense part of each layer."""
        return self.feed_forward or 2 * self.width


class Stream(nn.Module):
    """A dense embedding of each particle, then encoder layers: ``[jet, particle, width]``."""

    def __init__(
        self, features: int, settings: StreamSettings, activation: str, dropout: float
    ) -> None:
        super().__init__()
        s = settings
        self.embed = dense([features, s.width, s.width], activation)
        self.place = nn.Parameter(torch.empty(s.places, s.width)) if s.places else None
        if self.place is not None:
            nn.init.normal_(self.place, std=_PLACE)
        self.layers = nn.ModuleList(
            EncoderLayer(s.width, s.heads, s.inner, activation, dropout) for _ in range(s.layers)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode particles ``[jet, particle, feature]``.

        Raises
        ------
        BadValueError
            If a particle stands behind the last place.
        """
        x = self.embed(x)
        if self.place is not None:
            x = x + self._placed(mask)
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def _placed(self, mask: Tensor) -> Tensor:
        """Return the embedding of each place ``[particle, width]``, zeros for padding behind."""
        assert self.place is not None
        here, places = mask.shape[1], len(self.place)
        if here > places and mask[:, places:].any():
            raise BadValueError(
                f"a particle stands at place {int(mask.nonzero()[:, 1].max()) + 1} of a list of "
                f"{places} places"
            )
        return nn.functional.pad(self.place[:here], (0, 0, 0, max(here - places, 0)))


def of_stream(name: str, inputs: Inputs, masks: Inputs) -> tuple[Tensor, Tensor]:
    """Return a stream's particles, zeros in padding, and their mask.

    Raises
    ------
    UnknownNameError
        If they are not there.
    BadValueError
        If they are no list of particles, or the mask does not fit them.
    """
    x, mask = look_up("stream among the inputs", name, inputs), masks.get(name)
    if x.ndim != 3 or mask is None:
        raise BadValueError(
            f"{name!r} of shape {tuple(x.shape)}{' without a mask' if mask is None else ''} is no "
            "list of particles: expected [jet, particle, feature] and a mask [jet, particle]"
        )
    if mask.shape != x.shape[:2]:
        raise BadValueError(
            f"the mask of {name!r} has shape {tuple(mask.shape)}: expected {tuple(x.shape[:2])}, "
            f"as {name!r} has shape {tuple(x.shape)}"
        )
    if mask.dtype != torch.bool:
        raise BadValueError(
            f"the mask of {name!r} is of {str(mask.dtype).removeprefix('torch.')}: expected bool, "
            "True where a particle is real"
        )
    return x.masked_fill(~mask[..., None], 0.0), mask


def mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real particles ``[jet, width]``; zeros where there is none."""
    total: Tensor = x.masked_fill(~mask[..., None], 0.0).sum(1)
    return total / mask.sum(1, keepdim=True).clamp(min=1)
