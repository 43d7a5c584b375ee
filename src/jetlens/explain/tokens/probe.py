"""Made-up jets that tell which particle each token inside a network comes from.

All are the same but for particles that are exchanged for others, by a code: particle number ``n``
in the jets of those binary digits of ``n`` that are one, and in other jets for those that are zero.
A token that comes from one particle alone changes in exactly one of each two. More jets exchange a
whole collection each, or the upper half of the images. A token that never changes is the network's
own. Two more jets lack some particles and differ in one that they have: a network that then has its
token elsewhere moves particles about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.taggers.base import Inputs
from jetlens.taggers.chunks import Packed

_POOL = 64  # particles of which others are made up
_FEWEST = 23  # jets, so that no other axis is likely to be as long
_CHANGED, _ROUNDED = 1e-4, 1e-5  # of the largest change; of the largest number


@dataclass(frozen=True)
class Origin:
    """Where a row inside a network comes from.

    Attributes
    ----------
    collections
        The collections without which it would be another; those of one value a jet only where there
        are no others.
    place
        The place of the one particle that it comes from; None if it comes from more.
    upper
        Whether it sees the upper half of an image.
    """

    collections: tuple[str, ...]
    place: int | None
    upper: bool


@dataclass(frozen=True)
class Probe:
    """Jets as a tagger takes them, all their places filled.

    Attributes
    ----------
    inputs, masks
        The jets.
    places
        The number of places by collection of particles.
    """

    inputs: Inputs
    masks: Inputs
    places: Mapping[str, int]
    _apart: Mapping[str, int]  # by collection, the place in which the two jets with gaps differ
    _met: dict[bytes, list[Origin]] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def bits(self) -> int:
        """How many digits the numbers of all particles take; the first has number one."""
        return sum(self.places.values()).bit_length()

    @property
    def different(self) -> tuple[Inputs, Inputs]:
        """Inputs and masks of the jets before those that are the same as the first."""
        inputs, masks = (
            {name: values[: self._gaps + 2] for name, values in parts.items()}
            for parts in (self.inputs, self.masks)
        )
        return inputs, masks

    def mixed(self, changed: Tensor) -> bool:
        """Whether a jet changes that is the same as the first: jets are mixed with each other."""
        return bool(changed[self._gaps + 2 :].any())

    def moves(self, rows: Tensor, tokens: Tokens) -> bool:
        """Whether rows ``[jet, row, ...]`` stand for other tokens in jets that lack particles."""
        there = changed(rows[self._gaps : self._gaps + 2])[1].tolist()
        names = zip(tokens.collection, tokens.place, there, strict=True)
        return any(
            moved != (place == self._apart[name])
            for name, place, moved in names
            if name in self._apart and place != NOWHERE
        )

    @property
    def _gaps(self) -> int:
        return 2 + 2 * self.bits + len(self.inputs)

    def origins(self, changed: Tensor) -> list[Origin]:
        """Return where rows come from, by where they are `changed` ``[jet, row]``."""
        key = changed.numpy().tobytes()
        if key not in self._met:  # most layers have the same
            self._met[key] = self._origins(changed)
        return self._met[key]

    def _origins(self, changed: Tensor) -> list[Origin]:
        bits = self.bits
        ones, zeros = changed[1 : 1 + bits], changed[1 + bits : 1 + 2 * bits]
        alone = (ones ^ zeros).all(0).tolist()
        number = (ones * 2 ** torch.arange(bits)[:, None]).sum(0).tolist()
        by_group = changed[1 + 2 * bits : 1 + 2 * bits + len(self.inputs)]
        upper = changed[1 + 2 * bits + len(self.inputs)].tolist()
        found = []
        for row in range(changed.shape[1]):
            touched = [c for c, other in zip(self.inputs, by_group[:, row], strict=True) if other]
            many = tuple(c for c in touched if c in self.places)
            place = self._place(many[0], number[row]) if len(many) == 1 and alone[row] else None
            found.append(Origin(many or tuple(touched), place, upper[row]))
        return found

    def _place(self, collection: str, number: int) -> int | None:
        for name, count in self.places.items():
            if name == collection and 1 <= number <= count:
                return number - 1
            number -= count
        return None


def changed(x: Tensor) -> Tensor:
    """Say in which jets rows are other than in the first: ``[jet, row, ...]`` to ``[jet, row]``."""
    flat = x.flatten(2) if x.ndim > 2 else x[..., None]
    if not flat.numel():
        return torch.zeros(flat.shape[:2], dtype=torch.bool)
    if not flat.is_floating_point():
        return (flat != flat[:1]).any(-1).cpu()
    apart = (flat - flat[:1]).abs()
    if not bool(torch.isfinite(apart).all()):  # what is the same infinity has not changed
        same = (flat == flat[:1]) | (flat.isnan() & flat[:1].isnan())
        apart = apart.nan_to_num(nan=torch.inf, posinf=torch.inf).masked_fill(same, 0)
    apart = apart.amax(-1)
    rounded = max(_ROUNDED, 2 * torch.finfo(flat.dtype).eps)
    least = max(_CHANGED * _largest(apart), rounded * _largest(flat.abs()))
    return (apart > least).cpu()


def _largest(x: Tensor) -> float:
    return float(x.nan_to_num(nan=0.0, posinf=0.0).max())


def longest(packed: Packed) -> dict[str, int]:
    """Return how many places made-up jets have, by collection of particles: one at least."""
    return {
        name: max(int(packed.lengths[name].max()) if len(packed) else 1, 1) for name in packed.masks
    }


def like(packed: Packed) -> tuple[object, ...]:
    """Return what made-up jets are like; of those that are alike, one tells as much as another."""
    lengths = longest(packed)
    return tuple(
        (name, values.shape[1:], values.dtype, values.device)
        if name not in lengths
        else (name, lengths[name], str(_gap(packed.masks[name], lengths[name])), values.dtype)
        for name, values in packed.inputs.items()
    )


def probe(packed: Packed) -> Probe:
    """Make up jets as long as the longest of those given.

    Parameters
    ----------
    packed
        Jets as the tagger takes them; particles are taken from them.
    """
    generator = torch.Generator().manual_seed(1)
    lengths = longest(packed)
    bits = sum(lengths.values()).bit_length()
    gaps = 2 + 2 * bits + len(packed.inputs)
    jets = _number(gaps + 3, set(lengths.values()))
    inputs, masks, number, apart = {}, {}, 1, {}
    for group, (name, values) in enumerate(packed.inputs.items()):
        exchanged = torch.zeros(jets, lengths.get(name, 1), dtype=torch.bool)
        exchanged[1 + 2 * bits + group] = True
        if name in lengths:
            real = values[packed.masks[name]]
            code = torch.arange(number, number + lengths[name])
            number += lengths[name]
            for bit in range(bits):
                one = (code >> bit) % 2 == 1
                exchanged[1 + bit], exchanged[1 + bits + bit] = one, ~one
            missing, apart[name] = _gap(packed.masks[name], lengths[name])
            exchanged[gaps + 1, apart[name]] = True
            masks[name] = torch.ones_like(exchanged).to(values.device)
            masks[name][gaps : gaps + 2, missing] = False
        else:
            real = values
        this, other = _two(real, lengths.get(name, 1), generator)
        where = exchanged.to(values.device).view(*exchanged.shape, *[1] * (this.ndim - 1))
        chosen = torch.where(where, other, this)
        inputs[name] = chosen if name in lengths else chosen[:, 0]
        if values.ndim == 4:
            half = values.shape[2] // 2
            inputs[name][1 + 2 * bits + len(packed.inputs), :, :half] = other[0, :, :half]
    return Probe(inputs, masks, lengths, apart)


def _gap(mask: Tensor, count: int) -> tuple[slice, int]:
    """Return places, of so many, that jets lack as those with `mask` do, and one that they have."""
    mask = mask[:, :count]
    if count < 2 or bool(mask.all()):
        return slice(0), count - 1
    if bool((mask[:, 1:] & ~mask[:, :-1]).any()):
        return slice(1), count - 1
    return slice(count - 1, None), count - 2


def _two(real: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return two different particles (or images) for each of so many places.

    They are real ones where there are such, since a network may insist on numbers that it knows,
    and larger numbers else: a network may take roots and logarithms.
    """
    noise = torch.randn(count, *real.shape[1:], generator=generator).abs().to(real)
    if not len(real):
        return noise, noise + 1
    some = real[torch.linspace(0, len(real) - 1, min(len(real), _POOL)).long().to(real.device)]
    this = some[torch.arange(count, device=real.device) % len(some)]
    farthest = torch.cdist(this.flatten(1), some.flatten(1)).argmax(1)
    other = some[farthest]
    same = (this == other).flatten(1).all(1)
    if this.ndim > 2:  # images differ in few pixels, and each is to change
        same = torch.ones_like(same)
    other = torch.where(same.view(-1, *[1] * (this.ndim - 1)), this + noise, other)
    return this, other


def _number(least: int, taken: set[int]) -> int:
    """Return a prime number of jets that no axis of particles is as long as."""
    number = max(least, _FEWEST)
    while number in taken or any(number % d == 0 for d in range(2, int(number**0.5) + 1)):
        number += 1
    return number
