"""The parts that transformers over particles are made of, with padding masked exactly.

Particles that are not real get no attention, bring nothing to a sum and receive no gradient. A jet
without any particle gives zeros, and finite gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from jetlens.core.errors import BadValueError, look_up
from jetlens.taggers.attention import Attention, SelfAttention

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU}
"""GELU and SiLU are smooth, so that gradients along a path can be integrated in few steps."""


def dense(
    sizes: Sequence[int], activation: str = "gelu", dropout: float = 0.0, normed: bool = False
) -> nn.Sequential:
    """Return linear layers ``sizes[0] -> ... -> sizes[-1]`` with activations between them.

    Parameters
    ----------
    sizes
        The widths, from the input to the output.
    activation
        One of `ACTIVATIONS`.
    dropout
        The chance that a hidden number is dropped in training.
    normed
        Whether hidden numbers are normalised (`torch.nn.LayerNorm`) behind each activation.

    Raises
    ------
    BadValueError
        If a width is below 1, or `dropout` is no chance.
    """
    if min(sizes) < 1:
        raise BadValueError(f"dense layers of widths {list(sizes)}: expected 1 or more each")
    if not 0 <= dropout < 1:
        raise BadValueError(f"dropout={dropout}: expected a chance from 0 to below 1")
    made = look_up("activation", activation, ACTIVATIONS)
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(itertools.pairwise(sizes)):
        if i:
            layers.append(made())
            if dropout:
                layers.append(nn.Dropout(dropout))
            if normed:
                layers.append(nn.LayerNorm(before))
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer: ``x + attention(norm(x))``, then ``x + dense(norm(x))``.

    References
    ----------
    Xiong et al., "On layer normalization in the transformer architecture", arXiv:2002.04745.
    """

    def __init__(
        self, width: int, heads: int, feed_forward: int, activation: str, dropout: float
    ) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.norm_dense = nn.LayerNorm(width)
        self.dense = dense([width, feed_forward, width], activation, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``[jet, particle, width]``."""
        x = x + self.dropout(self.attention(self.norm_attention(x), mask))
        out: Tensor = x + self.dropout(self.dense(self.norm_dense(x)))
        return out


class CrossLayer(nn.Module):
    """Pre-norm layer between streams: ``x + attention(norm(x), norm(other))``, then dense.

    Parameters
    ----------
    width, key_width
        The widths of the stream that asks and of the one that is asked.
    heads, feed_forward, activation, dropout
        As of `EncoderLayer`.

    References
    ----------
    Hammad, Moretti, Nojiri, arXiv:2401.00452.
    """

    def __init__(
        self,
        width: int,
        key_width: int,
        heads: int,
        feed_forward: int,
        activation: str,
        dropout: float,
    ) -> None:
        super().__init__()
        self.norm_query = nn.LayerNorm(width)
        self.norm_key = nn.LayerNorm(key_width)
        self.attention = Attention(width, key_width, heads)
        self.norm_dense = nn.LayerNorm(width)
        self.dense = dense([width, feed_forward, width], activation, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, other: Tensor, mask: Tensor) -> Tensor:
        """Return ``[jet, particle, width]``; `mask` says which particles of `other` are real."""
        mixed = self.attention(self.norm_query(x), self.norm_key(other), mask)
        x = x + self.dropout(mixed)
        out: Tensor = x + self.dropout(self.dense(self.norm_dense(x)))
        return out


class ParticleLayer(nn.Module):
    """Transformer layer with norms before and behind attention and before each dense layer.

    ``x + norm(attention(norm(x)))``, then ``x + linear(norm(activation(linear(norm(x)))))``. What
    particles are to each other is added to the scores of attention.

    References
    ----------
    Qu, Li and Qian, arXiv:2202.03772; Shleifer, Weston and Ott, "NormFormer", arXiv:2110.09456.
    """

    def __init__(
        self, width: int, heads: int, feed_forward: int, activation: str, dropout: float
    ) -> None:
        super().__init__()
        self.norm_before = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.norm_behind = nn.LayerNorm(width)
        self.dense = _normed(width, feed_forward, activation, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return ``[jet, particle, width]``; `bias` is ``[jet, head, particle, particle]``."""
        mixed = self.attention(self.norm_before(x), mask, bias)
        x = x + self.dropout(self.norm_behind(mixed))
        out: Tensor = x + self.dropout(self.dense(x))
        return out


class ClassLayer(nn.Module):
    """A token that asks itself and the particles, ``token + norm(attention(norm(both)))``.

    Then as in `ParticleLayer`; the particles stay as they are.

    References
    ----------
    Touvron et al., "Going deeper with image transformers", arXiv:2103.17239; Qu, Li and Qian,
    arXiv:2202.03772 (jets).
    """

    def __init__(self, width: int, heads: int, feed_forward: int, activation: str) -> None:
        super().__init__()
        self.norm_before = nn.LayerNorm(width)
        self.attention = Attention(width, width, heads)
        self.norm_behind = nn.LayerNorm(width)
        self.dense = _normed(width, feed_forward, activation, 0.0)

    def forward(self, token: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """Return the token ``[jet, 1, width]``; `mask` says which of ``x`` are real."""
        both = self.norm_before(torch.cat([token, x], 1))
        there = nn.functional.pad(mask, (1, 0), value=True)
        token = token + self.norm_behind(self.attention(both[:, :1], both, there))
        out: Tensor = token + self.dense(token)
        return out


def _normed(width: int, feed_forward: int, activation: str, dropout: float) -> nn.Sequential:
    sizes = [width, feed_forward, width]
    return nn.Sequential(nn.LayerNorm(width), *dense(sizes, activation, dropout, normed=True))
