"""Observables of moved jets: against those of jets one by one, and moves whose answer is known."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import xarray as xr
from scipy.stats import wasserstein_distance

import jetlens as jl
from jetlens.physics import shower_shapes
from jetlens.physics.jet_shapes import OBSERVABLES
from jetlens.plots import caption
from jetlens.report.moved import observables_table
from jetlens.summarise.estimates import bounded
from jetlens.summarise.jets.moved_scale import EVERY, MIDDLE, OWN
from jetlens.summarise.sums.chance import clear
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME
from synthetic import SCALES, graded, scanned

SOME = ("multiplicity", "width", "ptd", "charge")


@pytest.fixture(scope="module")
def jets():
    return scanned(400, 9, weighted=False)


def width(jets, values):
    """Return the widths of jets one by one, about their axis and over their pt."""
    mask, found = jets["constituents_mask"].values, []
    for own, real in zip(values, mask, strict=True):
        pt, eta, phi = own[real, :3].T
        p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])
        x, y, z, e = p.sum(1)
        axis = np.arctanh(z / e) if real.any() else 0, np.arctan2(y, x)
        far = np.hypot(eta - axis[0], phi - axis[1])
        found.append((pt * far).sum() / np.hypot(x, y) if real.any() else np.nan)
    return np.array(found)


def test_distances_are_those_of_observables_recomputed(jets):
    found = jl.summarise(jets, "moved-observables", replicas=5, observables=["width"])
    distance = found.summary.distances(found)[0, :, :, :, 0]
    label = jets["label"].values
    true = width(jets, jets["constituents_value"].values)
    wrong = np.isfinite(jets["moved_output"].values).all((1, 2)) & np.isfinite(true)
    for t in (0, 1):
        own = wrong & (label == t)
        moved = (jets["constituents_moved"].values[:, s] for s in range(len(SCALES)))
        samples = [true[own], *(width(jets, values)[own] for values in moved)]
        for c in (0, 1):
            reference = true[(label == c) & np.isfinite(true)]
            wanted = [wasserstein_distance(sample, reference) for sample in samples]
            np.testing.assert_allclose(distance[t, :, c], wanted, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(
        found.sums["moved"], [(wrong & (label == t)).sum() for t in (0, 1)]
    )


def towards(jets, share):
    """Move every misclassified jet to another of its class that looks as it should, or does not.

    The first scale leaves jets alone; at the second, `share` of them have become such.
    """
    label = jets["label"].values
    value, mask = jets["constituents_value"].values.copy(), jets["constituents_mask"].values
    mask = mask | (np.arange(mask.shape[1]) < 2)  # no empty jets
    value = np.where(np.isnan(value), 1.0, value)
    rng = np.random.default_rng(3)
    wrong = jets["label"].values != jets["output"].values.argmax(1)
    as_if = np.where(wrong, 1 - label, label)  # misclassified ones look like the other class
    wide = np.array([0.15, 0.03])
    angle = rng.normal(size=(*mask.shape, 2))
    value[..., 1:3] = angle * wide[as_if][:, None, None]
    moved = np.repeat(value[:, None], 2, axis=1)
    become = rng.random(len(label)) < share
    moved[:, 1, :, 1:3] = angle * np.where(become, wide[label], wide[as_if])[:, None, None]
    moved[~wrong] = np.nan
    keep = jets.drop_vars([v for v in jets.data_vars if "scale" in jets[v].dims] + ["scale"])
    said = np.repeat(jets["output"].values[:, None], 2, axis=1)
    said[:, 1] = -said[:, 1]
    dims = jets["constituents_moved"].dims
    return keep.assign(
        constituents_value=keep["constituents_value"].copy(data=value),
        constituents_mask=keep["constituents_mask"].copy(data=mask),
        constituents_moved=(dims, moved),
        moved_output=((*dims[:2], "class"), np.where(wrong[:, None, None], said, np.nan)),
        unphysical=(dims[:2], np.zeros(said.shape[:2], bool)),
        bent=(dims[:2], np.zeros(said.shape[:2], bool)),
    ).assign_coords(scale=[0.0, 0.7])


def test_jets_that_become_those_of_their_class_come_nearer(jets):
    found = jl.summarise(towards(jets, 1.0), "moved-observables", replicas=60, observables=SOME)
    own = found.summary.own_distances(found)
    names = found.summary.names(found)
    assert names == (*SOME, *(f"constituents.{n}" for n in ("pt", "deta", "dphi")))
    verdicts = dict(zip(names, found.summary.verdicts(found, own, 1), strict=True))
    for nearer in ("width", "constituents.deta", "constituents.dphi"):
        assert verdicts[nearer] == [NEARER, NEARER]
    for same in ("multiplicity", "constituents.pt"):
        assert verdicts[same] == [SAME, SAME]
    numbers = found.numbers()
    assert numbers["moved.scale"] == {"value": 0.7, "low": 0.7, "high": 0.7}
    assert numbers["moved.distance.width.quark"]["value"] < 0.3
    # as far as before, and given where that is more than chance
    for n, name in enumerate(names):
        for t, toward in enumerate(("gluon", "quark")):
            number = numbers.get(f"moved.distance.{name}.{toward}")
            assert (number is not None) == clear(own)[n, t]
            if number is not None and verdicts[name][t] == SAME:
                assert number["value"] == pytest.approx(1, abs=1e-6)
    assert clear(own)[names.index("width")].all()
    # the jets have left what they looked like: the other class
    assert numbers["moved.distance.other.width.quark"]["low"] > 0.8
    assert numbers["moved.distance.at.0"]["value"] == pytest.approx(1)
    assert numbers["moved.distance.at.0.7"] == numbers["moved.distance"]
    assert numbers["moved.flipped"]["value"] == 1
    assert numbers["moved.unphysical"]["value"] == 0
    assert numbers["moved.at.quark"]["value"] == 0.7
    for name, said in verdicts.items():
        for t, toward in enumerate(("gluon", "quark")):
            unchanged = numbers[f"moved.unchanged.{name}.{toward}"]["value"]
            assert unchanged == (said[t] == SAME)
            verdict = numbers.get(f"moved.verdict.{name}.{toward}")
            wanted = {NEARER: 1.0, FARTHER: -1.0, OPEN: 0.0}.get(said[t])
            assert (None if verdict is None else verdict["value"]) == wanted
            change = numbers[f"moved.change.{name}.{toward}"]
            place = names.index(name), t
            assert change["value"] == pytest.approx(own[place][2, 0] - own[place][0, 0])
            assert (change["high_95"] < 0) == (said[t] == NEARER)
            assert change["low_95"] <= change["low"] <= change["value"]
            assert change["high_95"] - change["value"] == pytest.approx(
                1.95996 / 0.99446 * (change["high"] - change["value"]), rel=1e-4, abs=1e-12
            )


def test_jets_that_leave_their_class_go_farther(jets):
    turned = towards(jets, 1.0)
    moved = turned["constituents_moved"].values[:, ::-1]
    value = np.where(np.isfinite(moved[:, 0]), moved[:, 0], turned["constituents_value"].values)
    turned = turned.assign(
        constituents_moved=(turned["constituents_moved"].dims, moved),
        constituents_value=turned["constituents_value"].copy(data=value),
    )
    found = jl.summarise(turned, "moved-observables", replicas=60, observables=["width"])
    own = found.summary.own_distances(found)
    verdicts = dict(
        zip(found.summary.names(found), found.summary.verdicts(found, own, 1), strict=True)
    )
    assert verdicts["width"] == verdicts["constituents.deta"] == [FARTHER, FARTHER]
    assert verdicts["constituents.pt"] == [SAME, SAME]
    # they were those of their class to begin with: there is nothing to come nearer to
    assert found.summary.recommended(found, own) is None
    numbers = found.numbers()
    assert "moved.scale" not in numbers
    assert numbers["moved.at.quark"]["value"] == 0.7  # the middle one of what there is
    assert numbers["moved.verdict.width.quark"]["value"] == -1
    assert numbers["moved.change.width.quark"]["low_95"] > 0


def test_what_is_computed_follows_the_features(jets):
    every = jl.summarise(jets, "moved-observables", replicas=3)
    inputs = tuple(f"constituents.{n}" for n in ("pt", "deta", "dphi"))
    assert every.summary.names(every) == (*OBSERVABLES, *inputs)  # charge and types cannot move
    asked = jl.summarise(
        jets, "moved-observables", replicas=3, inputs=["charge"], observables=["ptd"]
    )
    assert asked.summary.names(asked) == ("ptd", "constituents.charge")
    few = jets.sel(constituents_feature=["pt", "deta", "dphi"])
    without = jl.summarise(few, "moved-observables", replicas=3)
    assert set(OBSERVABLES) - set(without.summary.names(without)) == {"charge"}
    with pytest.raises(jl.JetlensError, match="'charge' needs 'charge' of the particles"):
        jl.summarise(few, "moved-observables", observables=["charge"])
    with pytest.raises(jl.JetlensError, match="need particles in 'constituents' that were moved"):
        jl.summarise(jets.sel(constituents_feature=["pt", "charge"]), "moved-observables")
    with pytest.raises(jl.JetlensError, match="did you mean 'width'"):
        jl.summarise(jets, "moved-observables", observables=["widht"])
    with pytest.raises(jl.JetlensError, match="observable of constituents 'depth'"):
        jl.summarise(jets, "moved-observables", observables=["depth"])
    with pytest.raises(jl.JetlensError, match="did you mean 'constituents'"):
        jl.summarise(jets, "moved-observables", collection="constituent")
    with pytest.raises(jl.JetlensError, match="did you mean 'deta'"):
        jl.summarise(jets, "moved-observables", inputs=["detaa"])
    with pytest.raises(jl.JetlensError, match="most_bent=2: expected a share"):
        jl.summarise(jets, "moved-observables", most_bent=2)
    with pytest.raises(jl.JetlensError, match="hard=0: expected more than 0"):
        jl.summarise(jets, "moved-observables", hard=0)
    with pytest.raises(jl.JetlensError, match="expected an attribution of 'nudge'"):
        jl.summarise(graded(20), "moved-observables")


def test_more_of_the_same_events_in_parts(jets):
    parts = [jets.isel(jet=slice(0, 130)), jets.isel(jet=slice(130, None))]
    whole = jl.summarise(jets, "moved-observables", replicas=4, observables=["mass"])
    added = jl.summarise(iter(parts), "moved-observables", replicas=4, observables=["mass"])
    own = [r.summary.own_distances(r) for r in (whole, added)]
    np.testing.assert_allclose(own[0], own[1], rtol=1e-9)
    assert (whole.summary.bin_width(whole) < 1e-2 * own[0][0, 0, 0, 0]).all()


def test_inputs_are_compared_particle_by_particle(jets):
    found = jl.summarise(jets, "moved-observables", replicas=4, observables=["ptd"], inputs=["pt"])
    distance = found.summary.distances(found)[1, :, :, :, 0]
    label, mask = jets["label"].values, jets["constituents_mask"].values
    wrong = np.isfinite(jets["moved_output"].values).all((1, 2))
    for t in (0, 1):
        own = wrong & (label == t)
        before = jets["constituents_value"].values[own, :, 0]
        after = jets["constituents_moved"].values[own, -1, :, 0]
        for c in (0, 1):
            true = jets["constituents_value"].values[label == c, :, 0][mask[label == c]]
            for place, values in ((0, before), (-1, after)):
                wanted = wasserstein_distance(values[mask[own]], true)
                assert distance[t, place, c] == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize("counts", [False, True])
def test_scales_that_bend_the_steps_of_most_jets_are_not_recommended(jets, counts):
    """What is held still is not moved, however unphysical a raw step would make it."""
    near = towards(jets, 1.0)
    flags = np.tile([False, True], (near.sizes["jet"], 1))
    made = near.assign(
        unphysical=(("jet", "scale"), flags), bent=(("jet", "scale"), flags & counts)
    )
    found = jl.summarise(made, "moved-observables", replicas=20, observables=["width"])
    own = found.summary.own_distances(found)
    place, scales = found.summary.recommended(found, own)
    assert place == (0 if counts else 1)  # a step that is bent everywhere is not recommended
    assert scales[0] == (0.0 if counts else 0.7)
    said = "no step that is bent for 50 % of the jets at most brings these jets nearer"
    assert (said in caption(found)) == counts
    numbers = found.numbers()
    assert numbers["moved.scale"]["value"] == scales[0]
    assert numbers["moved.at"]["value"] == 0.7  # what a step of none does is not told
    assert numbers["moved.bent"]["value"] == (1 if counts else 0)
    assert numbers["moved.unphysical"]["value"] == 1
    for name in ("bent", "unphysical"):  # all jets or none are no certainty
        share = numbers[f"moved.{name}"]
        width = share["high"] - share["low"]
        assert 0 < width < 0.02
        assert bounded(share) == share


def showers(*deeper: float) -> xr.Dataset:
    """Two kinds of showers, of which the second lies 40 mm deeper; a fifth is misclassified.

    Misclassified ones lie as deep as the other kind's, and are moved by `deeper` of the way, those
    of either kind by as much or each by its own share.
    """
    rng = np.random.default_rng(1)
    many, hits = 800, 12
    label, wrong = np.arange(many) % 2, rng.random(many) < 0.2
    value = np.stack(
        [*rng.normal(0, 20, (2, many, hits)), rng.uniform(0, 200, (many, hits)),
         rng.exponential(0.1, (many, hits)), rng.exponential(1, (many, hits))], -1
    )  # fmt: skip
    value[..., 2] += 40.0 * np.where(wrong, 1 - label, label)[:, None]
    moved = np.repeat(value[:, None], 3, axis=1)
    way = np.where(label == 1, 40.0 * deeper[-1], -40.0 * deeper[0])[:, None]
    for s, scale in enumerate((0.0, 0.5, 1.0)):
        moved[:, s, :, 2] += scale * way
    moved[~wrong] = np.nan
    output = np.where(np.arange(2) == np.where(wrong, 1 - label, label)[:, None], 1.0, 0.0)
    said = np.where(wrong[:, None, None], np.repeat(output[:, None], 3, axis=1), np.nan)
    names = ["x", "y", "z", "energy", "time"]
    features = [
        {"name": n, "unit": u} for n, u in zip(names, ("mm",) * 3 + ("GeV", "ns"), strict=True)
    ]
    axes = ("jet", "scale", "hits", "hits_feature")
    none = np.zeros((many, 3), bool)
    return xr.Dataset(
        {
            "hits_value": (
                ("jet", "hits", "hits_feature"),
                value,
                {"features": json.dumps(features)},
            ),
            "hits_moved": (axes, moved, {"features": json.dumps(features)}),
            "hits_mask": (("jet", "hits"), np.ones((many, hits), bool)),
            "output": (("jet", "class"), output),
            "moved_output": (("jet", "scale", "class"), said),
            "label": ("jet", label),
            "target": ("jet", label),
            "weight": ("jet", np.ones(many)),
            "event": ("jet", np.arange(many)),
            "row": ("jet", np.arange(many)),
            "unphysical": (("jet", "scale"), none),
            "bent": (("jet", "scale"), none),
        },
        coords={"hits_feature": names, "class": ["pion", "kaon"], "scale": [0.0, 0.5, 1.0]},
        attrs={
            "method": "nudge",
            "toward": "label",
            "options": json.dumps({"move": "wrong"}),
            "called": "showers",
        },
    )


def test_showers_have_observables_of_their_own():
    found = jl.summarise(showers(1.0), "moved-observables", collection="hits", replicas=60)
    names = found.summary.names(found)
    inputs = tuple(f"hits.{n}" for n in ("x", "y", "z", "energy", "time"))
    assert names == (*shower_shapes.OBSERVABLES, *inputs)
    assert [f.unit for f in found.summary.features(found)[:2]] == ["GeV", "mm"]
    own = found.summary.own_distances(found)
    place, scales = found.summary.recommended(found, own)
    assert scales[0] == 1.0
    for t, toward in enumerate(("pion", "kaon")):
        alone = found.summary.recommended(found, own, t)
        assert alone[1][0] == found.numbers()[f"moved.scale.{toward}"]["value"] == 1.0
    assert re.search(
        r"Toward one class alone it is: pions? 1 \(\S+ to \S+\), kaons? 1 \(", caption(found)
    )
    verdicts = dict(zip(names, found.summary.verdicts(found, own, place), strict=True))
    for nearer in ("depth", "start", "hits.z"):
        assert verdicts[nearer] == [NEARER, NEARER], nearer
    for same in ("energy", "width", "length", "time", "hits.time"):
        assert verdicts[same] == [SAME, SAME], same
    before = own[names.index("depth"), :, 0, 0]
    assert (before > 15).all()  # mm
    few = showers(1.0).sel(hits_feature=["x", "y", "z", "energy"])
    without = jl.summarise(few, "moved-observables", collection="hits", replicas=3)
    assert not {*shower_shapes.TIMES} & {*without.summary.names(without)}
    with pytest.raises(jl.JetlensError, match="'time' needs 'time' of the particles"):
        jl.summarise(few, "moved-observables", collection="hits", observables=["time"])


def test_showers_that_go_the_wrong_way_are_told():
    found = jl.summarise(
        showers(-1.0), "moved-observables", collection="hits", replicas=60, observables=["depth"]
    )
    own = found.summary.own_distances(found)
    assert found.summary.verdicts(found, own, 2)[0] == [FARTHER, FARTHER]
    assert found.summary.recommended(found, own)[0] == 0
    told = caption(found)
    assert "no step brings these showers nearer" in told
    assert not re.search(r"\bjets?\b", told, re.IGNORECASE)
    # what a step of none does says nothing: a step that is one is looked at
    looked = found.summary.looked_at(found, own)
    assert (looked.places.tolist(), looked.why) == ([1, 1], (MIDDLE, MIDDLE))
    middle = "by 0.5 toward pions and by 0.5 toward kaons, where no step is recommended, the middle"
    assert f"Moved showers are drawn {middle} one of the scales." in told
    assert "2 farther" in told
    numbers = found.numbers()
    assert numbers["moved.scale"]["value"] == numbers["moved.scale.pion"]["value"] == 0
    assert numbers["moved.at"]["value"] == numbers["moved.at.pion"]["value"] == 0.5
    assert numbers["moved.verdict.depth.pion"]["value"] == -1
    assert "Constraints without effect" not in told
    some = showers(-1.0).assign_attrs(idle=json.dumps({"recentre": "there are no angles"}))
    again = jl.summarise(some, "moved-observables", collection="hits", replicas=3)
    assert "Constraints without effect: recentre (there are no angles)." in caption(again)


def test_where_no_step_brings_a_class_nearer_that_of_all_is_looked_at():
    found = jl.summarise(
        showers(0.9, -0.1), "moved-observables", collection="hits", replicas=60,
        observables=["depth"],
    )  # fmt: skip
    own = found.summary.own_distances(found)
    scales = [found.summary.recommended(found, own, t)[1][0] for t in (None, 0, 1)]
    assert scales == [1.0, 1.0, 0.0]
    looked = found.summary.looked_at(found, own)
    assert (looked.places.tolist(), looked.why) == ([2, 2], (OWN, EVERY))
    numbers = found.numbers()
    assert numbers["moved.scale.kaon"]["value"] == 0
    assert numbers["moved.at.kaon"]["value"] == numbers["moved.at"]["value"] == 1
    assert numbers["moved.verdict.depth.kaon"]["value"] == -1
    told = caption(found)
    assert (
        "by 1 toward pions, as is recommended toward that class alone; by 1 toward kaons, " in told
    )
    assert "kaons, where no step is, as is recommended toward any class." in told
    table = observables_table(found)
    assert {str(row[6]) for row in table.rows} == {"1", "1 (of all)"}
    assert "(of all) that toward any class, where no step is recommended" in str(table.caption)
    assert "The step's scale is that recommended toward the class alone; " in str(table.caption)
    assert "(middle)" not in str(table.caption)
    assert "true showers of it" in str(table.caption)


def test_jets_without_a_label_are_counted(jets):
    label = jets["label"].values.copy()
    label[:5] = -1
    said = jets["moved_output"].values.copy()
    said[:5] = np.nan
    some = jets.assign(
        label=("jet", label),
        target=("jet", np.where(label < 0, -1, jets["target"].values)),
        moved_output=(jets["moved_output"].dims, said),
    )
    for name in ("moved-observables", "nudge-scan"):
        found = jl.summarise(some, name, replicas=3)
        assert int(found.sums["unlabelled"]) == 5
        assert "5 jets have no label among the classes" in caption(found)
        without = jl.summarise(some.isel(jet=slice(5, None)), name, replicas=3)
        assert int(without.sums["unlabelled"]) == 0
        assert "no label" not in caption(without)
