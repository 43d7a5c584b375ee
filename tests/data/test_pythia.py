from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.events.truth import (
    FAKE,
    FROM_B,
    FROM_BC,
    FROM_C,
    FROM_TAU,
    NO_VERTEX,
    PILEUP,
    PRIMARY,
    SECONDARY,
)
from jetlens.data.processes import processes
from jetlens.data.pythia import PythiaJets
from jetlens.data.readers import ftag
from jetlens.data.readers.ftag_variables import TRACK_FEATURES

GN2_VARIABLES = [f.name for f in TRACK_FEATURES]


def as_bytes(arrays) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in arrays.items()}


def generate(partition) -> dict[str, bytes]:
    return as_bytes(partition.arrays())


def test_a_partition_depends_on_settings_seed_and_index_alone(flavour_settings) -> None:
    small = dataclasses.replace(flavour_settings, jets=90, partition=30)
    parts = small.partitions()
    assert [p.jets for p in parts] == [30, 30, 30]
    forwards = [generate(p) for p in parts]
    assert generate(parts[1]) == forwards[1]
    assert len({f["tracks"] for f in forwards}) == 3
    # a longer dataset begins with the same partitions; another seed does not
    longer = dataclasses.replace(small, jets=200).partitions()
    assert generate(longer[1])["tracks"] == forwards[1]["tracks"]
    other = dataclasses.replace(small, seed=small.seed + 1).partitions()
    assert generate(other[1])["jets"] != forwards[1]["jets"]


def test_other_processes_make_the_same_bytes(flavour_settings) -> None:
    small = dataclasses.replace(flavour_settings, jets=50, partition=25)
    here = [generate(p) for p in small.partitions()]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        there = list(worker.map(generate, reversed(small.partitions())))
    assert there[::-1] == here


def test_partitions_travel_and_say_nothing(flavour_settings, capfd) -> None:
    partition = dataclasses.replace(flavour_settings, jets=10).partitions()[0]
    assert pickle.loads(pickle.dumps(partition)) == partition
    partition.arrays()
    assert capfd.readouterr() == ("", "")


def test_the_layout_is_full_and_finite(flavour_arrays) -> None:
    jets, tracks = flavour_arrays["jets"], flavour_arrays["tracks"]
    assert jets.shape == (400,)
    assert tracks.shape == (400, 40)
    assert len(GN2_VARIABLES) == 19
    assert set(GN2_VARIABLES) <= set(tracks.dtype.names)
    for array in (jets, tracks):
        for name in array.dtype.names:
            if array.dtype[name].kind == "f":
                assert np.isfinite(array[name]).all(), name
    for name in set(GN2_VARIABLES):
        assert tracks[name][~tracks["valid"]].sum() == 0
        filled = tracks[name][tracks["valid"]]
        assert len(np.unique(filled)) > 1, f"{name} never varies"


def test_jets_pass_the_cuts_and_their_labels_agree(flavour_arrays) -> None:
    jets = flavour_arrays["jets"]
    assert jets["pt_btagJes"].min() > 20_000
    assert np.abs(jets["eta_btagJes"]).max() < 2.5
    position = {5: 0, 4: 1, 0: 2, 15: 3}
    label = jets["HadronConeExclTruthLabelID"].tolist()
    assert set(label) == set(position)
    assert jets["flavour_label"].tolist() == [position[k] for k in label]
    assert (jets["eventNumber"][1:] >= jets["eventNumber"][:-1]).all()


def test_tracks_pass_the_selection(flavour_arrays) -> None:
    tracks = flavour_arrays["tracks"]
    real = tracks[tracks["valid"]]
    assert real["pt"].min() > 500
    assert np.abs(real["d0"]).max() < 3.5
    assert np.abs(real["z0SinTheta"]).max() < 5
    hits = real["numberOfPixelHits"].astype(int) + real["numberOfSCTHits"]
    assert hits.min() >= 8
    assert (real["numberOfPixelSharedHits"] + real["numberOfSCTSharedHits"] / 2 <= 1).all()
    assert (real["numberOfPixelHoles"] <= 1).all()
    np.testing.assert_allclose(
        np.abs(real["qOverP"]) * real["pt"] / np.sin(real["theta"]), 1, rtol=1e-5
    )


def test_tracks_are_ordered_by_significance_and_packed(flavour_arrays) -> None:
    tracks = flavour_arrays["tracks"]
    size = np.where(tracks["valid"], np.abs(tracks["IP3D_signed_d0_significance"]), -1.0)
    assert (np.diff(size, axis=1) <= 0).all()
    count = tracks["valid"].sum(axis=1)
    np.testing.assert_array_equal(np.minimum(flavour_arrays["jets"]["n_tracks"], 40), count)


