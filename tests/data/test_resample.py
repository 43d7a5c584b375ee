from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.arrays import batch
from jetlens.core.batch import concatenate
from jetlens.core.errors import BadValueError
from jetlens.data import resample
from labelled import Labelled, jets

CLASSES = ("b", "c", "u", "tau")


def spectra(sample, resampling) -> np.ndarray:
    """Weighted counts ``[class, pt, eta]`` after resampling."""
    return resample.fit([resampling.apply(sample)], CLASSES).counts


def test_weights_give_every_flavour_the_same_spectrum() -> None:
    sample = jets(4000, tracks=1)
    raw = resample.fit([sample], CLASSES)
    counts = spectra(sample, raw)
    everywhere = (raw.counts > 0).all(0)
    assert raw.counts[:, everywhere].sum() > 0.8 * len(sample)
    for other in counts[1:]:
        np.testing.assert_allclose(other[everywhere], counts[0, everywhere], rtol=1e-9)
    assert counts.sum() == pytest.approx(len(sample))  # one on average
    assert np.ptp(raw.counts.sum(2), axis=0).max() > 50  # they did differ


def test_thinning_gives_every_flavour_the_same_spectrum_within_its_errors() -> None:
    sample = jets(20_000, tracks=1)
    thinned = resample.fit([sample], CLASSES, method="thin")
    out = thinned.apply(sample)
    assert len(np.unique(out.row)) == len(out) < len(sample)  # nothing twice
    counts = spectra(sample, thinned)
    wanted = np.where(thinned.counts > 0, thinned.wanted, 0)
    pulls = (counts - wanted) / np.sqrt(np.maximum(wanted, 1))
    assert np.abs(pulls).max() < 5
    share = np.bincount(out.label, minlength=4) / np.bincount(sample.label)
    assert thinned.effective == pytest.approx(dict(zip(CLASSES, share, strict=True)), abs=0.02)


def test_a_class_as_target_repeats_jets_only_where_it_must() -> None:
    sample = jets(20_000, tracks=1)
    to_b = resample.fit([sample], CLASSES, target="b", method="thin")
    out = to_b.apply(sample)
    b = CLASSES.index("b")
    kept_b = np.sort(out.row[out.label == b])
    wanted_b = sample.row[(sample.label == b)]
    np.testing.assert_array_equal(kept_b, np.sort(wanted_b))
    rows, copies = np.unique(out.row, return_counts=True)
    position = {int(r): i for i, r in enumerate(sample.row)}
    places = [position[int(r)] for r in rows]
    factor = to_b.factors[(sample.label, *resample.bins(sample))][places]
    assert (copies <= np.ceil(factor)).all()
    assert (copies >= np.maximum(np.floor(factor), 1)).all()
    assert copies.max() > 1


def test_where_a_flavour_is_absent_the_others_are_brought_together() -> None:
    sample = jets(4000, tracks=1)
    pt, eta = resample.bins(sample)
    here = (pt == 3) & (eta == 1)
    fitted = resample.fit([sample.take(~(here & (sample.label == 1)))], CLASSES)
    counts = fitted.counts[:, 3, 1]
    assert counts[1] == 0 < counts[[0, 2, 3]].min() < counts.max()
    weighted = (fitted.counts * fitted.factors)[:, 3, 1]
    assert weighted[1] == 0
    assert weighted[[0, 2, 3]] == pytest.approx(weighted[0])
    few = jets(12, tracks=1)
    assert len(resample.fit([few], CLASSES).apply(few)) == 12  # nothing is lost of very few


@pytest.mark.parametrize("method", resample.METHODS)
def test_partitions_and_order_do_not_matter(method: str) -> None:
    parts = list(Labelled(1200, 400))
    whole = concatenate(parts)
    fitted = resample.fit(parts, CLASSES, method=method, seed=3)
    one_by_one = concatenate([fitted.apply(p) for p in reversed(parts)])
    at_once = resample.fit([whole], CLASSES, method=method, seed=3).apply(whole)
    order = np.argsort(one_by_one.row, kind="stable")
    np.testing.assert_array_equal(one_by_one.row[order], at_once.row)
    np.testing.assert_allclose(one_by_one.weight[order], at_once.weight)


