"""Jets that are moved along the gradient, for many scales in one go.

J' = J + scale * d class / d J, under constraints that keep J' a jet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jetlens.core.attribution import CONTROL
from jetlens.core.errors import BadValueError, UnsupportedError, expected
from jetlens.core.registry import explainers
from jetlens.core.table import Table
from jetlens.explain.base import Scores
from jetlens.explain.steps.base import StepExplainer
from jetlens.explain.steps.control import CONTROLS, NONE, turned
from jetlens.explain.steps.course import Course
from jetlens.explain.steps.judged import judged, reasons
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
    ``outside`` of the jet (hits: of the calorimeter), hits that are ``early``, ``late`` or
    ``below`` the threshold, ``discrete`` features that round to others, impact parameters of what
    is ``trackless``, particles ``off_shell``, a jet's ``axis`` or ``jet_pt`` beyond those of the
    reference jets. ``bent`` says whether constraints that are on have to bend the step: in the
    features that move, it is beyond a limit of ``positive_pt``, ``inside`` or ``causal``, or is
    there once it is re-centred.

    Parameters
    ----------
    control
        ``"turned"``: jets are moved a second time, by steps of the same lengths that know nothing
        of the jet (see `jetlens.explain.steps.control`), under the same constraints, and
        ``<collection>_control`` is where they come to. ``"none"``: they are not. The gradient is to
        be taken once (``steps = 1``).
    seed
        Chooses among the random turns.

    The other parameters are those of `StepExplainer`.
    """

    control: str = NONE
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.control not in CONTROLS:
            raise BadValueError(
                f"control={self.control!r}: {expected(str(self.control), CONTROLS)}"
            )
        if self.control != NONE and self.steps > 1:
            raise UnsupportedError(
                f"control={self.control!r} with steps={self.steps}: a control is a step of one "
                "gradient, expected steps = 1"
            )

    def follow(self, course: Course, said: Predictions) -> Scores:
        """Move each chunk of jets by all scales."""
        scales = [float(s) for s in self.scales]
        moved = Moved(course, {"scale": scales})
        control = None if self.control == NONE else Moved(course, {"scale": scales})
        jets, classes = said.logits.shape
        output = np.full(
            (jets, len(scales), classes), np.nan, dtype=said.logits.cpu().numpy().dtype
        )
        bent = np.zeros((jets, len(scales)), dtype=bool)
        bad = {reason: np.zeros_like(bent) for reason in reasons(course)}
        first = int(scales[0] == 0)  # where jets are, nothing is to be asked
        together = self._together(course)
        for leg in legs(course, together):
            rows = course.packed.rows[leg.jets].numpy()
            if control is not None:
                away = turned(leg, self.seed)
                for i, scale in enumerate(scales):
                    there = away.at(np.full(len(leg), scale)) if scale else leg.points.starts[0]
                    control.put(leg, there, i)
            if first:
                moved.put(leg, leg.points.starts[0], 0)
                output[rows, 0] = said.logits[rows].cpu().numpy()
            for start in range(first, len(scales), together):
                some = range(start, min(start + together, len(scales)))
                leg.reach(np.full(len(leg), scales[some[-1]]))
                many, far = leg.tiled(len(some)), np.repeat(np.take(scales, some), len(leg))
                came = many.at(far)
                heard = many.says(came, far).cpu().numpy()
                found = judged(many, far)
                for k, i in enumerate(some):
                    here = slice(k * len(leg), (k + 1) * len(leg))
                    moved.put(leg, {name: values[:, here] for name, values in came.items()}, i)
                    output[rows, i] = heard[here]
                    bent[rows, i] = found.bent[here]
                    for reason, bad_there in found.reasons.items():
                        bad[reason][rows, i] = bad_there[here]
        every = np.zeros_like(bent)
        for flags in bad.values():
            every |= flags
        names = {"bent": bent, "unphysical": every} | {
            f"unphysical_{r}": flags for r, flags in bad.items()
        }
        tables = {name: Table(flags, {"scale": scales}) for name, flags in names.items()}
        said_there = Table(output, {"scale": scales, "class": course.tagger.classes})
        compared = {} if control is None else control.tables(CONTROL)
        return Scores(tables={**moved.tables(), **compared, "moved_output": said_there, **tables})

    def _together(self, course: Course) -> int:
        """Return of how many scales the tagger is asked at once.

        Of jets at all of their scales fewer fit into a chunk, which are more alike in length and
        need less padding. Where the gradient is taken anew on the way, chunks are full of jets.
        """
        if self.steps > 1:
            return 1
        longest = max(course.packed.tokens.tolist(), default=1)
        return min(max(course.packed.budget // longest, 1), len(self.scales))
