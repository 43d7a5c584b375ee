"""Attention over particles, with padding masked exactly; what any of it does, `attend` does.

Particles that are not real get no attention and no gradient.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from jetlens.core.errors import BadValueError


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    heads: int,
    bias: Tensor | None = None,
) -> Tensor:
    """Mix values for each query by multi-head attention to the keys that are real.

    It is computed by one call of `torch.nn.functional.scaled_dot_product_attention` and nowhere
    else: who wants to see the weights intercepts that function.

    Parameters
    ----------
    query
        ``[jet, query, width]``.
    key, value
        ``[jet, key, width]``.
    mask
        ``[jet, key]``, True where a key is real. A jet without any gets zeros.
    heads
        The heads, which share the width.
    bias
        ``[jet, head, query, key]``, what is added to the scores; left out, nothing is.

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762; with what is added, Qu, Li and
    Qian, arXiv:2202.03772.
    """
    query, key, value = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
    keys = mask[:, None, None, :]
    any_key = keys.any(-1, keepdim=True)
    seen = keys | ~any_key
    if bias is not None:
        seen = bias.masked_fill(~seen, -torch.inf)
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    return (mixed * any_key).transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head self-attention over a jet's real particles.

    Raises
    ------
    BadValueError
        If the heads do not divide the width.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        check_heads(width, heads)
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor, bias: Tensor | None = None) -> Tensor:
        """Mix ``x`` ``[jet, particle, width]`` over the particles that `mask` says are real.

        `bias` ``[jet, head, particle, particle]`` is added to the scores.
        """
        query, key, value = self.qkv(x).chunk(3, -1)
        out: Tensor = self.out(attend(query, key, value, mask, self.heads, bias))
        return out


class Attention(nn.Module):
    """Multi-head attention of one stream's particles to the real ones of another.

    Where the other stream has none, nothing comes back: zeros.

    Parameters
    ----------
    width, key_width
        The widths of the stream that asks and of the one that is asked.
    heads
        The heads, which divide the width of the stream that asks.

    Raises
    ------
    BadValueError
        If the heads do not divide the width.
    """

    def __init__(self, width: int, key_width: int, heads: int) -> None:
        super().__init__()
        check_heads(width, heads)
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(key_width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, other: Tensor, mask: Tensor) -> Tensor:
        """Mix ``other`` ``[jet, key, key_width]``, real where `mask` says so, for each of ``x``."""
        key, value = self.key_value(other).chunk(2, -1)
        mixed = attend(self.query(x), key, value, mask, self.heads)
        out: Tensor = self.out(mixed) * mask.any(1)[:, None, None]
        return out


def check_heads(width: int, heads: int) -> None:
    """Refuse heads that do not divide a width.

    Raises
    ------
    BadValueError
        The message says which numbers of heads do.
    """
    if min(width, heads) < 1 or width % heads:
        fitting = [n for n in range(1, width + 1) if width % n == 0]
        near = min(fitting, key=lambda n: abs(n - heads), default=1)
        raise BadValueError(
            f"{heads} heads of a width of {width}: expected a number that divides the width, one "
            f"of {', '.join(map(str, fitting)) or 'none'} (the nearest is {near})"
        )


class AttentionPooling(nn.Module):
    """A weighted sum of a jet's real particles, the weights learned: ``[jet, width]``.

    It is attention with one query, whose scores a linear layer gives.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Pool ``x`` ``[jet, particle, width]``."""
        any_key = mask.any(1, keepdim=True)
        ask = x.new_ones(len(x), 1, 1, 1)  # times a score, it is the score
        with sdpa_kernel(SDPBackend.MATH):  # the others want scores as wide as values
            pooled = F.scaled_dot_product_attention(
                ask,
                self.score(x)[:, None],
                x[:, None],
                attn_mask=(mask | ~any_key)[:, None, None],
                scale=1.0,
            )
        return pooled[:, 0, 0] * any_key
