"""Jets sorted by length, their particles moved up, cut into chunks of about the same work.

Padding costs as much as particles do. Packed, a chunk of jets is as long as its longest jet, and
what comes out is scattered back to where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.particles import real_first

TOKENS = {"cpu": 4096, "cuda": 524_288}
"""Particles in a chunk: on a processor as many as its cache likes, on a GPU what fills it."""

_PATCH = 16  # pixels that count as much as a particle
_TRIED = 16  # jets on which a foreign module is tried with and without its padding


@dataclass(frozen=True)
class Packed:
    """Encoded jets in working order; what says where things are stays on the processor.

    Attributes
    ----------
    inputs, masks
        As a tagger takes them, the jets sorted by length and real particles first.
    rows
        ``[jet]``, where each packed jet stood.
    places
        By collection ``[jet, particle]``, where each packed particle stood in its jet.
    lengths
        By collection ``[jet]``, the number of places that a jet needs.
    """

    inputs: Inputs
    masks: Inputs
    rows: Tensor
    places: Mapping[str, Tensor]
    lengths: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def budget(self) -> int:
        """How many particles a chunk should have on the device that the inputs are on."""
        return budget(next(iter(self.inputs.values())).device)

    @property
    def tokens(self) -> Tensor:
        """``[jet]``, the work that a jet brings: its particles, and patches of its images."""
        images = [v for v in self.inputs.values() if v.ndim == 4]
        patches = sum(v.shape[2] * v.shape[3] // _PATCH for v in images)
        work = torch.full((len(self.rows),), patches)
        for length in self.lengths.values():
            work = work + length
        return work.clamp(min=1)

    def cut(self, jets: slice | Tensor) -> tuple[Inputs, Inputs]:
        """Return inputs and masks of some jets, no longer than these need."""
        inputs = {k: v[jets] for k, v in self.inputs.items()}
        masks = {}
        for name, mask in self.masks.items():
            longest = int(self.lengths[name][jets].max())
            inputs[name] = inputs[name][:, :longest]
            masks[name] = mask[jets][:, :longest]
        return inputs, masks

    def chunks(self, budget: int | None = None, rows_per_jet: int = 1) -> Iterator[slice]:
        """Cut the jets into runs whose padded work stays within `budget` particles."""
        yield from runs(self.tokens, budget or self.budget, rows_per_jet)

    def arranged(self, name: str, values: Tensor) -> Tensor:
        """Bring ``[jet, particle, ...]`` or ``[jet, ...]`` into working order, as `inputs` are."""
        values = values[self.rows]
        if name not in self.places:
            return values
        places = self.places[name].to(values.device)
        return values.take_along_dim(places.view(*places.shape, *[1] * (values.ndim - 2)), dim=1)

    def restore(self, name: str, packed: Tensor) -> Tensor:
        """Scatter ``[jet, particle, ...]`` or ``[jet, ...]`` back; empty places get zero."""
        back = packed.new_empty(packed.shape)
        if name in self.places:
            places = self.places[name][:, : packed.shape[1]]
            index = places.reshape(*places.shape, *[1] * (packed.ndim - 2)).expand(packed.shape)
            shape = (len(packed), self.masks[name].shape[1], *packed.shape[2:])
            packed = packed.new_zeros(shape).scatter_(1, index, packed)
            back = packed.new_empty(shape)
        back[self.rows] = packed
        return back


def budget(device: torch.device) -> int:
    """Return how many particles a chunk should have on a device."""
    return TOKENS.get(device.type, TOKENS["cpu"])


def runs(tokens: Tensor, budget: int, rows_per_jet: int = 1) -> Iterator[slice]:
    """Cut jets, sorted by rising `tokens`, into slices of at most `budget` padded particles."""
    counts = tokens.tolist()
    start = 0
    while start < len(counts):
        stop = start + 1
        while stop < len(counts) and (stop + 1 - start) * rows_per_jet * counts[stop] <= budget:
            stop += 1
        yield slice(start, stop)
        start = stop


def pack(tagger: Tagger, inputs: Inputs, masks: Inputs) -> Packed:
    """Sort jets by length and move their particles up, where the tagger allows it."""
    if tagger.trims or (tagger.trims is None and _can_trim(tagger, inputs, masks)):
        return _packed(inputs, masks, tagger.places)
    jets = len(next(iter(inputs.values())))
    places = {
        k: torch.arange(m.shape[1], device=m.device).expand(m.shape) for k, m in masks.items()
    }
    lengths = {k: torch.full((jets,), max(m.shape[1], 1)) for k, m in masks.items()}
    return Packed(inputs, masks, torch.arange(jets), places, lengths)


def _packed(
    inputs: Inputs, masks: Inputs, fixed: Mapping[str, int] = MappingProxyType({})
) -> Packed:
    jets = len(next(iter(inputs.values())))
    real = {k: m.sum(1) for k, m in masks.items()}
    total = sum((n.cpu() for n in real.values()), start=torch.zeros(jets, dtype=torch.long))
    rows = torch.argsort(total, stable=True)
    packed_inputs = {k: v[rows] for k, v in inputs.items()}
    packed_masks, places, lengths = {}, {}, {}
    for name, mask in masks.items():
        mask = mask[rows]
        if name in fixed:
            places[name] = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
            packed_masks[name] = mask
            lengths[name] = torch.full((jets,), max(min(mask.shape[1], fixed[name]), 1))
            continue
        place = real_first(mask)
        if not bool((mask[:, :-1] >= mask[:, 1:]).all()):  # most jets' particles come first already
            packed_inputs[name] = torch.take_along_dim(packed_inputs[name], place[..., None], dim=1)
            mask = torch.take_along_dim(mask, place, dim=1)
        packed_masks[name] = mask
        places[name] = place
        lengths[name] = real[name].cpu()[rows].clamp(min=1)
    return Packed(packed_inputs, packed_masks, rows, places, lengths)


def _can_trim(tagger: Tagger, inputs: Inputs, masks: Inputs) -> bool:
    """Try whether a foreign module gives the same logits when padding is cut off."""
    if not masks or not len(next(iter(inputs.values()))):
        return True
    emptiest = torch.argsort(sum(m.sum(1) + 0 for m in masks.values()))  # type: ignore[arg-type]
    some = torch.cat([emptiest[: _TRIED // 2], emptiest[-_TRIED // 2 :]])
    few = {k: v[some] for k, v in inputs.items()}
    few_masks = {k: v[some] for k, v in masks.items()}
    with torch.no_grad():
        whole = tagger(few, few_masks)
        packed = _packed(few, few_masks)
        try:
            for jets in packed.chunks(1):
                cut = tagger(*packed.cut(jets))
                there = whole[packed.rows[jets]]
                if not torch.allclose(cut, there, rtol=1e-3, atol=1e-4, equal_nan=True):
                    return False
        except (RuntimeError, ValueError, IndexError, TypeError):
            return False  # it insists on its own number of places
    return True
