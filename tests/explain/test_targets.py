from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import jetlens as jl
from contracts import explainers as case
from jetlens.core.errors import JetlensError
from jetlens.explain.expressions import parse
from jetlens.explain.targets import resolve
from jetlens.taggers.encode import encode

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
        ("'z' + c", "unknown class in target \"'z' \\+ c\" 'z'"),
        ("b'b' + c", "is not a number"),
        ("True + b", "is not a number"),
        ("log(b", "neither a class nor an expression"),
        ("tracks.orgin=from_b", "unknown auxiliary output"),
    ],
)
def test_what_cannot_be_understood(text: str, says: str) -> None:
    with pytest.raises(JetlensError, match=says):
        resolve(text, case.tagger())


BOSONS = ("H->bb", "t_bqq", "Z jets", "in")


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ('log("H->bb"/t_bqq)', lambda p: np.log(p[:, 0] / p[:, 1])),
        ("log('H->bb' / (t_bqq + 'Z jets'))", lambda p: np.log(p[:, 0] / (p[:, 1] + p[:, 2]))),
        ('"in" * 2', lambda p: 2 * p[:, 3]),
    ],
)
def test_classes_that_are_no_words_stand_in_quotes(text: str, truth) -> None:
    logits = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    chance = logits.softmax(-1).numpy()
    np.testing.assert_allclose(parse(text, BOSONS)(logits), truth(chance), rtol=1e-12)
    found = parse("logit('H->bb')", BOSONS)(logits)
    np.testing.assert_array_equal(found, logits[:, 0])


def test_the_example_of_a_message_can_be_asked_for() -> None:
    with pytest.raises(JetlensError) as told:
        parse("log(H->bb/t_bqq)", BOSONS)
    example = re.search("such as '(.*)'; the classes", str(told.value)).group(1)
    assert example == 'log("H->bb"/"in")'
    assert parse(example, BOSONS)(torch.zeros(2, 4)).tolist() == [0, 0]
    with pytest.raises(JetlensError, match='expected one of "H->bb", t_bqq, "Z jets", "in"'):
        parse("log(Z/t_bqq)", BOSONS)


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
    with pytest.raises(JetlensError, match="did you mean 'log-odds'"):
        resolve("c", case.tagger(), of="logodds")


@given(
    st.lists(st.floats(-900, 900), min_size=2, max_size=5),
    st.integers(0, 4),
    st.floats(-900, 900),
)
def test_log_odds_are_those_of_a_class_whatever_all_logits_share(
    logits: list[float], at: int, shared: float
) -> None:
    """Also where the probability is one but for 1e-300, which its own logarithm does not tell."""
    at %= len(logits)
    classes = [f"c{i}" for i in range(len(logits))]
    tagger = jl.wrap(torch.nn.Linear(1, 1), {"jets": ("a",)}, classes, call=lambda m, i, _: i)
    target = resolve(classes[at], tagger, of="log-odds")
    said = torch.tensor([logits, [z + shared for z in logits]], dtype=torch.float64)
    said.requires_grad_()
    value = target.value(said, {}, torch.tensor([at, at]))
    exact = logits[at] - np.logaddexp.reduce(np.delete(logits, at))
    np.testing.assert_allclose(value.detach(), [exact, exact], atol=1e-9)
    value.sum().backward()
    np.testing.assert_allclose(said.grad.sum(1), 0, atol=1e-12)  # nothing of what they share
    np.testing.assert_allclose(said.grad[:, at], 1, atol=1e-12)


def test_one_logit_alone_is_taken_for_log_odds() -> None:
    tagger = jl.wrap(torch.nn.Linear(1, 1), {"jets": ("a",)}, ("b",), call=lambda m, i, _: i)
    target = resolve("b", tagger, of="log-odds")
    assert target.value(torch.tensor([[3.0], [-2.0]]), {}, torch.tensor([0, 0])).tolist() == [3, -2]


class Origins(jl.Tagger):
    """Says where tracks come from, beside what the jet is."""

    def __init__(self) -> None:
        names = {"tracks": case.TRACKS}
        super().__init__(names, ("b", "u"), tasks={"tracks.origin": ("pileup", "from_b", "fake")})
        torch.manual_seed(1)
        self.each = torch.nn.Linear(4, 3).double()

    def forward(self, inputs, masks):
        return self.outputs(inputs, masks)["jet"]

    def outputs(self, inputs, masks):
        each = self.each(inputs["tracks"])
        return {"jet": (each * masks["tracks"][..., None]).sum(1)[:, :2], "tracks.origin": each}


@pytest.mark.parametrize("of", ["logit", "probability", "log-odds"])
def test_an_auxiliary_output_is_of_a_class_among_its_own(of: str) -> None:
    tagger, jets = Origins(), case.jets()
    target = resolve("tracks.origin=from_b", tagger, of)
    assert target.of == of
    inputs, masks = encode(tagger, jets)
    logits = tagger.outputs(inputs, masks)["tracks.origin"].detach().numpy()
    chance = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    odds = np.log(chance / (1 - chance))
    each = {"logit": logits, "probability": chance, "log-odds": odds}[of]
    truth = np.where(jets["tracks"].mask, each[..., 1], 0).sum(1)
    found = target.score(tagger, inputs, masks, torch.zeros(len(jets), dtype=torch.long))
    np.testing.assert_allclose(found.detach(), truth, rtol=1e-12)
    scores = jl.explain(tagger, jets, "gradient", target="tracks.origin=from_b", of=of)
    assert scores.attrs["of"] == of


@pytest.mark.parametrize("of", ["logit", "probability"])
def test_an_expression_is_explained_as_it_is_and_says_so(of: str) -> None:
    found = jl.explain(case.tagger(), case.jets(), "gradient", target="log(b/c)", of=of)
    plain = jl.explain(case.tagger(), case.jets(), "gradient", target="log(b/c)")
    assert found.attrs["of"] == "expression"
    np.testing.assert_array_equal(found.tracks_score, plain.tracks_score)


def test_label_needs_labels() -> None:
    target = resolve("label", case.tagger())
    with pytest.raises(JetlensError, match="jet 1 of the batch has no label"):
        target.chosen(LOGITS, np.array([0, -1, 2]))
