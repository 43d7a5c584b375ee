from __future__ import annotations

import pytest
import torch

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.taggers.gn2 import GN2, PairHead
from labelled import INPUTS

CLASSES = ("b", "c", "u")


def sample(jets: int = 7, tracks: int = 6) -> tuple[dict, dict]:
    torch.manual_seed(1)
    mask = torch.rand(jets, tracks) < 0.7
    mask[0], mask[1] = False, True
    inputs = {
        "jets": torch.randn(jets, 2, dtype=torch.float64),
        "tracks": torch.randn(jets, tracks, 19, dtype=torch.float64),
    }
    return inputs, {"tracks": mask}


def test_the_published_size_has_its_number_of_parameters() -> None:
    published = GN2(INPUTS, ("b", "c", "u", "tau"), size="gn2")
    assert sum(p.numel() for p in published.parameters()) == pytest.approx(2.3e6, rel=0.05)


def test_outputs_hold_every_head_and_the_jet_head_alone_says_the_same() -> None:
    inputs, masks = sample()
    tagger = GN2(INPUTS, CLASSES).double()
    out = tagger.outputs(inputs, masks)
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "jet": (7, 3),
        "tracks.origin": (7, 6, 8),
        "tracks.vertex": (7, 6, 6),
    }
    torch.testing.assert_close(out["jet"], tagger(inputs, masks), rtol=0, atol=0)


def test_forward_does_not_compute_the_auxiliary_heads() -> None:
    inputs, masks = sample()
    tagger = GN2(INPUTS, CLASSES).double()
    for head in (tagger.origin_head, tagger.vertex_head):
        head.forward = None
    tagger(inputs, masks)


def test_pairs_are_symmetric_and_each_is_what_its_two_tracks_say() -> None:
    torch.manual_seed(0)
    head = PairHead(4, (8, 5), "gelu").double()
    x = torch.randn(3, 6, 4, dtype=torch.float64)
    mask = torch.rand(3, 6) < 0.6
    mask[0] = True
    found = head(x, mask)
    torch.testing.assert_close(found, found.transpose(1, 2), rtol=0, atol=0)
    for jet in range(3):
        for i in range(6):
            for k in range(6):
                if i != k and mask[jet, i] and mask[jet, k]:
                    a, b = x[jet, i], x[jet, k]
                    hidden = head.sum(a) + head.sum(b) + head.product(a) * head.product(b)
                    torch.testing.assert_close(found[jet, i, k], head.rest(hidden)[0])
                else:
                    assert found[jet, i, k] == 0


@pytest.mark.parametrize("auxiliary", [(), ("tracks.origin",), ("tracks.vertex",)])
def test_auxiliary_heads_can_be_left_out(auxiliary: tuple[str, ...]) -> None:
    inputs, masks = sample()
    tagger = GN2(INPUTS, CLASSES, auxiliary=auxiliary).double()
    assert set(tagger.outputs(inputs, masks)) == {"jet", *auxiliary} == {"jet", *tagger.tasks}


def test_nan_in_padding_is_ignored() -> None:
    inputs, masks = sample()
    tagger = GN2(INPUTS, CLASSES).double()
    expected = tagger(inputs, masks)
    inputs["tracks"][~masks["tracks"]] = float("nan")
    torch.testing.assert_close(tagger(inputs, masks), expected, rtol=0, atol=0)


def test_jet_variables_matter() -> None:
    inputs, masks = sample()
    tagger = GN2(INPUTS, CLASSES).double()
    other = {**inputs, "jets": inputs["jets"] + 1}
    assert not torch.allclose(tagger(inputs, masks)[1:], tagger(other, masks)[1:])


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"size": "smal"}, UnknownNameError, "did you mean 'small'"),
        ({"auxiliary": ["tracks.orign"]}, UnknownNameError, "did you mean 'tracks.origin'"),
        ({"activation": "tanh"}, UnknownNameError, "unknown activation 'tanh'"),
        ({"dropout": 1.0}, BadValueError, "dropout=1.0"),
        ({"inputs": {"tracks": ["d0"]}}, BadValueError, "needs features of 'jets'"),
        ({"inputs": {**INPUTS, "hits": ["x"]}}, UnknownNameError, "'hits'"),
    ],
)
def test_wrong_arguments_are_told(wrong: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        GN2(**{"inputs": INPUTS, "classes": CLASSES, **wrong})
