"""Figures of gradients: what they show, and that it can be read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.quiver import Quiver

import jetlens as jl
from figure_words import inside
from jetlens.plots import caption
from jetlens.plots.gradients import correlations
from synthetic import GRADED, graded

CASES = [
    *((name, {}) for name in GRADED),
    ("vector-field", {"misclassified": True, "jets": 0}),
    ("correlations", {"features": ["pt", "deta"]}),
    ("vector-field", {"x_range": [-0.4, 0.4], "y_range": [-0.2, 0.2]}),
]


def result(name, moved=True, **options):
    jets = graded(400, 8)
    if not moved:
        jets = jets.drop_vars(["constituents_moved", "scale"])
    return jl.summarise(jets, name, replicas=8, **options)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_words_can_be_read(name, options):
    inside(lambda: jl.draw(result(name, **options)), 8.5)


def test_bars_are_sorted_means():
    found = result("wanted-change")
    panel = jl.draw(found).axes[0]
    widths = [p.get_width() for p in panel.patches]
    np.testing.assert_allclose(widths, np.sort(found.summary.means(found)[0, 0, :, 0])[::-1])
    names = [t.get_text() for t in panel.get_yticklabels()]
    assert names[0] == "$p_T$"
    assert names[-1] == "muon"


def test_arrows_are_black_where_they_are_clear():
    found = result("vector-field", bins=6, jets=1)
    mean, chance, _ = found.summary.field(found)
    panel = jl.draw(found).axes[0]
    arrows = [c for c in panel.collections if isinstance(c, Quiver)]
    faint, black = (a for a in arrows)
    sure = chance[2] < 0.05  # quarks are drawn first
    np.testing.assert_allclose(np.sort(black.U), np.sort(mean[0, 2][sure]))
    assert len(faint.U) == (np.isfinite(mean[0, 2]) & ~sure).sum()
    assert faint.get_facecolor()[0, 0] > 0.6


def test_matrices_have_pearson_above_and_spearman_below():
    found = result("correlations", moved=False)
    panel = next(a for a in jl.draw(found).axes if a.get_title() == "Quark")
    drawn = np.asarray(panel.get_images()[0].get_array())
    both = [found.summary.matrices(found, m)["inputs"][2, ..., 0] for m in ("pearson", "spearman")]
    assert drawn[0, 3] == pytest.approx(both[0][0, 3])
    assert drawn[3, 0] == pytest.approx(both[1][0, 3])
    assert both[0][0, 3] != pytest.approx(both[1][0, 3])


def test_captions_say_what_came_out():
    told = caption(result("wanted-change"))
    assert "The tagger wants to change most pT for quark jets" in told
    assert "per spread of the feature" in told
    assert "the tagger's output for quark" in told
    assert "away from the origin is" in caption(result("vector-field"))
    moved = caption(result("correlations", scale=0.5))
    assert "by the scale 0.5" in moved
    assert "features that do not vary are grey" in moved
    assert "each feature before (down) against each after (across)" in moved
    still = caption(result("correlations", moved=False))
    assert "Gradients are those of the tagger's output for quark" in still
    assert "each feature (down) against each gradient (across)" in still


def test_features_before_are_drawn_against_those_after():
    found = result("correlations")
    figure = jl.draw(found)
    rows = [a.get_ylabel() for a in figure.axes]
    for method in ("Pearson", "Spearman"):
        panel = figure.axes[rows.index(f"Before against after,\n{method}")]
        drawn = np.asarray(panel.get_images()[0].get_array())
        wanted = found.summary.matrices(found, method.lower())["against"][2, ..., 0]
        np.testing.assert_allclose(drawn[:5, :5], wanted[:5, :5])
        assert drawn[0, 0] > 0.9
        written = [t.get_text() for t in panel.texts]
        assert any("±" in words for words in written)


@pytest.mark.parametrize("most", [2, 8])
def test_errors_of_many_features_are_told_in_words(monkeypatch, most):
    monkeypatch.setattr(correlations, "_ERRORS", most)
    found = result("correlations", moved=False)
    written = [t.get_text() for a in jl.draw(found).axes for t in a.texts]
    assert any("±" in words for words in written) == (most == 8)
    told = re.search(
        r"Errors are (\S+) \(features\), (\S+) \(gradients\), .* at most", caption(found)
    )
    assert (told is None) == (most == 8)
    if told:
        inputs = np.nan_to_num(found.summary.matrices(found)["inputs"][..., 1:])
        assert float(told[1]) == pytest.approx(inputs.std(axis=-1).max(), rel=0.05)
        assert float(told[1]) > 0


@pytest.mark.parametrize("high", [0.1, 0.4, 0.8, 2.0])
def test_planes_of_any_shape_fill_their_panels(high):
    """Neither a page that is blank nor panels on top of each other."""
    found = result("vector-field", y_range=[-high, high], jets=1)
    figure = jl.draw(found)
    FigureCanvasAgg(figure).draw()
    boxes = [a.get_window_extent() for a in figure.axes[:4]]
    inches = [(b.width / figure.dpi, b.height / figure.dpi) for b in boxes]
    assert all(w > 2 and h > 1 for w, h in inches), inches
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    if 0.4 <= high / 0.4 <= 2.5:
        assert inches[0][1] / inches[0][0] == pytest.approx(high / 0.4, rel=0.02)


def test_ranks_are_drawn_with_their_errors():
    found = result("wanted-change")
    figure = jl.draw(found)
    panel = next(a for a in figure.axes if a.get_ylabel() == "Mean size of the gradient")
    by_rank = found.summary.by_rank(found)[0, 2]
    first = panel.lines[0]
    np.testing.assert_allclose(first.get_ydata(), by_rank[: len(first.get_ydata()), 0, 0])
    assert len(panel.containers) == 5
