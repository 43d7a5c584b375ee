"""What a report says of an explanation in words."""

from __future__ import annotations

import pytest

from jetlens.report.explanation import explained_output


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
