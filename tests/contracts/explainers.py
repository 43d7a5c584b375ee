"""What the explainer contracts run on: a small tagger of each kind, and jets with every quirk."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.batch import JetBatch
from jetlens.core.registry import explainers

CLASSES = ("b", "c", "u")
TRACKS = ("d0", "pt", "x", "y")
JETS = ("pt", "eta")
SCALING = {"tracks": {"d0": (0.3, 2.0)}, "jets": {"pt": (1.0, 3.0)}}


class SetTagger(nn.Module):
    """A deep set over tracks and jet variables, with a choice of activation."""

    def __init__(self, activation: type[nn.Module], bias: bool = True) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(6, 16, bias=bias), activation())
        self.all = nn.Sequential(
            nn.Linear(16, 16, bias=bias), activation(), nn.Linear(16, 3, bias=bias)
        )

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        tracks = inputs["tracks"]
        jets = inputs["jets"][:, None].expand(-1, tracks.shape[1], -1)
        each = self.each(torch.cat([tracks, jets], -1)) * masks["tracks"][..., None]
        return self.all(each.sum(1))


class Attends(nn.Module):
    """Tracks with their jet's variables, through layers of attention with a class token."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(6, 16), nn.GELU())
        self.token = nn.Parameter(torch.randn(16))
        self.mix = nn.ModuleList(nn.MultiheadAttention(16, h, batch_first=True) for h in (4, 4))
        self.all = nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 3))

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        tracks = inputs["tracks"]
        jets = inputs["jets"][:, None].expand(-1, tracks.shape[1], -1)
        each = self.each(torch.cat([tracks, jets], -1))
        x = torch.cat([self.token.expand(len(each), 1, -1), each], 1)
        padding = nn.functional.pad(~masks["tracks"], (1, 0))
        for mix in self.mix:
            x = x + mix(x, x, x, key_padding_mask=padding, need_weights=False)[0]
        return self.all(x[:, 0])


class InStreams(SetTagger):
    """What its head takes comes from tracks (with their jet's variables) or from the jet alone."""

    def __init__(self) -> None:
        super().__init__(nn.GELU)
        self.own = nn.Linear(2, 8)
        self.all = nn.Sequential(nn.Linear(24, 16), nn.GELU(), nn.Linear(16, 3))

    def joined(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        tracks = inputs["tracks"]
        jets = inputs["jets"][:, None].expand(-1, tracks.shape[1], -1)
        each = self.each(torch.cat([tracks, jets], -1)) * masks["tracks"][..., None]
        return torch.cat([each.sum(1), self.own(inputs["jets"])], 1)

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        return self.all(self.joined(inputs, masks))


def in_streams() -> jl.Tagger:
    """Return a tagger of the same jets that says what its head takes."""
    torch.manual_seed(0)
    made = jl.wrap(InStreams().double(), {"jets": JETS, "tracks": TRACKS}, CLASSES, scaling=SCALING)
    made.joined, made.head = made.module.joined, made.module.all
    made.joined_streams = ("tracks",) * 16 + ("jets",) * 8
    return made


def attending() -> jl.Tagger:
    """Return a tagger of the same jets that has attention."""
    torch.manual_seed(0)
    return jl.wrap(Attends().double(), {"jets": JETS, "tracks": TRACKS}, CLASSES, scaling=SCALING)


def tagger_for(method: str) -> jl.Tagger:
    """Return a tagger that the explainer can explain."""
    made = {"attention": attending, "streams": in_streams}
    return made.get(explainers.get(method).needs, tagger)()


def tagger(activation: type[nn.Module] = nn.GELU, seed: int = 0) -> jl.Tagger:
    torch.manual_seed(seed)
    module = SetTagger(activation).double()
    return jl.wrap(module, {"jets": JETS, "tracks": TRACKS}, CLASSES, scaling=SCALING)


def jets(n: int = 40, places: int = 9, seed: int = 1) -> JetBatch:
    """Random jets whose masks have holes; the first has no tracks, the second all places."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, places)) < 0.5
    mask[0], mask[1] = False, True
    return jl.batch(
        {
            "jets": (rng.normal(size=(n, 2)), JETS),
            "tracks": (rng.normal(size=(n, places, 4)), TRACKS, mask),
        },
        label=rng.integers(0, 3, n),
        classes=CLASSES,
        event=np.arange(n) // 2,
        row=100 + np.arange(n),
        truth={"tracks": {"origin": rng.integers(0, 8, (n, places))}},
    )
