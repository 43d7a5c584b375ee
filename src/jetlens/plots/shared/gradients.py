"""What figures of gradients share: what gradients are called, and groups of misclassified jets."""

from __future__ import annotations

from jetlens.plots.shared.by_class import class_title, classes_shown, position
from jetlens.plots.shared.flavours import flavour_colour, flavour_title
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.jets.gradients import INPUT, PHYSICAL, SPREAD
from jetlens.summarise.jets.lists import MISCLASSIFIED
from jetlens.summarise.result import Result

PER = {
    INPUT: "per unit of the scaled input",
    SPREAD: "per spread of the feature",
    PHYSICAL: "per unit of the feature",
}
"""What follows the word gradient."""


def split_groups(result: Result) -> tuple[list[str], list[str]]:
    """Return the classes that are drawn, the last one first, and their misclassified jets."""
    shown = classes_shown(result)
    wrong = [g for g in shown if g.endswith(MISCLASSIFIED)]
    return [g for g in shown if g not in wrong], wrong


def group_title(group: str) -> str:
    """Return what a group is called: ``Gluon``, ``Gluon, misclassified``."""
    name = group.removesuffix(MISCLASSIFIED)
    return class_title(name) + (", misclassified" if name != group else "")


def jets_of(group: str) -> str:
    """Return what a group's jets are called in a sentence: ``misclassified gluon jets``."""
    name = group.removesuffix(MISCLASSIFIED)
    words = plain(within(flavour_title(name)))
    return words if name == group else f"misclassified {words}"


def group_colour(result: Result, group: str) -> str:
    """Return a group's colour, which misclassified jets share with their class."""
    name = group.removesuffix(MISCLASSIFIED)
    return flavour_colour(name, position(result, name))


def explained(result: Result) -> str:
    """Say what the gradients are those of."""
    target = str(result.sums.attrs["target"])
    words = {
        "predicted": "the predicted class",
        "label": "the true class",
        "other": "the likeliest of the other classes",
        "": "the target",
    }
    return f"the tagger's output for {words.get(target, target)}"
