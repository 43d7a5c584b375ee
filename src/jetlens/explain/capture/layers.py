"""Layers of a network whose outputs have places: those of particles, or of an image's pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.explain.capture.naming import lengths, named
from jetlens.explain.capture.probe import Probe, changed
from jetlens.explain.capture.tokens import Apart
from jetlens.explain.running import as_written, paths
from jetlens.explain.targets import Target
from jetlens.taggers.base import Tagger

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)

Hook = Callable[[str, nn.Module, Any], Any]


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
    attends
        Whether there is attention inside.
    convolves
        Whether it is a convolution; of tokens, or has one inside.
    """

    path: str
    jets: int
    places: int
    tokens: Tokens | None
    collections: tuple[str, ...]
    attends: bool
    convolves: bool

    def rows(self, output: Tensor) -> Tensor:
        """Return an output as ``[jet, row, channel]``; rows of feature maps go line by line."""
        if self.tokens is None:
            return output.flatten(2).transpose(1, 2)
        (channels,) = {0, 1, 2} - {self.jets, self.places}
        return output.permute(self.jets, self.places, channels)


@contextmanager
def hooked(modules: dict[str, nn.Module], hook: Hook) -> Iterator[None]:
    """Let outputs of modules go through ``hook(path, module, output)`` for a while."""
    handles = []
    try:
        for path, module in modules.items():
            handles.append(
                module.register_forward_hook(
                    lambda owner, _, output, path=path: hook(path, owner, output)
                )
            )
        yield
    finally:
        for handle in handles:
            handle.remove()


def first(output: Any) -> Tensor | None:
    """Return a layer's output, or the first of several."""
    if isinstance(output, tuple | list) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def layers(
    tagger: Tagger, made_up: Probe, target: Target
) -> tuple[dict[str, Layer], dict[str, str]]:
    """Find the layers with places.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    made_up
        Jets that tell places apart.
    target
        What is explained; only modules that run for it are looked at.

    Returns
    -------
    The layers in the order in which they end, and why the other modules are none.
    """
    found: dict[str, Layer] = {}
    refused = dict.fromkeys(paths(tagger).values(), "does not run")
    attending: list[str] = []

    def look(path: str, module: nn.Module, output: Any) -> None:
        if path in found or refused.pop(path, None) != "does not run":
            found.pop(path, None)
            refused[path] = "runs more than once for each jet"
            return
        made = _layer(path, module, first(output), made_up, attending)
        if isinstance(made, Layer):
            found[path] = made
        else:
            refused[path] = made

    modules = {path: module for path, module in tagger.named_modules() if path}
    apart = Apart(tagger, lambda layer, q, k: attending.append(layer))
    with torch.no_grad(), as_written(), hooked(modules, look), apart:
        target.outputs(tagger, made_up.inputs, made_up.masks)
    return found, {path: why for path, why in refused.items() if path}


def _layer(
    path: str, module: nn.Module, output: Tensor | None, made_up: Probe, attending: list[str]
) -> Layer | str:
    """Return the layer, or why it is none."""
    if output is None:
        return "gives no tensor"
    attends = any(at == path or at.startswith(f"{path}.") for at in attending)
    convolves = any(isinstance(m, CONVOLUTIONS) for m in module.modules())
    shape, jets = tuple(output.shape), len(made_up)
    if output.ndim == 4 and shape[0] == jets:
        image = _image(output, made_up)
        if image is not None:
            return Layer(path, 0, -1, None, (image,), attends, isinstance(module, CONVOLUTIONS))
    if output.ndim == 3:
        ways = [
            (at, axis, tokens)
            for at in (0, 1)
            if shape[at] == jets
            for axis in {0, 1, 2} - {at}
            if (tokens := _tokens(output.permute(at, axis, 3 - at - axis), made_up)) is not None
        ]
        if ways:
            at, axis, tokens = max(ways, key=lambda way: _placed(way[2]))
            return Layer(path, at, axis, tokens, _owners(tokens), attends, convolves)
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
