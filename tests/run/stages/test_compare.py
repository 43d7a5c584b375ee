"""The page of variations: its figures say of which explanation they are."""

from __future__ import annotations

from jetlens.report.content import Picture
from jetlens.run.stages import compare


def test_of_several_explanations_figures_are_named():
    picture = Picture("Looking at prongs, compared", "data:,", "", "f.pdf")
    assert compare._of_explanation(picture, "", {}) == picture
    asked = {"grad-cam": {"use": "grad-cam"}}
    named = compare._of_explanation(picture, "grad-cam.", asked)
    assert named.title == f"{picture.title}, grad-cam"
