"""What is to be kept in mind of a study: where its jets, taggers and samples come from."""

from __future__ import annotations

from jetlens.plots.shared.panels import listed
from jetlens.plots.shared.words import said_of
from jetlens.report.content import Paragraph, Section
from jetlens.report.numbers import percent, plain
from jetlens.report.variants import Comparison


def caveats(facts: Comparison) -> list[Section]:
    """Return the section, if there is something to say."""
    said = [*facts.assumptions, *_overlap(facts)]
    return [Section("caveats", "To be kept in mind", [Paragraph(s) for s in said])] if said else []


def _overlap(facts: Comparison) -> list[str]:
    """Say what share of their jets two draws have in common, by how many are drawn."""
    shares: dict[float, list[float]] = {}
    for variant in facts.variants:
        if variant.drawn is not None and len(variant.epochs) > 1:
            many, there = variant.drawn
            shares.setdefault(many, []).append(many / there)
    if not shares:
        return []
    told = [
        f"{percent(round(sum(each) / len(each), 2))} of {plain(many)}"
        for many, each in sorted(shares.items())
    ]
    same = "" if facts.recipe.get("resplit") else "All have the same test jets. "
    words = (
        "Each training draws its jets from one train part, so that two draws have some in common, "
        f"on average {listed(told)} jets a class. {same}Where draws "
        "share much, what differs is seeds and the order of jets more than the jets: intervals "
        "over trainings are too narrow there as errors of a mean over jets from elsewhere."
    )
    return [str(said_of(facts.rows, words))]
