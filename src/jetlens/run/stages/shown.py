"""Names and scales in ``[[show]]``, looked for among the jets, whatever the method will find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jetlens.core.arguments import parameters
from jetlens.core.attribution import REGIONS
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import explainers, summaries
from jetlens.run.study import Study
from jetlens.summarise.jets.lists import ListSummary
from jetlens.summarise.jets.particle_order import LISTED, missing
from jetlens.summarise.jets.regions import no_regions

_FEATURES = ("x", "y", "features", "order")


def check_names(study: Study, use: str, arguments: dict[str, Any], jets: JetBatch) -> None:
    """Look for the collection, features and scale that a summary is told of.

    Parameters
    ----------
    study
        The study, whose explanations have scales.
    use, arguments
        The summary.
    jets
        Some of its jets. What they have may still be no input of the tagger, or nothing that the
        method tells: that is seen when the summary is filled.

    Raises
    ------
    UnknownNameError
        If the jets have no such collection or feature.
    UnsupportedError
        If the jets of a variation have no such collection, and none that is nearly called so:
        those of another may; or they have no such regions of images, where others may.
    BadValueError
        If no jets are moved by this scale, or there will be no such regions.
    """
    maker = summaries.get(use)
    _check_regions(study, str(arguments.get("regions", getattr(maker, "regions", ""))), jets)
    home = str(arguments.get("collection", getattr(maker, "collection", "")))
    if "collection" in arguments and home not in jets.collections:
        if study.name:
            raise missing("collection", home, jets.collections)
        look_up("collection", home, jets.collections)
    if not (isinstance(maker, type) and issubclass(maker, ListSummary)):
        return
    if home in jets.collections:
        _check_features(home, jets[home], arguments)
    if arguments.get("scale") is not None:
        _check_scale(arguments["scale"], sorted(set(_scales(study))))


def _check_regions(study: Study, regions: str, jets: JetBatch) -> None:
    """Look for the regions of the jets' images that a summary takes, if it takes some."""
    if regions in REGIONS and regions not in jets.collections:
        told = no_regions(regions, [name for name in REGIONS if name in jets.collections])
        raise told if study.lenient else BadValueError(str(told))


def _check_features(home: str, collection: Collection, arguments: dict[str, Any]) -> None:
    """Look for features of the particles, and for what is known of them beside."""
    known = {} if collection.is_image else dict.fromkeys([*collection.names, *collection.truth])
    for told in (arguments[name] for name in _FEATURES if name in arguments and known):
        for name in [told] if isinstance(told, str) else told:
            if name not in ("", LISTED):
                look_up(f"variable of {home}", name, known)


def _check_scale(scale: float, scales: list[float]) -> None:
    if scales and not np.isclose(scales, scale).any():
        listed = ", ".join(f"{s:g}" for s in scales)
        raise BadValueError(f"scale={scale:g}: expected one of {listed}")


def _scales(study: Study) -> Iterator[float]:
    """Go through the scales that the explanations move jets by."""
    for entry in study.recipe.explain:
        own = parameters(explainers.get(entry.use)).get("scales")
        if own is not None:
            yield from entry.arguments.get("scales", own.default)
