"""How the output of a layer is laid out: which of its rows stand for which particles or pixels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.explain.tokens.naming import lengths, named
from jetlens.explain.tokens.probe import Probe, changed


@dataclass(frozen=True)
class Layer:
    """A layer, and how its output is laid out.

    Attributes
    ----------
    path
        The module's.
    jets, places
        The axes of the jets, and of the tokens; of feature maps ``[jet, channel, y, x]``, -1.
    tokens
        The tokens along that axis, in jets of the probe's lengths; None for feature maps.
    collections
        The collections whose particles or pixels they are.
    """

    path: str
    jets: int
    places: int
    tokens: Tokens | None
    collections: tuple[str, ...]

    def rows(self, output: Tensor) -> Tensor:
        """Return an output as ``[jet, row, channel]``; rows of feature maps go line by line."""
        if self.tokens is None:
            return output.flatten(2).transpose(1, 2)
        (channels,) = {0, 1, 2} - {self.jets, self.places}
        return output.permute(self.jets, self.places, channels)


def read(path: str, output: Tensor, made_up: Probe) -> Layer | str:
    """Return the layer that has an output, or why its rows are no places.

    Parameters
    ----------
    path
        The module's.
    output
        What it gives for all made-up jets.
    made_up
        Jets that tell places apart.
    """
    shape, jets = tuple(output.shape), len(made_up)
    if output.ndim == 4 and shape[0] == jets:
        image = _image(output, made_up)
        if image is not None:
            return Layer(path, 0, -1, None, (image,))
    if output.ndim == 3:
        ways = [
            (at, axis, tokens)
            for at in (0, 1)
            if shape[at] == jets
            for axis in {0, 1, 2} - {at}
            if (tokens := _tokens(output.permute(at, axis, 3 - at - axis), made_up))
        ]
        if ways:
            at, axis, tokens = max(ways, key=lambda way: _placed(way[2]))
            if made_up.moves(output.permute(at, axis, 3 - at - axis), tokens):
                return "has its tokens elsewhere in jets that lack particles"
            return Layer(path, at, axis, tokens, _owners(tokens))
    return (
        f"gives {shape} for {jets} jets{lengths(made_up.places)}, in which no axis is one of "
        "places: expected [jet, token, width], [token, jet, width], [jet, channel, token] or "
        "[jet, channel, y, x]"
    )


def _image(output: Tensor, made_up: Probe) -> str | None:
    """Return the image that a feature map ``[jet, channel, y, x]`` is of."""
    images = [name for name, values in made_up.inputs.items() if values.ndim == 4]
    moved = changed(output.flatten(2).transpose(1, 2))
    seen = {c for origin in made_up.origins(moved) for c in origin.collections}
    of = [name for name in images if name in seen]
    return of[0] if len(of) == 1 and output[0, 0].numel() > 1 else None


def _tokens(rows: Tensor, made_up: Probe) -> Tokens | None:
    """Return whose the rows ``[jet, row, channel]`` are, if they are of particles or patches."""
    moved = changed(rows)
    if made_up.mixed(moved):
        return None
    origins = made_up.origins(moved)
    tokens = named(made_up, origins)
    if tokens is not None and _placed(tokens):
        return tokens
    # neighbours are seen too (a convolution), or everything is: told by the number of places
    collections = {c for o in origins for c in o.collections if c in made_up.places}
    for name, count in made_up.places.items():
        if collections == {name} and count == rows.shape[1] != rows.shape[2]:
            return Tokens((name,) * count, tuple(range(count)))
    return None


def _owners(tokens: Tokens) -> tuple[str, ...]:
    owned = (c for c, p in zip(tokens.collection, tokens.place, strict=True) if p != NOWHERE)
    return tuple(dict.fromkeys(owned))


def _placed(tokens: Tokens) -> int:
    return sum(place != NOWHERE for place in tokens.place)
