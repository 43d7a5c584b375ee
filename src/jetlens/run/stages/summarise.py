"""Headline numbers: flat, each with its interval."""

from __future__ import annotations

from jetlens.run.ensembles import numbers_of, shown
from jetlens.run.numbers import qualified, result_folders, write_numbers
from jetlens.run.shows import results
from jetlens.run.stages import retrain
from jetlens.run.study import Study
from jetlens.summarise.estimates import Numbers

RETRAININGS = "retrainings."
"""What goes before the names of numbers over all retrainings of a study."""


def summarise(study: Study) -> None:
    """Write ``results/numbers.json`` from all results."""
    found: Numbers = {}
    for prefix, folder in result_folders(study):
        parts = [(r.arguments, r.numbers()) for _, r in results(folder)]
        found |= qualified(parts, prefix)
    if study.number == 0:
        together = {} if study.name else numbers_of(shown([study]))  # variations are compared
        found |= {f"{RETRAININGS}{name}": number for name, number in together.items()}
        found |= retrain.numbers(study)
    write_numbers(study.store.numbers, found)
    study.log.say(f"results: {len(found)} numbers")
