"""Jets that are moved along the gradient, for many scales in one go.

J' = J + scale * d class / d J, under constraints that keep J' a jet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jetlens.core.registry import explainers
from jetlens.core.table import Table
from jetlens.explain.base import Scores
from jetlens.explain.steps.base import StepExplainer
from jetlens.explain.steps.course import Course
from jetlens.explain.steps.leg import legs
from jetlens.explain.steps.moved import Moved
from jetlens.taggers.predict import Predictions


@explainers.register("nudge")
@dataclass(frozen=True, kw_only=True)
class Nudge(StepExplainer):
    """Move jets along the gradient, and ask the tagger again at each of many scales.

    ``<collection>_score`` is the normalised gradient where the jet is, ``<collection>_moved``
    (``"jet"``, ``"scale"``, ...) where it comes to, in physical values, and ``moved_output``
    (``"jet"``, ``"scale"``, ``"class"``) what the tagger says there. ``unphysical`` (``"jet"``,
    ``"scale"``) says whether one raw step of the scale, without any constraint, would make the jet
    unphysical, and ``unphysical_<reason>`` why: ``negative`` momenta or energies, particles
    ``outside`` of the jet (hits: of the calorimeter), ``discrete`` features that round to others,
    particles ``off_shell``.
    """

    def follow(self, course: Course, said: Predictions) -> Scores:
        """Move each chunk of jets by all scales."""
        scales = [float(s) for s in self.scales]
        moved = Moved(course, {"scale": scales})
        jets, classes = said.logits.shape
        output = np.full(
            (jets, len(scales), classes), np.nan, dtype=said.logits.cpu().numpy().dtype
        )
        bad = {reason: np.zeros((jets, len(scales)), dtype=bool) for reason in course.reasons()}
        for leg in legs(course):
            rows = course.packed.rows[leg.jets].numpy()
            for i, scale in enumerate(scales):
                if scale == 0:
                    moved.put(leg, leg.starts[0], i)
                    output[rows, i] = said.logits[rows].cpu().numpy()
                    continue
                far = np.full(len(leg), scale)
                came = leg.at(far)
                moved.put(leg, came, i)
                output[rows, i] = leg.says(came, far).cpu().numpy()
                for reason, flags in leg.unphysical(far).items():
                    bad[reason][rows, i] = flags
        every = np.zeros((jets, len(scales)), dtype=bool)
        for flags in bad.values():
            every |= flags
        names = {"unphysical": every} | {f"unphysical_{r}": flags for r, flags in bad.items()}
        tables = {name: Table(flags, {"scale": scales}) for name, flags in names.items()}
        said_there = Table(output, {"scale": scales, "class": course.tagger.classes})
        return Scores(tables={**moved.tables(), "moved_output": said_there, **tables})
