"""What the inputs are worth: taggers that were trained on some of them alone."""

from __future__ import annotations

from collections.abc import Mapping

from jetlens.report.content import Block, Cell, Paragraph, Section, Table
from jetlens.report.facts import Numbers, Worth
from jetlens.report.numbers import measured
from jetlens.report.verdicts import LEVEL, marked, verdict, wide
from jetlens.report.words import method
from jetlens.summarise.trainings.retrained import QUANTITIES, RANDOM, REVERSE

_WORDS = {"auc": "area under the curve", "accuracy": "accuracy"}
_OTHERS = {RANDOM: "random orders", REVERSE: "the reverse order"}


def worth(found: Worth) -> Section:
    """Return the section about retrainings on the most relevant inputs."""
    text = (
        f"If the relevance that {method(found.method)} gives to the inputs is right, then a "
        "tagger trained on the most relevant of them alone is better than one trained on as many "
        "others (arXiv:1806.10758). The inputs are ranked by the mean normalised relevance of the "
        f"first tagger, over at most {found.jets:,} jets of the validation part; the test part "
        "decides nothing, it only measures."
    )
    blocks: list[Block] = [Paragraph(text), found.picture]
    table = worth_of_orders({"": found.result.numbers()})
    return Section("worth", "What the inputs are worth", [*blocks, *([table] if table else [])])


def worth_of_orders(numbers: Mapping[Cell, Numbers]) -> Table | None:
    """Return by how much the order of relevance beats the others, for each variation that says so.

    Parameters
    ----------
    numbers
        Headline numbers by variation.
    """
    rows: list[list[Cell]] = []
    for variation, found in numbers.items():
        for quantity in QUANTITIES:
            for over, words in _OTHERS.items():
                number = found.get(f"retrained.advantage.{quantity}.over.{over}")
                if number is None:
                    continue
                said = verdict(number)
                shown = marked(number, said, said)
                row: list[Cell] = [_WORDS[quantity], words, measured(number), wide(number), shown]
                rows.append([variation, *row] if any(numbers) else row)
    if not rows:
        return None
    head = ["quantity", "against", "advantage of the order of relevance", LEVEL, "which is"]
    caption = (
        "Area between the curves, divided by the number of points, all inputs aside. Trainings of "
        "one seed are compared with each other. The interval, of 68 %, is the error of the mean "
        "over trainings (times Student's factor) and over random orders, and the test sample's, in "
        f"quadrature. Verdicts are at {LEVEL}: where the interval of that confidence holds 0, the "
        "orders are not told apart."
    )
    return Table(["variation", *head] if any(numbers) else head, rows, caption)
