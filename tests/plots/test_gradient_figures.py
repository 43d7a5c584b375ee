"""Figures of gradients: what they show, and that it can be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.quiver import Quiver

import jetlens as jl
from figure_words import inside
from jetlens.plots import caption
from synthetic import GRADED, graded

CASES = [
    *((name, {}) for name in GRADED),
    ("vector-field", {"misclassified": True, "jets": 0}),
    ("correlations", {"features": ["pt", "deta"]}),
]


def result(name, **options):
    return jl.summarise(graded(400, 8), name, replicas=8, **options)


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
    found = result("correlations")
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
    assert "Jets are moved at the scale 0.5" in moved
    assert "features that do not vary are grey" in moved
