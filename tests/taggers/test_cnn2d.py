from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from contracts.taggers import PIXELS, sample
from jetlens.core.errors import BadValueError
from jetlens.taggers.cnn2d import CNN2D

TOY, EXPERTS = {"image": ["pt"]}, {"jets": ["theta", "z", "r1", "r2"]}
CLASSES = ("background", "signal")


def layers(module: nn.Module) -> list[tuple]:
    """The layers in their order: what they are, from how many numbers to how many, how large."""
    found: list[tuple] = []
    for m in module.modules():
        if isinstance(m, nn.Conv2d):
            found.append(("convolution", m.in_channels, m.out_channels, m.kernel_size, m.padding))
        elif isinstance(m, nn.Linear):
            found.append(("dense", m.in_features, m.out_features))
        elif not isinstance(m, nn.Sequential | CNN2D):
            found.append((type(m).__name__,))
    return found


CONVOLUTIONS = [
    ("convolution", 1, 32, (11, 11), (0, 0)),
    ("ReLU",),
    ("convolution", 32, 32, (3, 3), (0, 0)),
    ("ReLU",),
    ("MaxPool2d",),
    ("convolution", 32, 32, (3, 3), (0, 0)),
    ("ReLU",),
    ("convolution", 32, 32, (3, 3), (0, 0)),
    ("ReLU",),
    ("MaxPool2d",),
]


@pytest.mark.parametrize(
    ("inputs", "first", "features"),
    [(TOY, 32, 288), (TOY | EXPERTS, 64, 292), (EXPERTS | TOY, 64, 292)],
)
def test_the_defaults_are_the_toys_network(inputs: dict, first: int, features: int) -> None:
    head = [
        ("dense", features, first),
        ("ReLU",),
        ("dense", first, 64),
        ("ReLU",),
        ("dense", 64, 2),
    ]
    assert layers(CNN2D(inputs, CLASSES)) == [*CONVOLUTIONS, *head]


def test_logits_are_what_a_slow_loop_says() -> None:
    """Convolutions, maxima after the second and after the last, which drops a row, experts."""
    torch.manual_seed(0)
    tagger = CNN2D(
        TOY | EXPERTS, CLASSES, pixels=12, widths=(2, 3, 2), kernels=(3, 2, 2), hidden=(4,)
    ).double()
    rng = np.random.default_rng(2)
    image, experts = rng.normal(size=(3, 1, 12, 12)), rng.normal(size=(3, 4))
    inputs = {"image": torch.as_tensor(image), "jets": torch.as_tensor(experts)}
    state = {k: v.detach().numpy() for k, v in tagger.state_dict().items()}
    names = sorted({k.rpartition(".")[0] for k in state if k.startswith("convolutions")})
    assert len(names) == 3
    for jet in range(3):
        x = convolved(convolved(image[jet], state, names[0]), state, names[1])
        x = largest(convolved(largest(x), state, names[2]))
        assert x.shape == (2, 1, 1)
        hidden = np.concatenate([x.ravel(), experts[jet]])
        hidden = np.maximum(0, state["head.0.weight"] @ hidden + state["head.0.bias"])
        expected = state["head.2.weight"] @ hidden + state["head.2.bias"]
        np.testing.assert_allclose(tagger(inputs, {})[jet].detach().numpy(), expected, rtol=1e-10)


def convolved(x: np.ndarray, state: dict, name: str) -> np.ndarray:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    reach = weight.shape[2]
    size = x.shape[1] - reach + 1
    out = np.zeros((len(weight), size, size))
    for c, y, u in np.ndindex(out.shape):
        out[c, y, u] = (x[:, y : y + reach, u : u + reach] * weight[c]).sum() + bias[c]
    return np.maximum(out, 0)


def largest(x: np.ndarray) -> np.ndarray:
    out = np.zeros((len(x), x.shape[1] // 2, x.shape[2] // 2))
    for c, y, u in np.ndindex(out.shape):
        out[c, y, u] = x[c, 2 * y : 2 * y + 2, 2 * u : 2 * u + 2].max()
    return out


def test_its_default_inputs_are_the_image() -> None:
    assert CNN2D.inputs_for(sample()) == {"image": ["pt", "charge"]}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pixels": 12}, r"pixels=12: nothing is left .* convolution 2 "),
        ({"widths": (8, 8)}, r"widths=\[8, 8\], kernels=\[11, 3, 3, 3\]: expected one"),
        ({"widths": (), "kernels": ()}, r"widths=\[\], kernels=\[\]: expected one"),
        ({"widths": (8, 0), "kernels": (3, 3)}, r"widths=\[8, 0\]"),
        ({"hidden": (8, 0)}, r"dense layers of widths \[288, 8, 0, 2\]"),
        ({"dropout": 1.0}, "dropout=1.0: expected a chance"),
        ({"inputs": EXPERTS}, r"inputs of 'cnn2d' are jets: expected one collection \(an image\)"),
        ({"inputs": TOY | {"tracks": ["d0"]}}, "are image, tracks: expected one collection"),
    ],
)
def test_networks_that_cannot_be(options: dict, says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        CNN2D(**{"inputs": TOY, "classes": CLASSES} | options)


def test_images_of_another_size_or_other_things_are_told() -> None:
    tagger = CNN2D(TOY, CLASSES)
    with pytest.raises(BadValueError, match=r"\(1, 14, 14\) .* \(1, 32, 32\) .*`pixels` is 32"):
        tagger({"image": torch.zeros(5, 1, PIXELS, PIXELS)}, {})
    with pytest.raises(BadValueError, match=r"has shape \(20, 1\) in each jet"):
        tagger({"image": torch.zeros(5, 20, 1)}, {})
