"""Modules that attend in every way that torch has, over tracks of jets with holes in their mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.batch import JetBatch

FEATURES = ("a", "b", "c")
CLASSES = ("s", "t")
WIDTH, HEADS = 8, 2


def jets(n: int = 14, places: int = 6, seed: int = 3) -> JetBatch:
    """Tracks and jets' variables; the first jet has no track, the second all of them."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, places)) < 0.6
    mask[0], mask[1] = False, True
    return jl.batch(
        {
            "tracks": (rng.normal(size=(n, places, 3)), FEATURES, mask),
            "jets": (rng.normal(size=(n, 2)), ("x", "y")),
        },
        label=rng.integers(0, 2, n),
        classes=CLASSES,
    )


class Net(nn.Module):
    """Tracks through `mix`, ``(x, mask, lin) -> x``, to a masked mean and a head."""

    def __init__(self, mix: Callable[..., Tensor], **parts: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.embed = nn.Linear(3, WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.token = nn.Parameter(torch.randn(WIDTH))
        self.head = nn.Linear(WIDTH, 2)
        self.parts = nn.ModuleDict(parts)
        self.mix = mix

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.mix(self, self.embed(x), mask)
        real = mask[..., None]
        return self.head((x * real).sum(1) / real.sum(1).clamp(min=1))


def split(net: Net, x: Tensor) -> list[Tensor]:
    return [t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in net.qkv(x).chunk(3, -1)]


def merge(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def four(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    return x + merge(F.scaled_dot_product_attention(*split(net, x), mask[:, None, None]))


def floats(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    hidden = torch.zeros(mask.shape, dtype=x.dtype).masked_fill(~mask, -torch.inf)
    whole = hidden[:, None, None].expand(-1, HEADS, x.shape[1], -1)
    return x + merge(F.scaled_dot_product_attention(*split(net, x), whole, scale=0.3))


def folded(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    q, k, v = (t.flatten(0, 1) for t in split(net, x))
    each = mask[:, None, None].expand(-1, HEADS, -1, -1).flatten(0, 1)
    out = F.scaled_dot_product_attention(q, k, v, each)
    return x + merge(out.unflatten(0, (-1, HEADS)))


def heads_first(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    q, k, v = (t.transpose(0, 1) for t in split(net, x))
    return x + merge(F.scaled_dot_product_attention(q, k, v, mask[None, :, None]).transpose(0, 1))


def causal(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    # jets are packed, real particles first: none sees padding
    return x + merge(F.scaled_dot_product_attention(*split(net, x), is_causal=True))


def grouped(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    q, k, v = split(net, x)
    k, v = k[:, :1], v[:, :1]
    return x + merge(F.scaled_dot_product_attention(q, k, v, mask[:, None, None], enable_gqa=True))


def with_class(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    x = torch.cat([net.token.expand(len(x), 1, -1), x], 1)
    x = four(net, x, F.pad(mask, (1, 0), value=True))
    return x[:, :1] + 0 * x[:, 1:]


def module(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    attention = net.parts["attention"]
    if attention.batch_first:
        return x + attention(x, x, x, key_padding_mask=~mask, need_weights=False)[0]
    h = x.transpose(0, 1)
    mixed, told = attention(h, h, h, key_padding_mask=~mask)
    assert told is not None
    return x + mixed.transpose(0, 1)


def encoder(net: Net, x: Tensor, mask: Tensor) -> Tensor:
    return net.parts["encoder"](x, src_key_padding_mask=~mask)


def _layers(**options) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 12, batch_first=True, **options)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def _multi(**options) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(WIDTH, HEADS, dropout=0.3, **options)


MODULES: dict[str, Callable[[], Net]] = {
    "4d-bool-mask": lambda: Net(four),
    "4d-float-mask-and-scale": lambda: Net(floats),
    "3d-jets-with-heads": lambda: Net(folded),
    "heads-before-jets": lambda: Net(heads_first),
    "causal": lambda: Net(causal),
    "grouped-queries": lambda: Net(grouped),
    "class-token": lambda: Net(with_class),
    "multi-head": lambda: Net(module, attention=_multi(batch_first=True)),
    "multi-head-keys-first": lambda: Net(module, attention=_multi()),
    "multi-head-more-keys": lambda: Net(
        module, attention=_multi(batch_first=True, add_bias_kv=True, add_zero_attn=True)
    ),
    "multi-head-separate": lambda: Net(
        module, attention=_multi(batch_first=True, kdim=WIDTH, vdim=WIDTH, bias=False)
    ),
    "encoder": lambda: Net(encoder, encoder=_layers()),
    "encoder-norm-first": lambda: Net(encoder, encoder=_layers(norm_first=True)),
}


def tagger(name: str) -> jl.Tagger:
    """Return one of `MODULES` as a tagger, in double precision."""
    torch.manual_seed(0)
    made = MODULES[name]()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.5)
    return wrapped(made.double())


def wrapped(made: nn.Module) -> jl.Tagger:
    """Return a module of tracks and their mask as a tagger."""
    return jl.wrap(
        made,
        {"tracks": FEATURES},
        CLASSES,
        call=lambda m, inputs, masks: m(inputs["tracks"], masks["tracks"]),
    )
