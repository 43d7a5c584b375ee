"""What was run: data, split, tagger, training and explanations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetlens.plots.style import FLAVOUR_TITLES
from jetlens.report.content import Block, Section, Table
from jetlens.report.facts import Facts
from jetlens.report.numbers import percent, plain, shown
from jetlens.report.words import html

_DATA = {
    "process": "Process",
    "jets": "Jets",
    "mu": "Mean pile-up collisions",
    "files": "Files",
    "ttbar": "Share of top pairs",
}


def what_was_run(facts: Facts) -> Section:
    """Return data, split, tagger, training and explanations as the recipe has them."""
    recipe = facts.recipe
    data = recipe["data"]
    settings: list[list[str]] = [["Data", data["use"]]]
    settings += [[_DATA.get(k, k), shown(v)] for k, v in data.items() if k != "use"]
    settings.append(["Train, validation, test", " / ".join(percent(x) for x in recipe["split"])])
    tagger = ", ".join(
        f"{k} = {shown(v)}" for k, v in recipe.get("tagger", {}).items() if k != "use"
    )
    settings.append(["Tagger", facts.tagger["use"] + (f" ({tagger})" if tagger else "")])
    if facts.history:
        train = recipe.get("train", {})
        words = f"{train['epochs']} epochs at most, {train['batch']} jets a step"
        settings.append(["Training", words])
    for e in facts.explanations:
        options = {k: v for k, v in e.settings.items() if k not in ("use", "jets", "keep")}
        words = ", ".join(f"{k} = {shown(v)}" for k, v in options.items())
        settings.append(["Explanation", f"{e.settings['use']} ({words}): {e.jets:,} jets"])
    settings.append(["Seed", str(recipe["seed"])])
    blocks: list[Block] = [Table(["Setting", "Value"], settings), _jets(facts)]
    if facts.history:
        blocks.append(_epochs(facts.history))
    return Section("run", "What was run", blocks)


def _jets(facts: Facts) -> Table:
    classes = list(facts.tagger["classes"])
    rows: list[list[Any]] = []
    if facts.history:
        jets = facts.history["jets"]
        for label, part in (("Train part", "read"), ("Used for training", "kept")):
            counts = jets[part]
            if isinstance(counts, Mapping):
                rows.append([label, *(plain(counts.get(c, 0)) for c in classes),
                             plain(sum(counts.values()))])  # fmt: skip
    rows.append(
        ["Test part", *(plain(facts.test.get(c, 0)) for c in classes),
         plain(sum(facts.test.values()))]
    )  # fmt: skip
    head = ["Jets", *(html(FLAVOUR_TITLES.get(c, c)) for c in classes), "all"]
    caption = "Jets by true class. Jets of one event are never in different parts."
    if facts.history:
        caption += (
            " Before training, flavours are brought to one distribution in pT and eta, so that "
            "kinematics do not tag."
        )
    return Table(head, rows, caption)


def _epochs(history: Mapping[str, Any]) -> Table:
    tasks = list(history["epochs"][0]["train"])
    rows = []
    for epoch in history["epochs"]:
        validation = epoch["validation"]
        rows.append(
            [
                f"{epoch['epoch'] + 1}" + (" (kept)" if epoch["epoch"] == history["best"] else ""),
                *(
                    f"{epoch['train'][t]:.3f} / {validation.get(t, float('nan')):.3f}"
                    for t in tasks
                ),
                percent(validation["accuracy"]) if "accuracy" in validation else "",
            ]
        )
    head = ["Epoch", *(f"{t}: train / validation" for t in tasks), "accuracy"]
    return Table(head, rows, "Mean losses of the heads in each epoch, and validation accuracy.")