def share(flavour_arrays, label: int, *origins: int) -> float:
    tracks = flavour_arrays["tracks"][flavour_arrays["jets"]["HadronConeExclTruthLabelID"] == label]
    return float(np.isin(tracks["ftagTruthOriginLabel"][tracks["valid"]], origins).mean())


def test_origins_belong_to_their_flavours(flavour_arrays) -> None:
    assert share(flavour_arrays, 5, FROM_B, FROM_BC) > 0.4
    assert share(flavour_arrays, 0, FROM_B, FROM_BC, FROM_C, FROM_TAU) < 0.03
    assert 0.15 < share(flavour_arrays, 4, FROM_C) < 0.7
    assert share(flavour_arrays, 15, FROM_TAU) > 0.5
    assert share(flavour_arrays, 0, PRIMARY) > 0.7
    assert 0.04 < share(flavour_arrays, 0, SECONDARY) < 0.2
    everywhere = flavour_arrays["tracks"]["ftagTruthOriginLabel"][flavour_arrays["tracks"]["valid"]]
    assert set(everywhere.tolist()) == set(range(8))


def test_vertex_indices_follow_the_origins(flavour_arrays) -> None:
    tracks = flavour_arrays["tracks"][flavour_arrays["tracks"]["valid"]]
    origin, vertex = tracks["ftagTruthOriginLabel"], tracks["ftagTruthVertexIndex"]
    nowhere = np.isin(origin, (PILEUP, FAKE))
    assert (vertex[nowhere] == NO_VERTEX).all()
    assert (vertex[~nowhere] >= 0).all()
    assert (vertex[origin == PRIMARY] == 0).mean() > 0.99
    assert (vertex[np.isin(origin, (FROM_B, FROM_BC))] > 0).mean() > 0.9


def test_lifetimes_show_in_signed_impact_parameters(flavour_arrays) -> None:
    tracks, label = flavour_arrays["tracks"], flavour_arrays["jets"]["HadronConeExclTruthLabelID"]
    s = tracks["IP3D_signed_d0_significance"]
    from_b = s[tracks["valid"] & np.isin(tracks["ftagTruthOriginLabel"], (FROM_B, FROM_BC))]
    assert (from_b > 3).mean() > 5 * (from_b < -3).mean()
    assert np.median(from_b) > 1.5
    primary = s[tracks["valid"] & (tracks["ftagTruthOriginLabel"] == PRIMARY)]
    assert np.median(primary) == pytest.approx(0, abs=0.15)
    assert np.quantile(primary, [0.16, 0.84]) == pytest.approx([-1, 1], abs=0.2)
    light = s[tracks["valid"] & (label == 0)[:, None]]
    assert 0.03 < (np.abs(light) > 3).mean() < 0.2  # tails: light jets are not trivially told apart


def test_read_gives_the_batch_of_the_layout(flavour_settings) -> None:
    small = dataclasses.replace(flavour_settings, jets=45, partition=30)
    batch = small.read()
    assert len(batch) == 45
    assert batch.row.tolist() == list(range(45))
    arrays = small.partitions()[1].arrays()
    np.testing.assert_array_equal(batch.event[30:], arrays["jets"]["eventNumber"])
    assert len(set(batch.event[:30]) & set(batch.event[30:])) == 0
    assert ftag.to_batch(arrays)["tracks"].mask.sum() == arrays["tracks"]["valid"].sum()


@pytest.mark.parametrize(("share", "process"), [(1.0, "flavour"), (0.0, "flavour")])
def test_the_share_of_top_pairs_is_settable(flavour_settings, share, process) -> None:
    data = dataclasses.replace(flavour_settings, jets=60, ttbar=share, process=process, mu=0.0)
    label = data.partitions()[0].arrays()["jets"]["HadronConeExclTruthLabelID"]
    assert ((label == 15).mean() > 0.06) == (share == 0)


def test_it_is_registered_and_refuses_what_makes_no_sense() -> None:
    assert datasets.make("pythia", jets=10).share == 0.3
    assert all(p.title for p in processes().values())
    with pytest.raises(UnknownNameError, match="did you mean 'flavour'"):
        PythiaJets(process="flavor")
    for wrong in ({"jets": 0}, {"mu": -1.0}, {"ttbar": 1.5}, {"partition": 0}, {"seed": -1}):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            PythiaJets(**wrong)
