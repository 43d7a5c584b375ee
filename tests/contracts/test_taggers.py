"""What holds for every registered tagger, one that somebody adds tomorrow included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import jetlens as jl
from attention_calls import Watch
from contracts.taggers import CLASSES, Case, cases, sample
from jetlens.core.arguments import parameters
from jetlens.core.errors import BadValueError
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict
from jetlens.taggers.saved import arguments, save

CASES = cases()
CLOSE = {"rtol": 1e-9, "atol": 1e-10}


@pytest.fixture(params=CASES, ids=str)
def tagger(request: pytest.FixtureRequest) -> Tagger:
    return request.param.build()


def outputs(tagger: Tagger, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
    with torch.no_grad():
        out = tagger.outputs(inputs, masks)
    return {"alone": tagger(inputs, masks).detach(), **out}


def particle_axes(task: str, out: Tensor, masks: Inputs) -> list[int]:
    """Say which axes of an output run over particles: those as long as the mask, after the jet."""
    name = task.partition(".")[0]
    return [
        i for i in (1, 2) if name in masks and i < out.ndim and out.shape[i] == masks[name].shape[1]
    ]


def moved(task: str, out: Tensor, masks: Inputs, orders: Inputs) -> Tensor:
    for axis in particle_axes(task, out, masks):
        out = out.index_select(axis, orders[task.partition(".")[0]])
    return out


def real(task: str, out: Tensor, masks: Inputs) -> Tensor:
    """Return what an output says of real particles (and pairs of them)."""
    keep = torch.ones(out.shape[:1], dtype=torch.bool)
    for axis in particle_axes(task, out, masks):
        keep = keep[..., None] & masks[task.partition(".")[0]].view(len(out), *[1] * (axis - 1), -1)
    return out[keep]


def test_constructor_says_what_the_registry_needs(tagger: Tagger) -> None:
    assert {"inputs", "classes", "scaling"} <= parameters(type(tagger)).keys()
    assert set(tagger.outputs(*encode(tagger, sample()))) == {"jet", *tagger.tasks}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_arguments_stay_as_they_were_given(case: Case) -> None:
    kept = arguments(case.build())
    assert {k: kept[k] for k in case.arguments} == dict(case.arguments)


def test_logits_are_finite_and_alone_as_with_the_rest(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    out = outputs(tagger, inputs, masks)
    assert all(torch.isfinite(v).all() for v in out.values())
    assert out["jet"].shape == (24, len(CLASSES))
    torch.testing.assert_close(out["alone"], out["jet"], **CLOSE)
    for task, classes in tagger.tasks.items():
        if classes:
            assert out[task].shape[-1] == len(classes)


def test_extra_padding_changes_nothing_whatever_it_holds(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    expected = outputs(tagger, inputs, masks)
    torch.manual_seed(0)
    for name, mask in masks.items():
        extra = 1e3 * torch.randn(len(mask), 5, inputs[name].shape[-1], dtype=torch.float64)
        inputs[name] = torch.cat([inputs[name], extra], 1)
        inputs[name][:, : mask.shape[1]][~mask] = -77.0
    wider = {k: torch.nn.functional.pad(m, (0, 5)) for k, m in masks.items()}
    for task, out in outputs(tagger, inputs, wider).items():
        torch.testing.assert_close(
            real(task, out, wider), real(task, expected[task], masks), **CLOSE
        )


@pytest.mark.parametrize("case", [c for c in CASES if not c.ordered], ids=str)
def test_permuting_particles_permutes_what_is_said_of_them(case: Case) -> None:
    tagger = case.build()
    inputs, masks = encode(tagger, sample())
    expected = outputs(tagger, inputs, masks)
    rng = np.random.default_rng(1)
    orders = {
        k: torch.arange(m.shape[1])
        if k in tagger.places
        else torch.as_tensor(rng.permutation(m.shape[1]))
        for k, m in masks.items()
    }
    inputs = {k: v[:, orders[k]] if k in masks else v for k, v in inputs.items()}
    shuffled = {k: m[:, orders[k]] for k, m in masks.items()}
    for task, out in outputs(tagger, inputs, shuffled).items():
        torch.testing.assert_close(
            real(task, out, shuffled),
            real(task, moved(task, expected[task], masks, orders), shuffled),
            **CLOSE,
        )


@pytest.mark.parametrize("case", [c for c in CASES if c.ordered], ids=str)
def test_where_the_order_matters_it_does_and_holes_do_not(case: Case) -> None:
    tagger = case.build()
    inputs, masks = encode(tagger, sample())
    expected = outputs(tagger, inputs, masks)["jet"]
    turned = {k: v.flip(1) if k in masks else v for k, v in inputs.items()}
    changed = outputs(tagger, turned, {k: m.flip(1) for k, m in masks.items()})["jet"]
    several = torch.stack([m.sum(1) for m in masks.values()]).amax(0) > 1
    assert several.sum() > 10
    assert not torch.isclose(changed, expected)[several].all(1).any()
    torch.testing.assert_close(changed[~several], expected[~several], **CLOSE)
    holes = {k: torch.stack([m, torch.zeros_like(m)], 2).flatten(1) for k, m in masks.items()}
    spread = {k: v.repeat_interleave(2, 1) if k in masks else v for k, v in inputs.items()}
    torch.testing.assert_close(outputs(tagger, spread, holes)["jet"], expected, **CLOSE)


def test_where_places_matter_what_stands_there_cannot_move(tagger: Tagger) -> None:
    if not tagger.places:
        pytest.skip("its particles are alike")
    inputs, masks = encode(tagger, sample())
    expected = outputs(tagger, inputs, masks)["jet"]
    packed = pack(tagger, inputs, masks)
    for name, places in tagger.places.items():
        turned = inputs | {name: inputs[name].roll(1, 1)}
        rolled = masks | {name: masks[name].roll(1, 1)}
        changed = outputs(tagger, turned, rolled)["jet"]
        some = masks[name].any(1)
        assert not torch.isclose(changed, expected)[some].all(1).any()
        assert torch.equal(packed.masks[name], masks[name][packed.rows])  # holes stay holes
        beyond = masks | {name: torch.nn.functional.pad(masks[name], (0, 1), value=True)}
        longer = inputs | {name: torch.nn.functional.pad(inputs[name], (0, 0, 0, 1))}
        with pytest.raises(BadValueError, match=rf"place {places + 1} of a list of {places}"):
            tagger(longer, beyond)


def test_what_the_packed_jets_give_is_what_the_jets_give(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    whole = outputs(tagger, inputs, masks)["jet"]
    torch.testing.assert_close(predict(tagger, pack(tagger, inputs, masks)).logits, whole, **CLOSE)


def test_training_sees_no_padding(tagger: Tagger) -> None:
    """Logits, gradients and what normalisations measure are the same whatever padding holds."""
    seen = []
    inputs, masks = encode(tagger, sample())
    before = {k: v.clone() for k, v in tagger.state_dict().items()}
    for extra in (0, 4):
        torch.manual_seed(0)
        tagger.load_state_dict(before)
        tagger.train().zero_grad()
        wider = {k: torch.nn.functional.pad(m, (0, extra)) for k, m in masks.items()}
        filled = {
            k: torch.nn.functional.pad(v, (0, 0, 0, extra), value=50.0) if k in masks else v
            for k, v in inputs.items()
        }
        logits = tagger(filled, wider)
        logits.square().sum().backward()
        gradients = {k: p.grad for k, p in tagger.named_parameters() if p.grad is not None}
        assert all(torch.isfinite(g).all() for g in gradients.values())
        buffers = {k: b.clone() for k, b in tagger.named_buffers()}
        seen.append({"": logits.detach(), **gradients, **buffers})
    assert seen[0].keys() == seen[1].keys()
    for name, value in seen[0].items():
        torch.testing.assert_close(seen[1][name], value, rtol=1e-7, atol=1e-8)


def test_a_batch_is_its_jets(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    whole = outputs(tagger, inputs, masks)
    for part in (slice(0, 1), slice(1, 13), slice(13, None)):
        some = outputs(
            tagger, {k: v[part] for k, v in inputs.items()}, {k: m[part] for k, m in masks.items()}
        )
        for task, out in some.items():
            torch.testing.assert_close(out, whole[task][part], **CLOSE)


def test_padding_and_empty_jets_have_finite_gradients(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    inputs = {k: v.requires_grad_() for k, v in inputs.items()}
    found = torch.autograd.grad(
        tagger(inputs, masks).square().sum(), list(inputs.values()), allow_unused=True
    )
    for name, gradient in zip(inputs, found, strict=True):
        if gradient is None:
            continue
        assert torch.isfinite(gradient).all()
        if name in masks:
            assert (gradient[~masks[name]] == 0).all()
            assert (gradient[masks[name]] != 0).any()


def test_attention_weights_that_are_seen_are_those_that_are_computed_with(tagger: Tagger) -> None:
    inputs, masks = encode(tagger, sample())
    with torch.no_grad():
        unseen = tagger(inputs, masks)
        with Watch() as watch:
            seen = tagger(inputs, masks)
    if not watch.calls:
        pytest.skip("it has no attention")
    assert torch.equal(seen, unseen)
    for call in watch.calls:  # weights [jet, head, query, key]
        torch.testing.assert_close(call.given, call.expected, **CLOSE)
        torch.testing.assert_close(call.weights.sum(-1), torch.ones_like(call.weights[..., 0]))
        assert not masks or any(hides(call.weights, mask) for mask in masks.values())


def hides(weights: Tensor, mask: Tensor) -> bool:
    """Say whether the keys are those of a mask, none of which is padding where some are real.

    In front of them may be a class token.
    """
    places = mask.shape[1]
    if weights.shape[-1] - places not in (0, 1):
        return False
    some = mask.any(1)
    keys = weights[some][..., -places:].amax((1, 2)) > 0
    return bool((keys == mask[some]).all())


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_saved_and_loaded_it_is_the_same(case: Case, double: bool, tmp_path: Path) -> None:
    made = case.build(double)
    save(made, tmp_path / "tagger")
    loaded = jl.load(tmp_path / "tagger")
    ours, theirs = (outputs(t, *encode(t, sample())) for t in (made, loaded))
    for task, out in ours.items():
        assert torch.equal(out, theirs[task])
    assert out.dtype == (torch.float64 if double else torch.float32)
