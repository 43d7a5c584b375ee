"""Networks at rest, and as they were."""

from __future__ import annotations

import pytest

from contracts import explainers as case
from jetlens.taggers.state import at_rest


def test_at_rest_and_back_after_an_exception() -> None:
    tagger = case.tagger().train()
    tagger.module.each[0].bias.requires_grad_(False)
    before = [p.requires_grad for p in tagger.parameters()]
    with pytest.raises(RuntimeError), at_rest(tagger):
        assert not any(m.training for m in tagger.modules())
        assert not any(p.requires_grad for p in tagger.parameters())
        raise RuntimeError
    assert all(m.training for m in tagger.modules())
    assert [p.requires_grad for p in tagger.parameters()] == before