def test_another_seed_drops_other_jets() -> None:
    sample = jets(2000, tracks=1)
    one, two = (
        set(resample.fit([sample], CLASSES, method="thin", seed=s).apply(sample).row)
        for s in (1, 2)
    )
    assert one != two


def test_counts_of_parts_add_up() -> None:
    parts = [p.take(p.label >= 0) for p in Labelled(1200, 400)]
    added = resample.fit(parts[:2], CLASSES) + resample.fit(parts[2:], CLASSES)
    np.testing.assert_array_equal(added.counts, resample.fit(parts, CLASSES).counts)


def test_jets_of_other_flavours_are_dropped() -> None:
    sample = jets(2000, tracks=1)
    out = resample.fit([sample], ("b", "u")).apply(sample)
    assert out.classes == ("b", "u")
    assert set(out.label) == {0, 1}
    assert set(sample.label[np.isin(sample.row, out.row)]) == {0, 2}


def test_pt_is_understood_in_either_unit() -> None:
    from jetlens.core.units import Feature

    values = np.array([[45.0, -1.2], [2000.0, 2.4]])
    found = []
    for unit, factor in (("GeV", 1.0), ("MeV", 1000.0)):
        names = (Feature("pt_btagJes", unit), Feature("eta_btagJes"))
        found.append(resample.bins(batch({"jets": (values * [factor, 1], names)})))
    np.testing.assert_array_equal(found[0], found[1])
    pt, eta = found[0]
    assert resample.PT_EDGES[pt[0]] <= 45 < resample.PT_EDGES[pt[0] + 1]
    assert (pt[1], eta[1]) == (len(resample.PT_EDGES) - 2, len(resample.ETA_EDGES) - 2)
    with pytest.raises(BadValueError, match="'TeV'"):
        resample.bins(batch({"jets": (values, (Feature("pt_btagJes", "TeV"), "eta_btagJes"))}))


def test_pt_and_eta_are_found_by_either_name() -> None:
    values = np.array([[45e3, -1.2], [2e6, 2.4], [31e3, 0.1]])
    found = [
        resample.bins(batch({"jets": (values, names)}))
        for names in (("pt_btagJes", "eta_btagJes"), ("pt", "eta"))
    ]
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("names", [("theta", "z"), ("pt", "theta"), ("theta", "eta")])
def test_jets_without_pt_or_eta_are_told_how_to_train(names: tuple[str, str]) -> None:
    some = batch({"jets": (np.ones((2, 2)), names)}, label=[0, 1], classes=("a", "b"))
    with pytest.raises(BadValueError, match=rf"have {', '.join(names)}: .*resample = \"none\""):
        resample.fit([some], ("a", "b"))
    assert not resample.possible(some)


def test_what_can_be_resampled_is_known_from_any_jets() -> None:
    sample = jets(20, tracks=1)
    assert resample.possible(sample)
    assert resample.possible(sample.take(slice(0, 0)))
    particles = (np.ones((2, 3, 1)), ("pt",), np.ones((2, 3), dtype=bool))
    alone = batch({"tracks": particles}, label=[0, 1], classes=("a", "b"))
    assert not resample.possible(alone)
    with pytest.raises(BadValueError, match="the jets have none: expected pt_btagJes or pt"):
        resample.bins(alone)


def test_mistakes_are_told() -> None:
    sample = jets(200, tracks=1)
    with pytest.raises(BadValueError, match="no 'tau' jets"):
        resample.fit([sample.take(sample.label != 3)], CLASSES)
    with pytest.raises(BadValueError, match="did you mean 'weight'"):
        resample.fit([sample], CLASSES, method="weigth")
    with pytest.raises(BadValueError, match="resampling to 'd'"):
        resample.fit([sample], CLASSES, target="d")
