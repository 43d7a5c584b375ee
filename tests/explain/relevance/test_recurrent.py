"""GRU and LSTM against the reference, in every layout that torch knows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import jetlens as jl
from reference import lrp as slow

JETS, STEPS, WIDTH = 5, 6, 4
FEATURES = ("pt", "deta", "dphi")


def particles(whole: bool = False) -> jl.JetBatch:
    rng = np.random.default_rng(2)
    length = np.full(JETS, STEPS) if whole else np.array([3, 6, 1, 6, 4])
    mask = np.arange(STEPS) < length[:, None]
    values = rng.normal(size=(JETS, STEPS, len(FEATURES)))
    return jl.batch({"constituents": (values, FEATURES, mask)})


def wrapped(module: nn.Module) -> jl.Tagger:
    torch.manual_seed(3)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)
    return jl.wrap(
        module.double(),
        {"constituents": FEATURES},
        tuple(f"c{i}" for i in range(getattr(module.layer, "proj_size", 0) or WIDTH)),
        call=lambda m, inputs, masks: m(inputs["constituents"], masks["constituents"]),
    )


class Last(nn.Module):
    """The last output of a recurrent layer, as logits."""

    def __init__(self, kind: type[nn.Module], packed: bool = False, **options) -> None:
        super().__init__()
        self.layer = kind(len(FEATURES), WIDTH, **options)
        self.packed = packed

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x if self.layer.batch_first else x.transpose(0, 1)
        if self.packed:
            x = pack_padded_sequence(x, mask.sum(1), self.layer.batch_first, enforce_sorted=False)
        _, end = self.layer(x)
        end = end[0] if isinstance(end, tuple) else end
        return end.sum(0)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_a_layer_follows_the_equations(kind, first: bool, packed: bool) -> None:
    jets = particles(whole=not packed)
    tagger = wrapped(Last(kind, packed, batch_first=first))
    layer = tagger.module.layer
    w, u, b, c = (p.detach().numpy() for p in layer.parameters())
    found = jl.explain(tagger, jets, "lrp", target="c2", rule="z")
    reference = slow.gru if kind is nn.GRU else slow.lstm
    for j in range(JETS):
        mask = jets["constituents"].mask[j]
        x = jets["constituents"].values[j][mask]
        relevance = np.eye(WIDTH)[2] * float(found.output[j, 2])
        want = reference(x, w, u, b, c, relevance)
        scores = found.constituents_score[j].values[mask]
        np.testing.assert_allclose(scores, want, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("biased", [True, False])
def test_an_lstm_with_projections_follows_the_equations(biased: bool) -> None:
    jets = particles()
    tagger = wrapped(Last(nn.LSTM, True, batch_first=True, proj_size=2, bias=biased))
    layer = tagger.module.layer
    w, u, *biases, p = (value.detach().numpy() for value in layer.parameters())
    b, c = biases or (np.zeros(len(w)),) * 2
    found = jl.explain(tagger, jets, "lrp", target="c1", rule="z")
    for j in range(JETS):
        mask = jets["constituents"].mask[j]
        x = jets["constituents"].values[j][mask]
        relevance = np.eye(2)[1] * float(found.output[j, 1])
        want = slow.lstm(x, w, u, b, c, relevance, p)
        np.testing.assert_allclose(
            found.constituents_score[j].values[mask], want, rtol=1e-7, atol=1e-10
        )


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
@pytest.mark.parametrize("packed", [True, False])
def test_layers_in_both_directions_are_their_cells(kind, packed: bool) -> None:
    """Two layers, both directions, against cells that are stepped by hand, jet by jet."""

    class Deep(nn.Module):
        def __init__(self, by_hand: bool) -> None:
            super().__init__()
            self.layer = kind(
                len(FEATURES), WIDTH, num_layers=2, bidirectional=True, batch_first=True
            )
            self.by_hand = by_hand

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            if self.by_hand:
                each = [self._jet(x[j, : int(n)]) for j, n in enumerate(mask.sum(1))]
                return torch.stack(each)
            if not packed:
                return self.layer(x)[0].sum(1)[:, :WIDTH]
            out, _ = self.layer(
                pack_padded_sequence(x, mask.sum(1), batch_first=True, enforce_sorted=False)
            )
            return pad_packed_sequence(out, batch_first=True)[0].sum(1)[:, :WIDTH]

        def _jet(self, x: Tensor) -> Tensor:
            for depth in (0, 1):
                ways = []
                for ending in ("", "_reverse"):
                    w = [
                        getattr(self.layer, f"{n}_l{depth}{ending}")
                        for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                    ]
                    h = c = torch.zeros(1, WIDTH, dtype=x.dtype)
                    steps = range(len(x))
                    outs = {}
                    for t in steps if not ending else reversed(steps):
                        if kind is nn.LSTM:
                            h, c = torch._VF.lstm_cell(x[t : t + 1], (h, c), *w)
                        elif kind is nn.GRU:
                            h = torch._VF.gru_cell(x[t : t + 1], h, *w)
                        else:
                            h = torch._VF.rnn_tanh_cell(x[t : t + 1], h, *w)
                        outs[t] = h
                    ways.append(torch.cat([outs[t] for t in steps]))
                x = torch.cat(ways, -1)
            return x.sum(0)[:WIDTH]

    jets = particles(whole=not packed)
    found, hand = (
        jl.explain(wrapped(Deep(by)), jets, "lrp", target="predicted") for by in (False, True)
    )
    np.testing.assert_allclose(found.output, hand.output, rtol=1e-9)
    np.testing.assert_allclose(
        found.constituents_score, hand.constituents_score, rtol=1e-6, atol=1e-8
    )
    layers = [str(name) for name in found.layer.values]
    assert "module.layer" in layers
    assert not any(name.startswith("add") for name in layers)  # one layer, not its functions
