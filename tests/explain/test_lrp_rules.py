"""Rules and composites as data."""

from __future__ import annotations

import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.explain import lrp_rules as rules
from jetlens.explain.lrp import LRP


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "epsilom"}, "did you mean 'epsilon'"),
        ({"rule": ["z"]}, r"unknown rule \['z'\]"),
        ({"composite": {3: "z"}}, "3 is no layer; .*first, last"),
        ({"tokens": True}, "tokens=True: expected a whole number"),
        ({"rule": "alpha-beta", "alpha": 2, "beta": 2}, "alpha - beta must be 1; .*beta=1"),
        ({"rule": "alpha-beta", "alpha": 0.5}, "alpha=0.5: .* at least 1"),
        ({"rule": "epsilon", "gamma": 0.3}, "'epsilon' has no parameter 'gamma' .*'gamma'"),
        ({"rule": "gamma", "gamma": -1}, "gamma=-1: .* at least 0"),
        ({"rule": "gamma", "gamma": "much"}, "gamma='much': expected a number"),
        ({"rule": "epsilon", "epsilon": -1}, "epsilon=-1"),
        ({"rule": "z", "epsilon": 1e-3}, "'z' has no parameter 'epsilon'"),
        ({"low": 0}, "low=0 belongs to rule 'z-box'"),
        ({"low": 0, "composite": {"first": {"rule": "z-box", "low": 1}}}, "low=0: .* its own low"),
        (
            {"composite": {"first": "z-box", "a.0": {"rule": "z-box", "low": 1}}},
            "different bounds",
        ),
        ({"attention": "values"}, "did you mean 'value'"),
        ({"composite": "epsilon-plu"}, "did you mean 'epsilon-plus'"),
        ({"composite": {"conv": "zplus"}}, "unknown rule 'zplus'"),
        ({"composite": {"conv": {"alpha": 2}}}, "'conv': .*expected the name of a rule"),
        ({"composite": {"linear": "z-box"}}, "did you mean .*first"),
        ({"composite": 3}, "composite=3: expected a name or a table"),
        ({"tokens": 0}, "tokens=0"),
    ],
)
def test_mistakes_are_told(options, message: str) -> None:
    with pytest.raises((BadValueError, UnknownNameError), match=message):
        LRP(**options)


def test_beta_follows_alpha() -> None:
    assert rules.make("alpha-beta", {"alpha": 3}) == rules.AlphaBeta(alpha=3, beta=2)
    assert rules.make("alpha-beta", {"alpha": 1}).beta == 0


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
    made = rules.composite(name, rules.Epsilon())
    assert made.choose({"conv", "first"}, "a").name == first
    assert made.choose({"conv"}, "a").name == conv
    assert made.choose({"linear"}, "a").name == linear


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_keys_the_most_particular_whatever_their_order(turned: bool) -> None:
    """TOML writes tables behind plain values, so that an order would not survive."""
    pairs = [
        *(("head.2", {"rule": "gamma", "gamma": 0.5}), ("head.*", "w-squared")),
        *(("last", "z"), ("linear", "flat")),
    ]
    made = rules.composite(dict(pairs[::-1] if turned else pairs), rules.Epsilon())
    assert made.choose({"linear", "last"}, "head.1").name == "w-squared"
    assert made.choose({"linear", "last"}, "head.2") == rules.Gamma(gamma=0.5)
    assert made.choose({"linear", "last"}, "other").name == "z"
    assert made.choose({"linear"}, "other").name == "flat"
    assert made.choose({"conv"}, "other").name == "epsilon"


def test_keys_that_fit_no_layer_are_refused() -> None:
    made = rules.composite({"convv": "flat"}, rules.Epsilon())
    with pytest.raises(UnknownNameError, match="did you mean 'conv'"):
        made.check(["body.0", "head.0"])
    rules.composite({"head.*": "flat", "recurrent": "z"}, rules.Epsilon()).check(["head.0"])


def test_every_rule_says_what_it_is() -> None:
    for name, rule in rules.RULES.items():
        assert rule.name == name
        assert rule.__doc__
        assert rules.make(name, {}) == rule()
