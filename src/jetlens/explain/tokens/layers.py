"""Layers of a network whose outputs have places: those of particles, or of an image's pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.explain.passes.running import as_written
from jetlens.explain.targets import Target
from jetlens.explain.tokens.apart import Apart
from jetlens.explain.tokens.naming import lengths, named
from jetlens.explain.tokens.probe import Probe, changed
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


class Layers:
    """The modules of a tagger, in the order in which they end, and which of them have places.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    made_up
        Jets that tell places apart.
    target
        What is explained; only modules that run for it count.
    """

    def __init__(self, tagger: Tagger, made_up: Probe, target: Target) -> None:
        self._tagger, self._probe, self._target = tagger, made_up, target
        self._modules = {path: module for path, module in tagger.named_modules() if path}
        paths = {module: path for path, module in self._modules.items()}
        every = tagger.named_modules(remove_duplicate=False)
        self._paths = {path: paths[module] for path, module in every if path}
        self._outputs: dict[str, Tensor | None] = {}
        self._twice: set[str] = set()
        self._known: dict[str, Layer | str] = {}
        attending: list[str] = []
        apart = Apart(tagger, lambda layer, q, k: attending.append(layer))
        with torch.no_grad(), as_written(), hooked(self._modules, self._look), apart:
            target.outputs(tagger, made_up.inputs, made_up.masks)
        self._attending = {
            at.rpartition("-")[0] if at not in self._modules else at for at in attending
        }

    def _look(self, path: str, module: nn.Module, output: Any) -> None:
        if path in self._outputs:
            self._twice.add(path)
        output = first(output)
        # what follows may write into it
        self._outputs[path] = None if output is None else output.clone()

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def get(self, path: str) -> Layer | str:
        """Return a layer, or why it is none."""
        path = self._paths[path]  # a module that is used in several places has one
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def usable(self) -> dict[str, Layer]:
        """Return all layers with places."""
        every = ((path, self.get(path)) for path in self._outputs)
        return {path: layer for path, layer in every if isinstance(layer, Layer)}

    def last(self) -> list[Layer]:
        """Return the last layers: of each image, its last convolution; of each list of particles
        the last with attention inside, or else with convolutions, or else any.

        Layers are passed over of whose particles or pixels nothing reaches the output, such as the
        last of a network that is read from its class token alone.
        """
        wanted = {k for k, v in self._probe.inputs.items() if v.ndim > 2}
        ranks = {path: self._rank(path) for path in self._outputs}
        heard = self._heard()
        found: dict[str, Layer] = {}
        backwards = list(ranks)[::-1]
        for path in sorted(backwards, key=ranks.__getitem__, reverse=True):
            layer = self.get(path) if wanted - {*found} else None
            if isinstance(layer, Layer) and (not heard or path in heard):
                for name in layer.collections:
                    found.setdefault(name, layer)
        return list({layer.path: layer for layer in found.values()}.values())

    def _heard(self) -> set[str]:
        """Return the layers with places of whose particles or pixels something reaches the output.

        It is empty if gradients do not flow.
        """
        layers, made_up = self.usable(), self._probe
        outputs: dict[str, Tensor] = {}

        def keep(path: str, module: nn.Module, output: Any) -> None:
            found = first(output)
            if found is not None and found.requires_grad:
                outputs[path] = found

        inputs = {
            name: x.clone().requires_grad_() if x.is_floating_point() else x
            for name, x in made_up.inputs.items()
        }
        hooks = hooked({path: self._modules[path] for path in layers}, keep)
        with torch.enable_grad(), as_written(), hooks:
            said = self._target.outputs(self._tagger, inputs, made_up.masks)
        if not said.requires_grad or not outputs:
            return set()
        generator = torch.Generator().manual_seed(1)  # so that nothing cancels in the sum
        mixed = torch.randn(said.shape, generator=generator).to(said) * said
        real = mixed.where(torch.isfinite(mixed), 0.0).sum()
        slopes = torch.autograd.grad(real, list(outputs.values()), allow_unused=True)
        heard = set()
        for path, slope in zip(outputs, slopes, strict=True):
            if slope is not None:
                tokens, rows = layers[path].tokens, layers[path].rows(slope)
                if tokens is not None:
                    rows = rows[:, [place != NOWHERE for place in tokens.place]]
                if bool(rows.any()):
                    heard.add(path)
        return heard

    def _rank(self, path: str) -> tuple[bool, bool]:
        module = self._modules[path]
        output = self._outputs[path]
        attends = any(at == path or at.startswith(f"{path}.") for at in self._attending)
        if output is not None and output.ndim == 4:
            return attends, isinstance(module, CONVOLUTIONS)
        return attends, any(isinstance(m, CONVOLUTIONS) for m in module.modules())

    def _read(self, path: str) -> Layer | str:
        if path not in self._outputs:
            return "does not run"
        if path in self._twice:
            return "runs more than once for each jet"
        output, made_up = self._outputs[path], self._probe
        if output is None or not output.is_floating_point():
            return "gives no tensor of real numbers"
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
