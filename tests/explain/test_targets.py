from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from contracts import explainers as case
from jetlens.core.errors import JetlensError
from jetlens.explain.expressions import parse
from jetlens.explain.targets import resolve

CLASSES = ("b", "c", "u")
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0]], dtype=torch.float64)
B, C, U = LOGITS.softmax(-1).T.numpy()


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("log(b/(0.018*c+0.982*u))", np.log(B / (0.018 * C + 0.982 * U))),
        ("log(b / c)", np.log(B / C)),
        ("b - c", B - C),
        ("-(b+c)*2", -(B + C) * 2),
        ("+b/2", B / 2),
        ("b*c - u*-1", B * C + U),
        ("sqrt(b*b)", B),
        ("sqrt(b - c + 2)", np.sqrt(B - C + 2)),
        ("exp(log(b))", B),
        ("log(1 - b)", np.log(1 - B)),
        ("1 - b - c", 1 - B - C),
        ("logit(b) - logit(c)", np.array([3.0, 0.0, -7.0])),
        ("0 * b + 1", np.ones(3)),
    ],
)
def test_expressions(text: str, truth: np.ndarray) -> None:
    np.testing.assert_allclose(parse(text, CLASSES)(LOGITS).numpy(), truth, rtol=1e-12, atol=1e-12)


def test_a_discriminant_does_not_underflow() -> None:
    logits = torch.tensor([[-400.0, 0.0, 10.0]], requires_grad=True)
    value = parse("log(b/(0.018*c+0.982*u))", CLASSES)(logits)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert float(value.detach()) == pytest.approx(-410 - np.log(0.982), abs=1e-2)
    assert float(logits.grad[0, 0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("d", "unknown target 'd'"),
        ("predictd", "did you mean 'predicted'"),
        ("log(b/z)", "unknown class in target 'log\\(b/z\\)' 'z'"),
        ("lgo(b)", "did you mean 'log'"),
        ("__import__('os').system('true')", "cannot be used"),
        ("b.__class__", "cannot be used"),
        ("[b for b in c]", "cannot be used"),
        ("b if c else u", "cannot be used"),
        ("b**c", "cannot be used"),
        ("b, c", "cannot be used"),
        ("log(b, c)", "takes one argument"),
        ("logit(b+c)", "takes a class name"),
        ("'b' + c", "is not a number"),
        ("True + b", "is not a number"),
        ("log(b", "neither a class nor an expression"),
        ("tracks.orgin=from_b", "unknown auxiliary output"),
    ],
)
def test_what_cannot_be_understood(text: str, says: str) -> None:
    with pytest.raises(JetlensError, match=says):
        resolve(text, case.tagger())


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = resolve(text, case.tagger())
    except JetlensError:
        return
    inputs = {"jets": torch.zeros(2, 2).double(), "tracks": torch.zeros(2, 1, 4).double()}
    masks = {"tracks": torch.ones(2, 1, dtype=torch.bool)}
    assert found.score(case.tagger(), inputs, masks, torch.zeros(2, dtype=torch.long)).shape == (2,)


def test_probability_of_a_class() -> None:
    target = resolve("c", case.tagger(), of="probability")
    assert target.fixed == 1
    with pytest.raises(JetlensError, match="did you mean 'probability'"):
        resolve("c", case.tagger(), of="probabilty")


def test_label_needs_labels() -> None:
    target = resolve("label", case.tagger())
    with pytest.raises(JetlensError, match="jet 1 of the batch has no label"):
        target.chosen(LOGITS, np.array([0, -1, 2]))
