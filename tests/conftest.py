from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def flavour_settings(tmp_path_factory):
    """A small `PythiaJets`, whose pile-up pool lives in this test session's own cache."""
    from jetlens.data.pythia import PythiaJets

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETLENS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield PythiaJets(jets=400, partition=400, seed=11, pool=200)


@pytest.fixture(scope="session")
def flavour_arrays(flavour_settings):
    """A few hundred generated jets as structured arrays, made once a session."""
    return flavour_settings.partitions()[0].arrays()


@pytest.fixture(scope="session")
def fat_settings():
    """A small `FatJets` of QCD and ZZ."""
    from jetlens.data.fat_jets import FatJets

    return FatJets(jets=200, partition=200, seed=3)


@pytest.fixture(scope="session")
def fat_arrays(fat_settings):
    """A couple of hundred generated large jets as structured arrays, made once a session."""
    return fat_settings.partitions()[0].arrays()


@pytest.fixture(scope="session")
def two_fat_settings():
    """A small `TwoFatJets` of two masses and both backgrounds."""
    from jetlens.data.two_fat_jets import TwoFatJets

    return TwoFatJets(jets=160, partition=160, seed=4, masses=(750, 1500))


@pytest.fixture(scope="session")
def two_fat_arrays(two_fat_settings):
    """A hundred and sixty events of two fat jets as structured arrays, made once a session."""
    return two_fat_settings.partitions()[0].arrays()


@pytest.fixture(scope="session")
def qg_settings():
    """A small `QuarkGluon` at particle level."""
    from jetlens.data.quark_gluon import QuarkGluon

    return QuarkGluon(jets=160, partition=160, seed=6)


@pytest.fixture(scope="session")
def qg_tables(qg_settings):
    """A hundred and sixty quark and gluon jets as structured arrays, made once a session."""
    return qg_settings.partitions()[0].arrays()


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a test registers be gone when it ends."""
    from jetlens.core import registry

    for known in vars(registry).values():
        if isinstance(known, registry.Registry):
            known.fill()
            monkeypatch.setattr(known, "_table", dict(known._table))
