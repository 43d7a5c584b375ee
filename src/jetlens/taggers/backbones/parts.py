"""A vision transformer in parts: embeddings, layers, the norm behind them."""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.taggers.backbones.hugging_face import Found

OUT = "o_proj"
"""What brings the heads of transformers' attention together."""

FAMILIES = "ViT, DeiT, ViT-MSN and DINOv2 (with registers or without)"


class Backbone(nn.Module):
    """Somebody's vision transformer, run in parts: none of its code or settings is changed.

    Parameters
    ----------
    found
        The model, and how its images are normalised.

    Raises
    ------
    UnsupportedError
        If it has no class token, or is no stack of layers that take tokens alone.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.model: nn.Module = found.network
        config: Any = self.model.config
        kind = type(self.model).__name__
        embeddings: Any = getattr(self.model, "embeddings", None)
        if getattr(embeddings, "patch_embeddings", None) is None:
            raise UnsupportedError(f"{kind} is no vision transformer: expected {FAMILIES}")
        if getattr(embeddings, "cls_token", None) is None:
            raise UnsupportedError(
                f"the backbone {kind} has no class token, from which the tagger reads: expected "
                f"{FAMILIES}"
            )
        self.register_buffer("mean", torch.tensor(found.mean))
        self.register_buffer("variance", torch.tensor(found.std) ** 2)
        self.patch = _side(config.patch_size)
        self.channels, self.width = int(config.num_channels), int(config.hidden_size)
        every = self.model.named_modules()
        lists = {path: m for path, m in every if isinstance(m, nn.ModuleList)}
        self._stack = next((p for p, m in lists.items() if len(m) == config.num_hidden_layers), "")
        own = inspect.signature(embeddings.forward).parameters
        resized = "interpolate_pos_encoding"
        self._options = {resized: True} if resized in own else {}
        self._behind = _behind_attention(self.layers[-1])
        self._check(kind)

    @property
    def embeddings(self) -> nn.Module:
        """What makes tokens of an image."""
        made = self.model.embeddings
        assert isinstance(made, nn.Module)
        return made

    @property
    def layers(self) -> nn.ModuleList:
        """The encoder's layers, in their order."""
        made = self.model.get_submodule(self._stack)
        assert isinstance(made, nn.ModuleList)
        return made

    @property
    def norm(self) -> nn.Module:
        """What is behind the last layer."""
        made = self.model.layernorm
        assert isinstance(made, nn.Module)
        return made

    def tokens(self, image: Tensor) -> Tensor:
        """Return the tokens ``[jet, token, width]`` of images; the class token is the first.

        Position embeddings are interpolated to the image's size, as the backbone does it.

        Parameters
        ----------
        image
            ``[jet, channel, y, x]``, 0 to 1; a single channel is taken for each of the backbone's.
        """
        height, width = image.shape[-2:]
        if height % self.patch or width % self.patch:
            below = max(height // self.patch, 1) * self.patch
            raise BadValueError(
                f"images of {height} x {width} pixels: expected a multiple of the backbone's patch "
                f"of {self.patch} pixels, such as {below} or {below + self.patch}"
            )
        if image.shape[1] not in (1, self.channels):
            raise BadValueError(
                f"images of {image.shape[1]} channels: expected {self.channels}, as the backbone "
                "takes, or one, which is repeated"
            )
        image = image.expand(-1, self.channels, -1, -1)
        made: Tensor = self.embeddings(self._normalised(image), **self._options)
        return made

    def through(self, tokens: Tensor, layers: slice) -> Tensor:
        """Return what some of the layers make of tokens."""
        for layer in self.layers[layers]:
            tokens = layer(tokens)
        return tokens

    def read(self, tokens: Tensor, layers: slice) -> Tensor:
        """Return the class token ``[jet, width]`` behind some of the layers and the norm.

        Behind the attention of the last of them nothing but the class token is evaluated, as
        nothing else is read: that layer costs a third, and its gradients are the same.
        """
        *before, last = self.layers[layers]
        for layer in before:
            tokens = layer(tokens)
        with ExitStack() as stack:
            for path in self._behind:
                hook = last.get_submodule(path).register_forward_pre_hook(_class_token)
                stack.callback(hook.remove)
            tokens = last(tokens)
        read: Tensor = self.norm(tokens[:, 0])
        return read

    def _normalised(self, image: Tensor) -> Tensor:
        """Return (image - mean) / std; written as what it is to relevance: an affine layer."""
        return F.batch_norm(image, self.mean, self.variance, eps=0.0)

    def _check(self, kind: str) -> None:
        """Try whether the parts give what the whole does, on an image of four patches."""
        side = 2 * self.patch
        image = torch.linspace(0, 1, self.channels * side**2).view(1, self.channels, side, side)
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad():
                whole = self.model(self._normalised(image), **self._options).last_hidden_state
                tokens = self.tokens(image)
                parts = self.norm(self.through(tokens, slice(None)))
            same = whole.shape == parts.shape and torch.allclose(whole, parts, atol=1e-4)
            if same and not self._reads(tokens, parts[:, 0]):
                self._behind = ()
        except Exception:  # whatever a foreign network raises
            same = False
        finally:
            self.model.train(training)
        if not same:
            raise UnsupportedError(
                f"the backbone {kind} is no stack of layers that take tokens alone and a norm "
                f"behind them: expected {FAMILIES}"
            )

    def _reads(self, tokens: Tensor, expected: Tensor) -> bool:
        """Say whether the class token comes out where nothing else goes through the last layer."""
        try:
            with torch.no_grad():
                return torch.allclose(self.read(tokens, slice(None)), expected, atol=1e-4)
        except (RuntimeError, IndexError):  # shapes that a foreign layer does not take
            return False


def _behind_attention(layer: nn.Module) -> tuple[str, ...]:
    """Return the parts of a layer that begin what is behind its attention, for each token alone.

    What they give for one token is added to all tokens, so that the sum is right for that one.
    """
    names = [path for path, module in layer.named_modules() if isinstance(module, nn.LayerNorm)]
    out = [path for path, _ in layer.named_modules() if path.rpartition(".")[2] == OUT]
    return (*out, *names[1:])


def _class_token(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return (arguments[0][:, :1], *arguments[1:])


def _side(patch: Any) -> int:
    if isinstance(patch, int):
        return patch
    height, width = patch
    if height != width:
        raise UnsupportedError(f"patches of {height} x {width} pixels: expected square ones")
    return int(height)
