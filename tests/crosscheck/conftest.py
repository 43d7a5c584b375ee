"""Zennit is imported with help."""

from __future__ import annotations

import pytest

from bench.peers import import_zennit


@pytest.fixture(scope="session", autouse=True)
def zennit() -> None:
    import_zennit()
