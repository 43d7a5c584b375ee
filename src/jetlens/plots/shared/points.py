"""Numbers of several taggers as points: one column a variation, one colour a class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from jetlens.plots.shared.by_class import class_title
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import apart
from jetlens.plots.shared.style import no_ticks
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings

Name = Callable[[str], str]
"""What a class's number is called."""


def points(
    ax: Axes, ensemble: Ensemble, classes: Sequence[str], name: Name, **beside: tuple[str, Name]
) -> None:
    """Draw a number's mean over retrainings, with its error, for every variation and class.

    Parameters
    ----------
    ax
        The panel.
    ensemble
        What is compared.
    classes
        The classes in their order.
    name
        Their numbers' names.
    beside
        Other numbers to draw as a short line across, by what they are called in the legend: the
        line's style, and their names.
    """
    groups = ensemble.groups()
    width = 0.7 / max(len(classes), 1)
    told: set[str] = set()
    for v, results in enumerate(groups.values()):
        numbers = over_retrainings(results)
        for c, group in enumerate(classes):
            x, colour = v + (c + 0.5) * width - 0.35, flavour_colour(group, c + 1)
            found = numbers.get(name(group))
            if found is not None:
                value = found["value"]
                error = [[value - found["low"]], [found["high"] - value]]
                look: dict[str, Any] = {"fmt": "o", "color": colour, "capsize": 2.5}
                title = class_title(group)
                label = None if title in told else title
                ax.errorbar(x, value, error, markersize=6, label=label, **look)
                told.add(title)
            for line, other in beside.values():
                null = numbers.get(other(group))
                if null is not None:
                    ends = np.array([x - width * 0.42, x + width * 0.42])
                    ax.plot(ends, 2 * [null["value"]], line, color=colour, linewidth=1.4)
    for words, (line, _) in beside.items():
        ax.plot([], [], line, color="0.35", linewidth=1.4, label=words.replace("_", " "))
    names = [apart(ensemble, v) or "all trainings" for v in groups]
    ax.set_xticks(range(len(names)), names, rotation=20 if len(names) > 3 else 0)
    ax.set_xlim(-0.6, len(names) - 0.4)
    no_ticks(ax, "x")
    ax.margins(y=0.15)


def classes_of(ensemble: Ensemble) -> list[str]:
    """Return the classes that any of the results has jets of."""
    found: dict[str, None] = {}
    for member in ensemble.members:
        used = member.result.sums["jets"].sel(count="used")
        for group in used["group"].values:
            if str(group) != "all" and int(used.sel(group=group)) > 0:
                found.setdefault(str(group))
    return list(found)
