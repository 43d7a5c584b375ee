"""The public face: what other people's scripts call."""

from __future__ import annotations

import inspect

import jetlens


def test_the_public_names_are_these_and_no_others():
    assert sorted(jetlens.__all__) == [
        "Dataset",
        "JetBatch",
        "JetlensError",
        "Tagger",
        "batch",
        "draw",
        "explain",
        "load",
        "open",
        "read",
        "run",
        "summarise",
        "wrap",
    ]
    for name in jetlens.__all__:
        assert callable(getattr(jetlens, name)), name
    assert set(jetlens.__all__) <= set(dir(jetlens))


def test_callable_subpackages_have_the_signature_and_words_of_their_function():
    for name in ("explain", "run", "summarise"):
        module = getattr(jetlens, name)
        assert inspect.ismodule(module)
        assert "Parameters" in (module.__doc__ or "")
    assert list(inspect.signature(jetlens.explain).parameters)[:4] == [
        "tagger",
        "jets",
        "method",
        "target",
    ]
    assert list(inspect.signature(jetlens.run).parameters)[:2] == ["recipe", "out"]
