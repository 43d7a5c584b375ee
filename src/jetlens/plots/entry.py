"""``jetlens.draw``: a result in, a figure out.

A figure is a function of a result, or of an `Ensemble` of results where it is registered as
``<summary>-compared``. Beside it stand ``TITLE``, and ``caption(result)``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetlens.core.errors import BadValueError, expected
from jetlens.core.files import atomic
from jetlens.core.registry import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jetlens.summarise.result import Result
    from jetlens.summarise.trainings.costs import Costs
    from jetlens.summarise.trainings.ensemble import Ensemble
    from jetlens.summarise.trainings.retrained import Retrained

FORMATS = ("svg", "pdf", "png")
COMPARED = "-compared"


def name_of(result: Result | Ensemble | Retrained | Costs) -> str:
    """Return the registered name of a result's figure.

    Raises
    ------
    BadValueError
        If it is neither a result nor an ensemble of results.
    """
    if hasattr(result, "sums"):
        return str(result.name)
    if hasattr(result, "members"):
        return f"{result.name}{COMPARED}"
    if hasattr(result, "lines") or hasattr(result, "spent"):
        return str(result.name)
    raise BadValueError(
        f"expected a result of jetlens.summarise, not {type(result).__name__}: an attribution "
        'is summarised first, as in jetlens.summarise(scores, "box")'
    )


def draw(result: Result | Ensemble | Retrained | Costs, **options: Any) -> Figure:
    """Draw a result in jetlens's style.

    Parameters
    ----------
    result
        What `jetlens.summarise` returns, or an ensemble of such results; its summary's name
        chooses the figure.
    options
        The figure's own, such as ``top=3`` of ``"top-origin"``.

    Raises
    ------
    UnknownNameError
        If there is no figure for that summary.
    BadValueError
        If the figure does not take an option.
    """
    from jetlens.plots.shared.rows import rename
    from jetlens.plots.shared.style import style
    from jetlens.summarise.jets.rows import rows_of

    name = name_of(result)
    drawing = figures.get(name)
    known = list(inspect.signature(drawing).parameters)[1:]
    for option in options:
        if option not in known:
            raise BadValueError(
                f"figure {name!r} takes no option {option!r}: {expected(option, known)}"
            )
    with style():
        figure: Figure = drawing(result, **options)
        rename(figure, rows_of(result))
        figure.draw_without_rendering()  # what matplotlib makes late is made in this style
    return figure


def caption(result: Result | Ensemble | Retrained | Costs) -> str:
    """Say in a sentence or two how to read a result's figure, with the jets counted.

    It comes from the function ``caption(result)`` beside the figure's; without one, from the first
    line of the figure's documentation.
    """
    drawing = figures.get(name_of(result))
    told = getattr(sys.modules[drawing.__module__], "caption", None)
    if told is None:
        return _said(result, (inspect.getdoc(drawing) or "").partition("\n")[0])
    return _said(result, str(told(result)))


def title(result: Result | Ensemble | Retrained | Costs) -> str:
    """Return a figure's short title: the ``TITLE`` beside it, or its name in words."""
    name = name_of(result)
    module = sys.modules[figures.get(name).__module__]
    return _said(result, str(getattr(module, "TITLE", name.replace("-", " ").capitalize())))


def _said(result: Result | Ensemble | Retrained | Costs, words: str) -> str:
    """Say of a result's rows, which may be showers, what is said of jets."""
    from jetlens.plots.shared.words import said_of
    from jetlens.summarise.jets.rows import rows_of

    return said_of(rows_of(result), words)


def save(
    figure: Figure, path: Path | str, formats: Sequence[str] = FORMATS, dots_per_inch: int = 150
) -> list[Path]:
    """Write a figure as ``<path>.svg``, ``.pdf`` and ``.png``, each whole or not at all.

    The bytes depend on the figure alone: no date is written, and names inside SVG are fixed.

    Returns
    -------
    The files, in the formats' order.
    """
    from jetlens.plots.shared.style import style

    written = []
    for ending in formats:
        if ending not in FORMATS:
            raise BadValueError(f"format {ending!r}: {expected(ending, FORMATS)}")
        place = Path(f"{path}.{ending}")
        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[ending]
        drawn = BytesIO()  # matplotlib's writers end in errors of their own where a disk is full
        with style():
            figure.savefig(drawn, format=ending, dpi=dots_per_inch, metadata=dated)
        with atomic(place) as part:
            part.write_bytes(drawn.getbuffer())
        written.append(place)
    return written
