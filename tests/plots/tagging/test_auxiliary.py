from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.registry import summaries
from jetlens.plots.entry import caption, draw
from synthetic import attribution


def test_bars_and_cells_are_the_numbers() -> None:
    result = summaries.make("auxiliary").fill(attribution(300, absent=("tau",)))
    drawn = draw(result)
    confusion, above, below = (a for a in drawn.axes if a.get_label() != "<colorbar>")
    shares = confusion.images[0].get_array()
    assert list(shares.sum(axis=1)) == pytest.approx([1.0] * len(shares))
    for ax, kind in ((above, "inclusive"), (below, "each")):
        efficiency, purity = result.summary.vertexing(result, kind)
        heights = [bar.get_height() for bar in ax.patches]
        shown = np.flatnonzero(np.isfinite(efficiency[:, 0]))
        assert heights[: len(shown)] == pytest.approx(list(efficiency[shown, 0]))
        assert heights[len(shown) : 2 * len(shown)] == pytest.approx(
            list(purity[shown, 0]), nan_ok=True
        )
    tracks = result.sums["confusion"].values[..., 0].sum()
    assert f"{tracks:,.0f} tracks" in caption(result)
