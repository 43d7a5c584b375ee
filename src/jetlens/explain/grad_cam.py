"""Grad-CAM: where a layer's features, weighted by what they do for the score, are large.

alpha_k = mean over places i of dy / dA_ik;  L_i = ReLU(sum_k alpha_k A_ik).

References
----------
Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", arXiv:1610.02391; Hammad, Moretti and Nojiri, arXiv:2401.00452 (jets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError, expected
from jetlens.core.registry import explainers
from jetlens.explain.base import Choose, OnePassExplainer, Scores
from jetlens.explain.passes.running import as_written
from jetlens.explain.targets import Target
from jetlens.explain.tokens.apart import check_without_places
from jetlens.explain.tokens.importance import Importance
from jetlens.explain.tokens.known import known
from jetlens.explain.tokens.layers import Layers, first, hooked
from jetlens.explain.tokens.layout import Layer
from jetlens.explain.tokens.naming import names
from jetlens.explain.tokens.probe import like, probe
from jetlens.explain.tokens.rows import Row
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed


@explainers.register("grad-cam")
@dataclass(frozen=True, kw_only=True)
class GradCAM(OnePassExplainer):
    """Gradient-weighted class activation maps of layers of tokens or of feature maps.

    The importance of a particle is that of its token; that of a pixel is interpolated bilinearly
    from the feature map, stretched to the image. Gradients go from the score to the layer alone.

    Parameters
    ----------
    layer
        The path of a module, or a list of such. Left out: of images the last convolution, of
        particles the last layer with attention (or else convolutions, or else tokens) inside, for
        each collection.
    rectified
        Whether what speaks against the target is cut off (ReLU).
    """

    layer: str | Sequence[str] | None = None
    rectified: bool = True

    def __post_init__(self) -> None:
        if self.layer is not None and not all(names(self.layer) or [""]):
            raise BadValueError(f"layer={self.layer!r}: expected a module's path, or a list")
        if not isinstance(self.rectified, bool):
            raise BadValueError(f"rectified={self.rectified!r}: expected true or false")

    def try_out(self, tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
        """Refuse jets without a place for a particle, where the tagger does."""
        check_without_places(tagger, inputs, masks)

    def run(
        self, tagger: Tagger, packed: Packed, target: Target, choose: Choose
    ) -> tuple[Scores, Tensor]:
        """Return the maps of packed jets, and what the tagger says of them."""
        taken = self._layers(tagger, packed, target)
        on_tokens = Importance(packed, [x.tokens for x in taken if x.tokens is not None])
        images = {
            name: packed.inputs[name].new_zeros(packed.inputs[name][:, 0].shape)
            for x in taken
            if x.tokens is None
            for name in x.collections
        }
        saids = []
        for jets in packed.chunks():
            inputs, masks = packed.cut(jets)
            run = _Run({x.path: tagger.get_submodule(x.path) for x in taken})
            with torch.enable_grad(), as_written(), run.watching():
                said = target.outputs(tagger, inputs, masks)
                value = target.value(said, masks, choose(said.detach(), jets))
            saids.append(said.detach())
            for x, (features, slopes) in zip(taken, run.slopes(value, target.text), strict=True):
                if x.tokens is None:
                    image = self._weighted(x.rows(features), x.rows(slopes), None)
                    small = image.view(len(image), 1, *features.shape[2:])
                    size = images[x.collections[0]].shape[1:]
                    large = F.interpolate(small, size=size, mode="bilinear", align_corners=False)
                    images[x.collections[0]][jets] = large[:, 0]
                else:
                    row = Row(x.tokens, packed, jets)
                    on_tokens.add(self._weighted(x.rows(features), x.rows(slopes), row), row)
        how = ", ".join(x.path for x in taken)
        if images:
            how += "; of the feature map, interpolated bilinearly to the image's pixels"
        found = images | on_tokens.by_collection()
        said = torch.cat(saids) if saids else next(iter(packed.inputs.values())).new_zeros(0)
        attrs = {"importance": f"of layer {how}", **on_tokens.patches()}
        return Scores(importance=found, attrs=attrs), said

    def _weighted(self, features: Tensor, slopes: Tensor, row: Row | None) -> Tensor:
        """Return the map ``[jet, place]`` of features and their gradients ``[jet, place, k]``."""
        if row is None:
            alpha = slopes.mean(1, keepdim=True)
        else:
            if features.shape[1] != len(row.there):
                raise UnsupportedError(
                    f"a layer gives {features.shape[1]} tokens for jets of {dict(row.lengths)}: "
                    f"expected {len(row.there)}"
                )
            placed = row.real & row.placed
            count = placed.sum(1).clamp(min=1)[:, None, None]
            alpha = slopes.masked_fill(~placed[..., None], 0).sum(1, keepdim=True) / count
        found = (alpha * features).sum(-1)
        return found.relu() if self.rectified else found

    def _layers(self, tagger: Tagger, packed: Packed, target: Target) -> list[Layer]:
        """Return the layers that are asked for.

        Raises
        ------
        UnknownNameError
            If there is no such module.
        UnsupportedError
            If its output has no places, and why; or if no module's has.
        """
        what = "layers", repr(self.layer), target.task, like(packed)
        return known(tagger, what, lambda: self._found(Layers(tagger, probe(packed), target)))

    def _found(self, there: Layers) -> list[Layer]:
        if self.layer is None:
            taken = there.last()
            if not taken:
                raise UnsupportedError(
                    "no layer of the tagger gives a row for each particle, or a feature map of an "
                    "image: 'integrated-gradients' and 'lrp' explain taggers of any kind"
                )
            return taken
        taken = []
        for path in names(self.layer):
            if path not in there:
                raise UnknownNameError("layer with tokens or a feature map", path, there.usable())
            layer = there.get(path)
            if isinstance(layer, str):
                raise UnsupportedError(f"layer {path!r} {layer}; {expected(path, there.usable())}")
            for other in taken:
                both = {*other.collections} & {*layer.collections}
                if both:
                    raise BadValueError(
                        f"layers {other.path!r} and {path!r} both have places of {min(both)!r}: "
                        "explain them one by one"
                    )
            taken.append(layer)
        return taken


class _Run:
    """One forward pass, cut where gradients are to end."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self._modules = modules
        self._features: dict[str, Tensor] = {}

    def watching(self) -> Any:
        """Let a graph begin at the layers."""
        return hooked(self._modules, self._cut)

    def _cut(self, path: str, module: nn.Module, output: Any) -> Any:
        features = first(output)
        assert features is not None
        if not features.requires_grad:  # else it depends on another layer that is asked for
            features = features.detach().requires_grad_()
        self._features[path] = features
        onward = features.clone()  # what follows may write into it
        if isinstance(output, Tensor):
            return onward
        parts = (onward, *output[1:])
        return output._make(parts) if hasattr(output, "_make") else type(output)(parts)

    def slopes(self, value: Tensor, target: str) -> list[tuple[Tensor, Tensor]]:
        """Return each layer's features, and the gradient of the values ``[jet]`` there."""
        features = [self._features[path] for path in self._modules]
        found: Sequence[Tensor | None] = [None] * len(features)
        if value.requires_grad:
            found = torch.autograd.grad(value.sum(), features, allow_unused=True)
        hint = "" if value.requires_grad else ", or what follows runs under torch.no_grad"
        for path, slope in zip(self._modules, found, strict=True):
            if slope is None:
                raise UnsupportedError(f"target {target!r} does not depend on layer {path!r}{hint}")
        return [(f.detach(), s) for f, s in zip(features, found, strict=True) if s is not None]
