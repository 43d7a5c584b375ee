"""Legends, on a machine that is busy."""

from __future__ import annotations

import itertools
from time import time

import matplotlib.legend
import pytest

from jetlens.plots.shared.style import figure, legend


def test_a_legend_whose_place_takes_long_to_find_is_no_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = figure(3, 3)
    ax = drawn.add_subplot()
    ax.plot([0, 1], label="line")
    legend(ax)
    hours = itertools.count(time(), 3600)
    monkeypatch.setattr(matplotlib.legend.time, "perf_counter", lambda: next(hours))
    drawn.draw_without_rendering()
    assert ax.get_legend() is not None
