"""Rules by what a layer is."""

from __future__ import annotations

import inspect
import re

import pytest

from jetlens.core.errors import UnknownNameError
from jetlens.explain.lrp import LRP
from jetlens.explain.relevance.composites import NAMED, composite
from jetlens.explain.relevance.rules import AlphaBeta, Epsilon, Gamma


@pytest.mark.parametrize(
    ("name", "first", "conv", "linear"),
    [
        ("epsilon", "epsilon", "epsilon", "epsilon"),
        ("epsilon-plus", "alpha-beta", "alpha-beta", "epsilon"),
        ("epsilon-alpha2-beta1-flat", "flat", "alpha-beta", "epsilon"),
        ("epsilon-gamma-box", "z-box", "gamma", "epsilon"),
    ],
)
def test_named_composites(name: str, first: str, conv: str, linear: str) -> None:
    made = composite(name, Epsilon())
    assert made.choose({"conv", "first"}, "a").name == first
    assert made.choose({"conv"}, "a").name == conv
    assert made.choose({"linear"}, "a").name == linear


def test_epsilon_is_that_of_layers_by_epsilon_without_one_of_their_own() -> None:
    made = LRP(composite="epsilon-plus", epsilon=0.1)._composite()
    assert made.choose({"linear"}, "a") == made.rest == Epsilon(epsilon=0.1)
    assert made.choose({"conv"}, "a") == AlphaBeta(alpha=1)
    table = {"first": {"rule": "epsilon", "epsilon": 0.5}, "linear": "epsilon", "conv": "gamma"}
    made = LRP(rule="alpha-beta", composite=table, epsilon=0.1)._composite()
    assert made.choose({"linear", "first"}, "a") == Epsilon(epsilon=0.5)
    assert made.choose({"linear"}, "a") == Epsilon(epsilon=0.1)
    assert made.choose({"conv"}, "a") == Gamma()
    assert composite("epsilon-plus", Epsilon()).choose({"linear"}, "a") == Epsilon()


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_keys_the_most_particular_whatever_their_order(turned: bool) -> None:
    """TOML writes tables behind plain values, so that an order would not survive."""
    pairs = [
        *(("head.2", {"rule": "gamma", "gamma": 0.5}), ("head.*", "w-squared")),
        *(("last", "z"), ("linear", "flat")),
    ]
    made = composite(dict(pairs[::-1] if turned else pairs), Epsilon())
    assert made.choose({"linear", "last"}, "head.1").name == "w-squared"
    assert made.choose({"linear", "last"}, "head.2") == Gamma(gamma=0.5)
    assert made.choose({"linear", "last"}, "other").name == "z"
    assert made.choose({"linear"}, "other").name == "flat"
    assert made.choose({"conv"}, "other").name == "epsilon"


def test_keys_that_fit_no_layer_are_refused() -> None:
    made = composite({"convv": "flat"}, Epsilon())
    with pytest.raises(UnknownNameError, match="did you mean 'conv'"):
        made.check(["body.0", "head.0"])
    composite({"head.*": "flat", "recurrent": "z"}, Epsilon()).check(["head.0"])


def test_the_description_of_lrp_spells_out_every_composite():
    told = inspect.getdoc(LRP) or ""
    names = {f"{name}{ending}" for name in re.findall(r'``"(epsilon[^"]*)"``', told)
             for ending in ("", *re.findall(r"``(-[a-z]+)``", told))}  # fmt: skip
    assert set(NAMED) <= names
