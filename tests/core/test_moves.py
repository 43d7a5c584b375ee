"""Which jets are moved: by what they are and by what they are tagged as."""

from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.errors import JetlensError
from jetlens.core.moves import check_move, in_words, misclassified, selected

CLASSES = ("gluon", "quark", "other")
LABEL = np.array([0, 0, 0, 1, 1, 2, -1, -1])
DECIDED = np.array([0, 1, 2, 1, 0, 2, 0, 1])


@pytest.mark.parametrize(
    ("move", "wanted", "wrong", "words"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 6, 7], False, "jets"),
        ("wrong", [1, 2, 4], True, "misclassified jets"),
        ({"label": "gluon", "predicted": "quark"}, [1], True, "gluon jets tagged as quark"),
        ({"label": "gluon"}, [0, 1, 2], False, "gluon jets"),
        ({"predicted": "quark"}, [1, 3, 7], False, "jets tagged as quark"),
        ({"label": ["gluon", "quark"], "predicted": ["other"]}, [2], True,
         "gluon or quark jets tagged as other"),
        ({"label": ["gluon", "quark"], "predicted": "quark"}, [1, 3], False,
         "gluon or quark jets tagged as quark"),
        ({"label": "other", "predicted": "quark"}, [], True, "other jets tagged as quark"),
    ],
)  # fmt: skip
def test_jets_are_selected_by_label_and_prediction(move, wanted, wrong, words) -> None:
    check_move(move)
    assert np.flatnonzero(selected(move, CLASSES, LABEL, DECIDED)).tolist() == wanted
    assert misclassified(move) == wrong
    assert in_words(move) == words


@pytest.mark.parametrize(
    ("move", "says"),
    [
        ("wrongly", "did you mean 'wrong'"),
        ({}, r"move=\{\}: expected 'all', 'wrong' or a table, as in \{ label"),
        (["gluon"], r"move=\['gluon'\]: expected 'all', 'wrong' or a table"),
        (3, "move=3: expected 'all'"),
        ({"labels": "gluon"}, "unknown key of move 'labels': did you mean 'label'"),
        ({"label": []}, r"move.label=\[\]: expected a class, or a list of classes"),
        ({"predicted": 1}, "move.predicted=1: expected a class"),
        ({"predicted": ["gluon", 1]}, "move.predicted=.*: expected a class"),
    ],
)
def test_what_says_of_no_jets_is_refused(move, says) -> None:
    with pytest.raises(JetlensError, match=says):
        check_move(move)


def test_a_class_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(JetlensError, match=r"class in move.label 'gluo': did you mean 'gluon'"):
        selected({"label": "gluo"}, CLASSES, LABEL, DECIDED)
