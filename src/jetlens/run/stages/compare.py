"""What the variations of a study come to: numbers, figures and a page over all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w
from markupsafe import Markup

from jetlens import __version__
from jetlens.core.files import atomic_folder, write_text
from jetlens.report import page
from jetlens.report.comparison import abstract, sections
from jetlens.report.content import Picture
from jetlens.report.pictures import Order, picture
from jetlens.report.variants import Comparison, Variant, called
from jetlens.run import ensembles, variations
from jetlens.run.costs import costs
from jetlens.run.ensembles import Shown
from jetlens.run.numbers import write_numbers
from jetlens.run.progress import Progress
from jetlens.run.stages import retrain, train
from jetlens.run.stages.report import gather, read_json
from jetlens.run.store import Store
from jetlens.run.study import PERFORMANCE, Study, key
from jetlens.summarise.trainings.costs import Costs
from jetlens.taggers import saved

VERSION = 18
NUMBERS, PAGE = "compare", "report"


def compare(whole: Study, studies: Sequence[Study], draw: bool) -> None:
    """Compare all variations: numbers, and with `draw` the figures and the page.

    Parameters
    ----------
    whole
        The study whose recipe varies.
    studies
        Its variations, summarised.
    draw
        Whether to draw.
    """
    home = whole.home
    shown = ensembles.shown(studies)
    files = [m.path for s in shown for m in s.members]
    against = whole.recipe.against
    counted = [[s.summary, len(s.members)] for s in shown]
    made = key(VERSION, home.fingerprint(files), counted, against)
    outputs = [home.numbers, _costs(home)]
    if home.begin(NUMBERS, made, outputs):
        whole.log.say(f"comparing {len(studies)} variations")
        numbers = ensembles.numbers_of(shown, against)
        spent = costs(studies, numbers, ensembles.called(shown))
        write_numbers(home.work(NUMBERS, home.numbers), numbers | spent.numbers())
        spent.save(home.work(NUMBERS, _costs(home)))
        home.finish(NUMBERS, outputs)
    if draw:
        _report(whole, studies, shown, made)


def _report(whole: Study, studies: Sequence[Study], shown: Sequence[Shown], made: str) -> None:
    home = whole.home
    provenance = {s.name: gather(s) for s in studies}
    write_text(home.provenance, json.dumps(provenance, indent=1) + "\n")
    numbers = [r.store.numbers for s in studies for r in s.repeats()]
    made = key(VERSION, made, home.fingerprint(numbers), whole.recipe.tree())
    outputs = [home.report, home.figures]
    if not home.begin(PAGE, made, outputs):
        whole.log.say(f"report: {home.report} is up to date")
        return
    curves = [s for s in studies if s.recipe.retrain is not None]
    explanations = _explanations(studies)
    compared, drawn = _pictures(whole, ensembles.drawn(shown), curves, explanations)
    facts = Comparison(
        recipe=whole.recipe.tree(),
        recipe_text=tomli_w.dumps(_common(whole, studies)),
        variants=[_variant(s) for s in studies],
        pictures=compared,
        numbers=read_json(home.numbers),
        provenance=provenance[studies[0].name],
        retrained=[(s.name, drawn[s.name]) for s in curves],
        rows=Costs.load(_costs(home)).rows,
        explanations=explanations,
        assumptions=_assumptions(studies),
    )
    place = home.work(PAGE, home.report)
    page.write(place, whole.recipe.title, abstract(facts), sections(facts), __version__)
    home.finish(PAGE, outputs)
    whole.log.say(f"report: {home.report} ({home.report.stat().st_size / 1e6:.1f} MB)")


def _costs(home: Store) -> Path:
    """Return the file that says what trainings cost."""
    return home.numbers.with_name(f"{Costs.name}.json")


def _common(whole: Study, studies: Sequence[Study]) -> dict[str, Any]:
    """Return the recipe without what is no variation's: what all replace, losses of no head."""
    tree = variations.shared(whole.recipe_tree(), whole.recipe.vary)
    heads = {head for s in studies for epoch in _epochs(s)[:1] for head in epoch["train"]}
    if "losses" in tree.get("train", {}):
        losses = tree["train"]["losses"]
        tree["train"]["losses"] = {head: v for head, v in losses.items() if head in heads}
    return tree


def _epochs(study: Study) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(study.tagger / f"{saved.HISTORY}.json")["epochs"]
    return found


def _pictures(
    whole: Study,
    shown: Sequence[Shown],
    curves: Sequence[Study],
    explanations: Mapping[str, Mapping[str, Any]],
) -> tuple[list[tuple[str, Picture]], dict[str, Picture]]:
    """Draw the comparisons, each with its summary's name, and retrainings by their variation."""
    with atomic_folder(whole.home.work(PAGE, whole.home.figures)) as folder:
        orders = [Order(tuple(s.members), folder, s.name) for s in shown]
        orders.append(Order(_costs(whole.home), folder, Costs.name))
        orders += [
            Order(retrain.place(s.store), folder, f"{retrain.STAGE}-{s.name}") for s in curves
        ]
        with Progress("drawing", len(orders)) as progress:
            made = whole.executor.map(picture, orders, progress)
    compared = [
        (s.summary, _of_explanation(p, s.prefix, explanations))
        for s, p in zip(shown, made, strict=False)
    ]
    costs_of, *drawn = made[len(shown) :]
    return (
        [*compared, (PERFORMANCE, costs_of)],
        {s.name: p for s, p in zip(curves, drawn, strict=True)},
    )


def _of_explanation(
    picture: Picture, prefix: str, explanations: Mapping[str, Mapping[str, Any]]
) -> Picture:
    """Return a figure whose title names the explanation, where there are several."""
    name = called(prefix.removesuffix("."), explanations)
    return replace(picture, title=Markup("{}, {}").format(picture.title, name)) if name else picture


def _explanations(studies: Sequence[Study]) -> dict[str, dict[str, Any]]:
    """Return explanations' settings by name, of the first variation that has them."""
    found: dict[str, dict[str, Any]] = {}
    for study in studies:
        for name, entry in study.recipe.explanations().items():
            found.setdefault(name, entry.model_dump(exclude_none=True))
    return found


def _assumptions(studies: Sequence[Study]) -> list[str]:
    """Return what datasets and taggers say of themselves, once each."""
    told = (
        getattr(thing, "assumptions", "")
        for study in studies
        for thing in (study.source(), saved.load(study.tagger))
    )
    return [words for words in dict.fromkeys(told) if words]


def _drawn(study: Study) -> tuple[float, float] | None:
    """Return how many jets of a class were drawn, and of how many; of all jets nothing."""
    jets: dict[str, Any] = read_json(study.tagger / f"{saved.HISTORY}.json")["jets"]
    if "drawn" not in jets:
        return None
    drawn, there = (sum(jets[of].values()) / len(jets[of]) for of in ("drawn", "read"))
    return drawn, there


def _variant(study: Study) -> Variant:
    tagger = saved.load(study.tagger)
    found: dict[str, Any] = {
        "name": study.name,
        "places": study.places,
        "tagger": {
            "use": getattr(type(tagger), "registered_name", type(tagger).__name__),
            "parameters": sum(p.numel() for p in tagger.parameters()),
            "inputs": tagger.inputs,
        },
        "epochs": [len(_epochs(r)) for r in study.repeats()],
        "seconds": [s for r in study.repeats() for s in r.store.state(train.STAGE)[train.SECONDS]],
        "numbers": read_json(study.store.numbers),
        "tested": study.tested_key(),
        "drawn": _drawn(study),
    }
    return Variant(**found)
