"""What a report says of an explanation in words."""

from __future__ import annotations

import pytest

import imaged
import jetlens as jl
from jetlens.report.content import Paragraph, Picture, Table
from jetlens.report.explanation import explained, explained_output
from jetlens.report.facts import Explanation


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"use": "gradient", "target": "predicted"}, "logit of the predicted class"),
        ({"use": "gradient", "target": "label"}, "logit of the true class"),
        ({"use": "gradient", "target": "b"}, "logit of class b"),
        ({"use": "gradient", "target": "log(b/u)"}, "output log(b/u)"),
        ({"use": "nudge", "target": "predicted"}, "logit of the likeliest of the other classes"),
        (
            {"use": "nudge", "target": "predicted", "move": "wrong"},
            "logit of the true class",
        ),
        (
            {
                "use": "nudge",
                "target": "predicted",
                "move": {"label": "b", "predicted": ["c", "u"]},
                "of": "log-odds",
            },
            "log-odds of the true class",
        ),
        (
            {"use": "nudge", "target": "predicted", "move": {"label": "b"}},
            "logit of the likeliest of the other classes",
        ),
        ({"use": "flip", "target": "predicted", "toward": "b"}, "logit of class b"),
        ({"use": "flip", "target": "c"}, "logit of class c"),
    ],
)
def test_what_is_explained_is_told_in_words(settings, words) -> None:
    assert explained_output({"of": "logit", **settings}) == words


@pytest.mark.parametrize(("summaries", "told"), [(("attention-fraction",) * 2, 1), ((), 0)])
def test_what_holds_of_every_table_is_told_once(summaries, told: int) -> None:
    scores = imaged.looked(40)
    shown = [jl.summarise(scores, name, radii=[], replicas=30) for name in summaries]
    settings = {"use": "attention", "target": "predicted", "of": "logit", "select": "all"}
    drawn = [(result, Picture("", "", "", "")) for result in shown]
    (section,) = explained(Explanation("attention", settings, 40, 40, drawn), several=False)
    words = [str(b.text) for b in section.blocks if isinstance(b, Paragraph)]
    assert sum("Tests are paired" in w for w in words) == told
    assert sum(isinstance(b, Table) for b in section.blocks) == len(summaries)
