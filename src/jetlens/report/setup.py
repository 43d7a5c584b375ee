"""What was run: data, split, tagger, training and explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jetlens.core.batch import JETS
from jetlens.plots.shared.flavours import FLAVOUR_TITLES
from jetlens.plots.shared.words import said_of
from jetlens.report.content import Block, Section, Table
from jetlens.report.facts import UNLABELLED, Facts
from jetlens.report.numbers import percent, plain, shown
from jetlens.report.words import html
from jetlens.taggers.training.settings import LOOKS

_DATA = {
    "process": "Process",
    "jets": "Jets",
    "mu": "Mean pile-up collisions",
    "files": "Files",
    "ttbar": "Share of top pairs",
    "processes": "Processes",
    "difficulty": "Difficulty",
    "partition": "Jets a partition",
}


def what_was_run(facts: Facts) -> Section:
    """Return data, split, tagger, training and explanations as the recipe has them."""
    recipe = facts.recipe
    data = recipe["data"]
    settings: list[list[str]] = [["Data", data["use"]]]
    settings += [
        [said_of(facts.rows, _DATA.get(k, k.capitalize())), shown(v)]
        for k, v in data.items()
        if k != "use"
    ]
    if "split" in recipe:
        shares = " / ".join(percent(x) for x in recipe["split"])
        settings.append(["Train, validation, test", shares])
    tagger = ", ".join(
        f"{k} = {shown(v)}"
        for k, v in recipe.get("tagger", {}).items()
        if k not in ("use", "inputs")
    )
    settings.append(["Tagger", facts.tagger["use"] + (f" ({tagger})" if tagger else "")])
    settings.append(["Parameters", plain(facts.tagger["parameters"])])
    inputs = [f"{name}: {', '.join(some)}" for name, some in facts.tagger["inputs"].items()]
    settings.append(["Inputs", "; ".join(inputs)])
    if facts.history:
        train = recipe.get("train", {})
        unit = "epoch" if "epochs" in train else "step"
        number = train[f"{unit}s"]
        words = f"{number} {unit}{'s' * (number > 1)} at most, {train['batch']} {facts.rows} a step"
        if unit == "step":
            looks = min(train.get("looks", LOOKS), number)
            words += f", in {looks} part{'s' * (looks > 1)}, each of which counts as an epoch"
        settings.append(["Training", words])
    settings += _cost(facts.history.get("cost", {}), facts.seconds)
    if facts.seconds:
        settings.append(["Time an epoch", f"{an_epoch(facts.seconds)}, median of all epochs"])
    for e in facts.explanations:
        options = {k: v for k, v in e.settings.items() if k not in ("use", "jets", "keep")}
        words = ", ".join(f"{k} = {shown(v)}" for k, v in options.items())
        asked = e.settings["use"] + (f" ({words})" if words else "")
        settings.append(["Explanation", f"{asked}: {e.jets:,} {e.rows}"])
    for name, reason in facts.left_out.items():
        settings.append(["Left out", f"{name}: {reason}"])
    settings.append(["Seed", str(recipe["seed"])])
    blocks: list[Block] = [Table(["Setting", "Value"], settings), _jets(facts)]
    if facts.history:
        blocks.append(_epochs(facts.history))
    return Section("run", "What was run", blocks)


def _cost(cost: Mapping[str, int], seconds: Sequence[float]) -> list[list[str]]:
    """Return what a training cost, as rows; none where that is not known."""
    if not cost:
        return []
    rows = []
    if cost["trained"] < cost["parameters"]:
        rows.append(["Trained parameters", plain(cost["trained"])])
    words = f"{cost['flops'] / 1e12:.3g} TFLOP in {plain(cost['steps'])} steps"
    if cost["flops_frozen"]:
        words += f", {cost['flops_frozen'] / 1e12:.3g} of them once, in what is frozen"
    if seconds:
        words += f"; {plain(sum(seconds), 2)} s, validation included"
    return [*rows, ["Cost of training", words]]


def an_epoch(seconds: Sequence[float]) -> str:
    """Return the median time of an epoch in words."""
    return f"{plain(float(np.median(seconds)), 2)} s"


def _jets(facts: Facts) -> Table:
    classes = list(facts.tagger["classes"])
    rows: list[list[Any]] = []
    if facts.history:
        jets = facts.history["jets"]
        for label, part in (
            ("Train part", "read"),
            ("Drawn from it", "drawn"),
            ("Used for training", "kept"),
            ("Effective number", "effective"),
        ):
            if part in jets:
                rows.append(_counts(label, jets[part], classes))
    named = dict(facts.test)
    others = named.pop(UNLABELLED, 0)
    what = facts.rows.capitalize()
    rows.append(_counts("Test part" if facts.history else what, named, classes))
    head = [what, *(html(said_of(facts.rows, FLAVOUR_TITLES.get(c, c))) for c in classes), "all"]
    caption = "Jets by true class."
    if others:
        caption += f" {others:,} more jets have none of these labels."
    if facts.history:
        if facts.rows == JETS:
            caption += " Jets of one event are never in different parts."
        caption += _RESAMPLED[facts.history["jets"]["resample"]]
    return Table(head, rows, said_of(facts.rows, caption))


_RESAMPLED = {
    "none": " In training, classes are not brought to one distribution in pT and eta.",
    "thin": " Before training, jets are dropped until all flavours have one distribution in pT and "
    "eta, so that kinematics do not tag.",
    "weight": " In training, jets are weighted so that all flavours have one distribution in pT "
    "and eta, and kinematics do not tag. No jet is dropped: the effective number is that of equal "
    "weights with the same statistical precision, the square of the sum of weights over the sum "
    "of their squares.",
}


def _counts(label: str, counts: Mapping[str, float], classes: Sequence[str]) -> list[Any]:
    each = [counts.get(c, 0) for c in classes]
    return [label, *(plain(round(n)) for n in each), plain(round(sum(each)))]


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
