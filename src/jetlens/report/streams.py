"""Do variations use their streams otherwise than the first? Paired differences, with a verdict."""

from __future__ import annotations

from jetlens.report.content import Block, Cell, Table
from jetlens.report.variants import Comparison, axes_of, place_of
from jetlens.report.verdicts import LEVEL, NO, OF_ONE, OPEN, YES, judged
from jetlens.report.words import whole
from jetlens.summarise.stream_use import LOSS, SHARE

NAME = "stream-use"
_WORDS = {SHARE: "share in what enters the head", LOSS: "loss when it is permuted"}
_SAID = {YES: "more", NO: "less", OPEN: OPEN}


def stream_use(facts: Comparison) -> list[Block]:
    """Return a table of differences for each axis along which there are some."""
    blocks: list[Block] = []
    for first, *_ in axes_of(facts).values():
        rows: dict[tuple[str, str, str], dict[str, Cell]] = {}
        for variant in facts.variants:
            place = place_of(variant.places)
            # with several explanations, their names stand in front
            start, end = f".stream_use.{place}.", f".vs.{first}"
            for name, number in facts.numbers.items():
                _, found, rest = f".{name}".partition(start)
                if not found or not rest.endswith(end):
                    continue
                group, stream, kind = rest.removesuffix(end).rsplit(".", 2)
                rows.setdefault((stream, kind, group), {})[place] = judged(number, _SAID)
        columns = list(dict.fromkeys(place for found in rows.values() for place in found))
        if not rows:
            continue
        caption = (
            f"How much more each stream is used than by {first}, all else the same: mean "
            "differences between pairs of trainings, each of one seed and test sample. Shares are "
            "of activations times weights, losses of the cross-entropy. Intervals, of 68 %, are "
            "errors of the mean difference (over the trainings by Student's t, and the test "
            f"sample's, in quadrature); more and less are told at {LEVEL}, by the interval in "
            f"brackets. {OF_ONE}".rstrip()
        )
        cells = [
            [stream, _WORDS[kind], group, *(found.get(c, "") for c in columns)]
            for (stream, kind, group), found in rows.items()
        ]
        head = ["stream", "difference of", "jets", *map(whole, columns)]
        blocks.append(Table(head, cells, caption))
    return blocks
