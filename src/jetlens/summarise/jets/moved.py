"""Jets that were moved along the gradient: which they are, and what was to rise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import UnsupportedError
from jetlens.core.moves import ALL, LABEL, WRONG, Move, by_key, in_words

SCALE = "scale"
MOVED_OUTPUT = "moved_output"
UNPHYSICAL = "unphysical"
"""What one raw step makes a jet; followed by ``_<reason>``, why."""
BENT = "bent"
"""Where it is beyond a limit that is on, in the features that move, so that this bends the step."""
UNLABELLED = "unlabelled"
"""How many jets were not moved because they have no label to be moved toward."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def check_scanned(attribution: xr.Dataset) -> None:
    """Refuse attributions of which no jet was moved by several scales toward a class.

    Raises
    ------
    UnsupportedError
        The message says what was expected.
    """
    if MOVED_OUTPUT not in attribution or SCALE not in attribution[MOVED_OUTPUT].dims:
        method = attribution.attrs.get("method", "this method")
        raise UnsupportedError(
            f"{method!r} did not move jets by a scan of scales: expected an attribution of 'nudge'"
        )
    there = moved(attribution)
    if (attribution["target"].values[there] < 0).any():
        raise UnsupportedError(
            "jets were moved along an expression, toward no class: expected toward = a class, "
            '"other" or "label"'
        )


def moved(attribution: xr.Dataset) -> Mask:
    """Say which jets were moved, ``[jet]``."""
    found: Mask = np.isfinite(attribution[MOVED_OUTPUT].values).all(axis=(1, 2))
    return found


def told(attribution: xr.Dataset) -> dict[str, object]:
    """Return what figures say of the steps, as attributes of sums."""
    return {
        "toward": str(attribution.attrs.get("toward", "")),
        "options": attribution.attrs.get("options"),
        "idle": str(attribution.attrs.get("idle", "{}")),
    }


def unlabelled(attribution: xr.Dataset) -> int:
    """Return how many jets have no label, where it is their label that jets are moved toward."""
    move, toward = which(attribution.attrs), attribution.attrs.get("toward")
    wanted = move == WRONG or LABEL in by_key(move) or (move != ALL and toward == LABEL)
    return int((attribution["label"].values < 0).sum()) if wanted else 0


def which(attrs: Mapping[Any, Any]) -> Move:
    """Return which jets were to be moved, of the attributes of an attribution or of sums."""
    move: Move = json.loads(attrs.get("options") or "{}").get("move", ALL)
    return move


def nothing_moved(sums: xr.Dataset) -> str:
    """Say of a result's sums why no jet was moved; empty where some were, or there are no jets."""
    if UNLABELLED not in sums:
        return ""  # they are of something else
    jets = sums["jets"].sel(group="all")
    went = sums["moved"].sum() if "moved" in sums else jets.sel(count="used")
    selected = int(jets.sel(count="selected"))
    if int(went) or not selected:
        return ""
    move = which(sums.attrs)
    why = {WRONG: "is misclassified", ALL: "could be moved"}
    words = why[move] if isinstance(move, str) else f"is among the {in_words(move)}"
    return f"No jet of the {selected:,} explained {words}: nothing is moved."


def flipped(attribution: xr.Dataset) -> Mask:
    """Say at which scales another class is decided for than before, ``[jet, scale]``."""
    before = attribution["output"].values.argmax(axis=-1)
    after = attribution[MOVED_OUTPUT].values.argmax(axis=-1)
    found: Mask = after != before[:, None]
    return found


def log_odds(attribution: xr.Dataset) -> Floats:
    """Return ln(p / (1 - p)) of the class stepped toward, ``[jet, scale]``; NaN if not moved."""
    there = moved(attribution)
    output = attribution[MOVED_OUTPUT].values[there].astype(np.float64)
    own = attribution["target"].values[there, None, None] == np.arange(output.shape[-1])
    toward = np.where(own, output, -np.inf).max(axis=-1, initial=-np.inf)
    others = np.logaddexp.reduce(np.where(own, -np.inf, output), axis=-1)
    found = np.full(attribution[MOVED_OUTPUT].shape[:2], np.nan)
    found[there] = toward - others
    return found


def scales(attribution: xr.Dataset) -> list[float]:
    """Return the scales."""
    return [float(s) for s in attribution[SCALE].values]


def reasons(attribution: xr.Dataset) -> tuple[str, ...]:
    """Return the variables that say whether, and why, raw steps are unphysical."""
    return tuple(sorted(str(v) for v in attribution.data_vars if str(v).startswith(UNPHYSICAL)))


def scale_name(scale: float) -> str:
    """Write a scale as in names of numbers: ``0.5``."""
    return f"{scale:g}"
