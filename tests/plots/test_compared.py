"""Every figure that compares taggers, on ensembles of every kind."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.plots import caption
from jetlens.plots.entry import title
from jetlens.plots.shared.style import style
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from synthetic import attribution

NAMES = ("relevance", "jet-image", "scatter", "profile")
TWO = ("background", "signal")


def ensemble(name, models=("image", "list"), retrainings=2, axis="model", jets=120):
    return Ensemble(
        tuple(
            Member({axis: model}, repeat, made(name, jets, 10 * k + repeat))
            for k, model in enumerate(models)
            for repeat in range(retrainings)
        )
    )


def made(name, jets, seed):
    return jl.summarise(attribution(jets, classes=TWO, seed=seed, image=True), name, replicas=8)


def words(figure):
    return {t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text()}


@pytest.mark.parametrize("name", NAMES)
def test_each_variation_has_its_panel(name):
    found = ensemble(name)
    figure = jl.draw(found)
    said = " ".join(words(figure))
    assert "jetlens" in said
    assert "image" in said
    assert "list" in said
    told = caption(found)
    assert told.endswith(".")
    assert "$" not in told
    assert title(found).endswith(", compared")


@pytest.mark.parametrize("name", NAMES)
def test_words_are_inside_the_figure_and_apart(name):
    members = [
        Member({"data.difficulty": level, "model": model}, k, made(name, 120, k))
        for level in "12"
        for model in ("image-experts", "list")
        for k in range(2)
    ]
    with style():
        figure = jl.draw(Ensemble(tuple(members)))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = [t for t in figure.findobj(mpl.text.Text) if t.get_text() and t.get_visible()]
        # numbers of ticks beyond the axes' ends are there, but not drawn
        seen = [t for t in drawn if "mathdefault" not in t.get_text()]
        boxes = [t.get_window_extent(canvas.get_renderer()) for t in seen]
    for text, box in zip(seen, boxes, strict=True):
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
    titles = [b for t, b in zip(seen, boxes, strict=True) if "difficulty" in t.get_text()]
    others = [b for t, b in zip(seen, boxes, strict=True) if " % " in t.get_text()]
    assert len(titles) >= 4
    assert not any(a.overlaps(b) for a in titles for b in [*titles, *others] if a is not b)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["one training", "one variation", "empty", "numbers"])
def test_poor_ensembles_are_drawn_too(name, kind):
    found = {
        "one training": lambda: ensemble(name, retrainings=1),
        "one variation": lambda: ensemble(name, models=("image",)),
        "empty": lambda: ensemble(name, jets=0),
        "numbers": lambda: ensemble(name, models=("0", "1"), axis="data.difficulty", jets=20),
    }[kind]()
    figure = jl.draw(found)
    caption(found)
    if kind == "numbers":
        assert "difficulty 1" in " ".join(words(figure))


def test_two_axes_are_rows_and_columns():
    members = [
        Member({"data.difficulty": level, "model": model}, 0, made("relevance", 30, 1))
        for level in "12"
        for model in ("image", "list", "experts")
    ]
    axes = jl.draw(Ensemble(tuple(members))).axes
    assert len(axes) == 6
    grid = [a.get_subplotspec() for a in axes]
    assert [(g.rowspan.start, g.colspan.start) for g in grid] == [
        (r, c) for r in range(2) for c in range(3)
    ]


@pytest.mark.parametrize("name", [*NAMES, "performance"])
def test_words_of_many_panels_can_be_read_on_a_page(name):
    members = [
        Member({"data.difficulty": level, "model": model}, 0, made(name, 60, 1))
        for level in "012"
        for model in ("image", "image-experts", "list-experts", "experts")
    ]
    with style():
        figure = jl.draw(Ensemble(tuple(members)))
        seen = [t for t in figure.findobj(mpl.text.Text) if t.get_text() and t.get_visible()]
    points = 900 / figure.get_figwidth() / 72  # pixels of a point, on a page 900 pixels wide
    assert min(t.get_fontsize() for t in seen) * points >= 9


def test_error_bars_are_the_deviation_over_retrainings():
    found = ensemble("relevance", retrainings=3)
    figure = jl.draw(found)
    value, low, high = found.members[0].result.summary.spread([m.result for m in found.members[:3]])
    drawn = [
        s
        for c in figure.axes[0].containers
        if hasattr(c, "has_xerr")
        for s in c[2][0].get_segments()
    ]
    ends = {(round(float(s[0, 0]), 6), round(float(s[1, 0]), 6)) for s in drawn}
    best = int(np.argmax(value[0]))
    assert (round(float(low[0, best]), 6), round(float(high[0, best]), 6)) in ends


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(BadValueError, match=r"a result of jetlens\.summarise, not str"):
        jl.draw("relevance")
    with pytest.raises(jl.JetlensError, match="unknown figure 'completeness-compared'"):
        jl.draw(ensemble("completeness"))


def test_a_profile_is_the_mean_over_retrainings():
    found = ensemble("profile", models=("image", "list"), retrainings=3, jets=300)
    figure = jl.draw(found, variable="jets.eta_btagJes")
    panels = [a for a in figure.axes if a.get_title(loc="left")]
    assert [a.get_title(loc="left") for a in panels] == ["image", "list"]
    for ax, results in zip(panels, found.groups().values(), strict=True):
        summary = results[0].summary
        tables = [summary.table(r, "jets.eta_btagJes", results[0]) for r in results]
        for line, group in zip(ax.get_lines(), TWO, strict=False):
            means = np.array([t["mean"].sel(group=group).values for t in tables])
            np.testing.assert_allclose(line.get_ydata(), means.mean(axis=0))
            assert np.isfinite(line.get_ydata()).sum() >= 3
    with pytest.raises(UnknownNameError, match="eta_btagJes"):
        jl.draw(found, variable="jets.eta_btag")


def test_profiles_of_two_axes_have_a_row_for_each_place_of_the_first():
    members = [
        Member({"data.difficulty": level, "model": model}, 0, made("profile", 120, 1))
        for level in "012"
        for model in ("list", "experts")
    ]
    axes = [a for a in jl.draw(Ensemble(tuple(members))).axes if a.get_title(loc="left")]
    titles = [a.get_title(loc="left") for a in axes]
    assert titles == 2 * [f"difficulty {d}, {m}" for d in "012" for m in ("list", "experts")]
    assert axes[0].get_ylim() == axes[1].get_ylim()


def performances(**options):
    members = []
    for k, model in enumerate(("image", "list")):
        for repeat in range(2):
            jets = attribution(150, classes=TWO, seed=2 * k + repeat)
            result = jl.summarise(jets, "performance", replicas=5, **options)
            members.append(Member({"model": model}, repeat, result))
    return Ensemble(tuple(members))


def test_every_background_efficiency_has_points_and_a_line():
    mistags = [0.005, 0.03, 0.05, 0.1]
    found = performances(mistags=mistags)
    upper, lower = jl.draw(found).axes
    lines = [float(line.get_ydata()[0]) for line in upper.get_lines() if line.get_color() == "0.7"]
    assert lines == mistags
    numbers = found.numbers()
    names = [
        f"efficiency.{m}.at_background_{p}" for m in ("image", "list") for p in (0.5, 3, 5, 10)
    ]
    bars = [c.lines[0] for c in lower.containers]
    np.testing.assert_allclose(
        [float(b.get_ydata()[0]) for b in bars], [numbers[name]["value"] for name in names]
    )
    assert len({(b.get_marker(), b.get_markerfacecolor()) for b in bars[:4]}) == 4
    assert len({float(b.get_xdata()[0]) for b in bars}) == 8
    assert "at 0.5 %, 3 %, 5 % and 10 % background" in caption(found)
    none = performances(mistags=[])
    assert len(jl.draw(none).axes) == 1
    assert "Below" not in caption(none)


def test_a_signal_that_no_jet_is_of_is_told_in_the_panels():
    found = performances(signal_with={"eta_btagJes": 99.0})
    drawn = jl.draw(found)
    said = " ".join(" ".join(words(drawn)).split())
    assert "no signal jet has eta btagJes 99 (the nearest is" in said
    assert "no signal jet has eta btagJes 99" in caption(found)
    first = found.members[0].result
    said = " ".join(" ".join(words(jl.draw(first))).split())
    assert first.summary.missing(first) in said
    assert drawn.axes[1].get_ylim() == (0, 1)
