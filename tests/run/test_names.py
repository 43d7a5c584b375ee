from __future__ import annotations

import pytest

from jetlens.core.errors import UnknownNameError
from jetlens.run.names import KINDS, description, listing


def test_all_names_are_listed_with_what_they_are():
    everything = listing()
    for kind, table in KINDS.items():
        assert f"{kind}:" in everything
        for name in table:
            assert f"{name} " in everything
    assert "flavour" in listing("processes")
    assert "integrated-gradients" not in listing("processes")


def test_a_name_is_described_with_its_arguments():
    text = description("integrated-gradients")
    assert "explainer integrated-gradients" in text
    assert "baseline:" in text
    assert "= 'zero'" in text
    assert "Beams:eCM" in description("ttbar")
    text = description("zero")
    assert text.endswith("It takes no arguments.")
    assert "Arguments:" not in text


def test_what_is_not_there_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'explainers'"):
        listing("explainer")
    with pytest.raises(UnknownNameError, match="did you mean 'top-origin'"):
        description("top-orign")
