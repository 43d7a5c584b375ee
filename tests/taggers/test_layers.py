from __future__ import annotations

import pytest
import torch

from jetlens.core.errors import UnknownNameError
from jetlens.taggers.layers import CrossLayer, EncoderLayer, dense


def test_a_layer_without_weights_hands_its_input_on() -> None:
    """What is added is zero: the way past attention and the dense part is open."""
    x, mask = torch.randn(3, 4, 8), torch.rand(3, 4) < 0.5
    other, there = torch.randn(3, 5, 6), torch.rand(3, 5) < 0.5
    alone, asking = EncoderLayer(8, 2, 16, "gelu", 0.0), CrossLayer(8, 6, 2, 16, "gelu", 0.0)
    assert not torch.equal(alone(x, mask), x)
    assert not torch.equal(asking(x, other, there), x)
    for layer in (alone, asking):
        for part in (layer.attention.out, layer.dense[-1]):
            torch.nn.init.zeros_(part.weight), torch.nn.init.zeros_(part.bias)
    assert torch.equal(alone(x, mask), x)
    assert torch.equal(asking(x, other, there), x)


def test_dense_has_activations_between_its_layers_alone() -> None:
    names = [type(m).__name__ for m in dense([3, 4, 5, 2], "silu", dropout=0.1)]
    assert names == ["Linear", "SiLU", "Dropout", "Linear", "SiLU", "Dropout", "Linear"]
    with pytest.raises(UnknownNameError, match="did you mean 'gelu'"):
        dense([1, 2], "gelo")
