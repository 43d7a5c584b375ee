"""The layers of a network whose outputs have places: those of particles, or of an image's pixels.

A network has hundreds of modules, and to find out whose the rows of one are takes time: only those
are read that may be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from jetlens.core.attention import NOWHERE
from jetlens.explain.passes.running import as_written
from jetlens.explain.targets import Target
from jetlens.explain.tokens.apart import Apart
from jetlens.explain.tokens.layout import Layer, read
from jetlens.explain.tokens.probe import Probe
from jetlens.taggers.base import Inputs, Tagger

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TOGETHER = 16
"""Modules whose outputs are held at a time: each may be as large as the network's memory."""

Hook = Callable[[str, nn.Module, Any], Any]


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
        self._axes: dict[str, int | None] = {}
        self._twice: set[str] = set()
        self._known: dict[str, Layer | str] = {}
        attending: list[str] = []
        self._run(self._modules, self._note, made_up.different, attending.append)
        self._attending = {
            at.rpartition("-")[0] if at not in self._modules else at for at in attending
        }

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def get(self, path: str) -> Layer | str:
        """Return a layer, or why it is none."""
        path = self._paths[path]  # a module that is used in several places has one
        return self._read(path, self._outputs([path]).get(path))

    def usable(self) -> dict[str, Layer]:
        """Return all layers with places."""
        return dict(self._with_places(list(self._axes)))

    def last(self) -> list[Layer]:
        """Return the last layers: of each image, its last convolution; of each list of particles
        the last with attention inside, or else with convolutions, or else any.

        Layers are passed over of whose particles or pixels nothing reaches the output, such as the
        last of a network that is read from its class token alone; if gradients do not flow, none.
        """
        wanted = {k for k, v in self._probe.inputs.items() if v.ndim > 2}
        heard: dict[str, Layer] = {}
        unheard: dict[str, Layer] = {}
        reaching = _Reaching(self._tagger, self._probe, self._target, self._modules)
        candidates = sorted(self._axes, key=self._rank)[::-1]
        for path, layer in self._with_places(candidates):
            found = heard if reaching(path, layer) else unheard
            for name in layer.collections:
                found.setdefault(name, layer)
            if not wanted - {*heard}:
                break
        return list({layer.path: layer for layer in (heard or unheard).values()}.values())

    def _with_places(self, paths: list[str]) -> Iterator[tuple[str, Layer]]:
        """Go through the layers with places among modules; each is read when its turn has come."""
        left = iter(paths)
        while some := list(islice(left, TOGETHER)):
            outputs = self._outputs(some)
            for path in some:
                layer = self._read(path, outputs.pop(path, None))
                if isinstance(layer, Layer):
                    yield path, layer

    def _outputs(self, paths: list[str]) -> dict[str, Tensor]:
        """Return what modules give that are not read yet, by one pass for all of them."""
        found: dict[str, Tensor] = {}

        def hold(path: str, module: nn.Module, output: Any) -> None:
            output = first(output)
            if output is not None and output.is_floating_point():
                found[path] = output.clone()  # what follows may write into it

        new = [
            p for p in paths if p in self._axes and p not in self._twice and p not in self._known
        ]
        if new:
            every = self._probe.inputs, self._probe.masks
            self._run({path: self._modules[path] for path in new}, hold, every)
        return found

    def _read(self, path: str, output: Tensor | None) -> Layer | str:
        """Return a layer, or why it is none, by what it gives."""
        if path not in self._known:
            if path not in self._axes:
                self._known[path] = "does not run"
            elif path in self._twice:
                self._known[path] = "runs more than once for each jet"
            elif output is None:
                self._known[path] = "gives no tensor of real numbers"
            else:
                self._known[path] = read(path, output, self._probe)
        return self._known[path]

    def _run(
        self,
        modules: dict[str, nn.Module],
        hook: Hook,
        jets: tuple[Inputs, Inputs],
        attends: Callable[[str], None] = lambda layer: None,
    ) -> None:
        """Let made-up jets go through the tagger while attention keeps tokens apart."""
        apart = Apart(self._tagger, lambda layer, q, k: attends(layer))
        with torch.no_grad(), as_written(), hooked(modules, hook), apart:
            self._target.outputs(self._tagger, *jets)

    def _note(self, path: str, module: nn.Module, output: Any) -> None:
        if path in self._axes:
            self._twice.add(path)
        output = first(output)
        self._axes[path] = None if output is None else output.ndim

    def _rank(self, path: str) -> tuple[bool, bool]:
        module = self._modules[path]
        attends = any(at == path or at.startswith(f"{path}.") for at in self._attending)
        if self._axes[path] == 4:
            return attends, isinstance(module, CONVOLUTIONS)
        return attends, any(isinstance(m, CONVOLUTIONS) for m in module.modules())


class _Reaching:
    """Says of layers whether something of their particles or pixels reaches the output."""

    def __init__(
        self, tagger: Tagger, made_up: Probe, target: Target, modules: dict[str, nn.Module]
    ) -> None:
        self._outputs: dict[str, Tensor] = {}
        given, masks = made_up.different
        inputs = {
            name: x.clone().requires_grad_() if x.is_floating_point() else x
            for name, x in given.items()
        }
        with torch.enable_grad(), as_written(), hooked(modules, self._keep):
            said = target.outputs(tagger, inputs, masks)
            generator = torch.Generator().manual_seed(1)  # so that nothing cancels in the sum
            mixed = torch.randn(said.shape, generator=generator).to(said) * said
            self._sum = mixed.where(torch.isfinite(mixed), 0.0).sum()

    def _keep(self, path: str, module: nn.Module, output: Any) -> None:
        found = first(output)
        if found is not None and found.requires_grad:
            self._outputs[path] = found

    def __call__(self, path: str, layer: Layer) -> bool:
        """Say it of one, by the gradient there: it goes no farther back."""
        if path not in self._outputs or not self._sum.requires_grad:
            return False
        (slope,) = torch.autograd.grad(
            self._sum, self._outputs[path], retain_graph=True, materialize_grads=True
        )
        rows = layer.rows(slope)
        if layer.tokens is not None:
            rows = rows[:, [place != NOWHERE for place in layer.tokens.place]]
        return bool(rows.any())
