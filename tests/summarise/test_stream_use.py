from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from synthetic import attended


def test_means_by_class():
    jets = attended(150, 5)
    result = jl.summarise(jets, "stream-use")
    numbers, weight = result.numbers(), jets["weight"].values
    for group, own in {"all": weight > 0, "signal": jets["label"].values == 1}.items():
        for table, kind in {"stream_share": "share", "permutation_loss": "loss"}.items():
            exact = np.average(jets[table].values[own], axis=0, weights=weight[own])
            for s, stream in enumerate(("constituents", "objects")):
                found = numbers[f"stream_use.{group}.{stream}.{kind}"]
                assert found["value"] == pytest.approx(exact[s])
                assert found["low"] < found["value"] < found["high"]


def test_one_table_is_enough_and_none_is_told():
    jets = attended(40, 5)
    alone = jl.summarise(jets.drop_vars("stream_share"), "stream-use")
    assert {n.rpartition(".")[2] for n in alone.numbers()} == {"loss"}
    assert alone.summary.use(alone, "share") == {}
    with pytest.raises(UnsupportedError, match="explain with 'stream-share' or 'permutation'"):
        jl.summarise(jets.drop_vars(["stream_share", "permutation_loss"]), "stream-use")


def ensemble(shift, tested=("same", "same")):
    """Taggers of two kinds, of which the second uses constituents by `shift` more."""
    members = []
    for repeat in range(3):
        jets = attended(80, 4, seed=7)
        share = jets["stream_share"].values + 0.01 * repeat
        for name, more, key in zip(("joined", "asking"), (0.0, shift), tested, strict=True):
            moved = share + more * np.array([1.0, -1.0])
            made = jets.assign(stream_share=(("jet", "stream"), moved))
            result = jl.summarise(made, "stream-use", replicas=20)
            members.append(Member({"model": name}, repeat, result, key))
    return Ensemble(tuple(members))


def test_differences_between_variations_are_paired():
    both = ensemble(0.2)
    numbers = both.numbers()
    own = numbers["stream_use.asking.signal.constituents.share.vs.joined"]
    assert list(own) == ["value", "low", "high", "low_95", "high_95", "pairs"]
    assert own.pop("pairs") == len(both.members) / 2
    assert all(n == pytest.approx(0.2) for n in own.values())  # whatever jets say
    mean, base = (
        numbers[f"stream_use.{name}.signal.constituents.share"] for name in ("asking", "joined")
    )
    assert mean["value"] - base["value"] == pytest.approx(0.2)
    one = both.members[0].result.numbers()["stream_use.signal.constituents.share"]
    # the deviation of three trainings, and the error of the jets, which are the same
    wanted = np.hypot(0.01, one["high"] - one["value"])
    assert mean["high"] - mean["value"] == pytest.approx(wanted)


def test_tested_on_other_jets_nothing_is_paired():
    assert not any(".vs." in name for name in ensemble(0.2, ("some", "others")).numbers())


def test_streams_that_only_one_has_are_not_compared():
    jets = attended(60, 4)
    both = jl.summarise(jets, "stream-use")
    one = jl.summarise(jets.isel(stream=[0]), "stream-use")
    found = Ensemble((Member({"model": "both"}, 0, both), Member({"model": "one"}, 0, one)))
    differences = [n for n in found.numbers() if ".vs." in n]
    assert differences
    assert all(".constituents." in n for n in differences)
    jl.draw(found)
