from __future__ import annotations

import pytest
import torch

from contracts.taggers import EXPERTS, sample
from jetlens.core.errors import BadValueError
from jetlens.taggers.mlp import MLP


def test_it_is_dense_layers_with_relu_between_them() -> None:
    torch.manual_seed(1)
    tagger = MLP(EXPERTS, ("a", "b", "c"), hidden=(5, 4)).double()
    x = torch.randn(6, 2, dtype=torch.float64)
    state = tagger.state_dict()
    hidden = x
    for k in (0, 2, 4):
        hidden = hidden @ state[f"head.{k}.weight"].T + state[f"head.{k}.bias"]
        hidden = hidden.clamp(min=0) if k < 4 else hidden
    torch.testing.assert_close(tagger({"jets": x}, {}).detach(), hidden)


def test_its_default_inputs_are_the_jets_own_variables() -> None:
    assert MLP.inputs_for(sample()) == EXPERTS


def test_it_takes_nothing_else() -> None:
    with pytest.raises(BadValueError, match="inputs of 'mlp' are jets, tracks: expected 'jets'"):
        MLP({"jets": ["pt"], "tracks": ["d0"]}, ("a", "b"))
