"""The parts that transformers over particles are made of, with padding masked exactly.

Particles that are not real get no attention, bring nothing to a sum and receive no gradient. A jet
without any particle gives zeros, and finite gradients.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from jetlens.core.errors import BadValueError, look_up

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU}
"""GELU and SiLU are smooth, so that gradients along a path can be integrated in few steps."""


def dense(sizes: Sequence[int], activation: str = "gelu", dropout: float = 0.0) -> nn.Sequential:
    """Return linear layers ``sizes[0] -> ... -> sizes[-1]`` with activations between them.

    Parameters
    ----------
    sizes
        The widths, from the input to the output.
    activation
        One of `ACTIVATIONS`.
    dropout
        The chance that a hidden number is dropped in training.

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
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)


class AttentionWeights(nn.Module):
    """Softmax over real keys: ``[..., query, key]`` scores to weights; a hook here sees them.

    Each row adds up to one; where no key is real it is all zeros.
    """

    def forward(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Return the weights.

        Parameters
        ----------
        scores
            ``[..., query, key]``.
        mask
            True where a key is real, of a shape that broadcasts to that of the scores.
        """
        # the least number instead of -inf: a row without any key stays finite, forth and back
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask, lowest).softmax(-1)
        return weights.masked_fill(~mask, 0.0)


class SelfAttention(nn.Module):
    """Multi-head self-attention over a jet's real particles.

    Attributes
    ----------
    fused
        Whether the weights stay inside a fused kernel (fast), or pass through the submodule
        `weights`, ``[jet, head, query, key]``. Both compute the same from the same parameters; see
        `explicit_attention`.

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.weights = AttentionWeights()
        self.fused = True

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Mix ``x`` ``[jet, particle, width]`` over the particles that `mask` says are real."""
        jets, particles, width = x.shape
        split = self.qkv(x).view(jets, particles, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each [jet, head, particle, width/head]
        keys = mask[:, None, None, :]
        if self.fused:
            any_key = keys.any(-1, keepdim=True)
            with _kernel(x):
                mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=keys | ~any_key)
            mixed = mixed * any_key
        else:
            scores = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
            mixed = self.weights(scores, keys) @ value
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(jets, particles, width))
        return out


_SHORT = 100  # particles
"""Up to here plain matrix products beat the fused kernel on a processor, by up to five times."""


def _kernel(x: Tensor) -> contextlib.AbstractContextManager[None]:
    """Let attention over few particles on a processor be done by plain matrix products."""
    if x.device.type == "cpu" and x.shape[1] <= _SHORT:
        plain: contextlib.AbstractContextManager[None] = sdpa_kernel(SDPBackend.MATH)
        return plain
    return contextlib.nullcontext()


@contextlib.contextmanager
def explicit_attention(module: nn.Module) -> Iterator[None]:
    """Let attention weights pass through `AttentionWeights` inside; undone at the end."""
    fused = [m for m in module.modules() if isinstance(m, SelfAttention) and m.fused]
    try:
        for attention in fused:
            attention.fused = False
        yield
    finally:
        for attention in fused:
            attention.fused = True


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


class AttentionPooling(nn.Module):
    """A weighted sum of a jet's real particles, the weights learned: ``[jet, width]``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)
        self.weights = AttentionWeights()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Pool ``x`` ``[jet, particle, width]``."""
        weights = self.weights(self.score(x).transpose(1, 2), mask[:, None, :])
        pooled: Tensor = (weights @ x)[:, 0]
        return pooled
