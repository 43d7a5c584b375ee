"""The tagger: trained on the train part, stopped on the validation part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadRecipeError
from jetlens.data.readers.ftag_variables import JET_FEATURES, NEWER_NAMES, TRACK_FEATURES
from jetlens.run.study import Study, key
from jetlens.taggers.train import train as fit
from jetlens.taggers.training.settings import TrainSettings

VERSION = 1
STAGE = "train"


def train(study: Study) -> None:
    """Train the tagger; a training that was killed goes on."""
    store, recipe = study.store, study.recipe
    settings = resolved(study)
    made = key(
        VERSION,
        recipe.tagger.model_dump(),
        settings.model_dump(exclude={"accelerator", "devices", "num_nodes"}),
        recipe.split,
        study.jets_key(),
    )
    if not store.begin(STAGE, made, [store.tagger]):
        study.log.say("tagger: trained already")
        return
    study.log.say(f"tagger: training, {settings.epochs} epochs")
    data = study.jets()
    config, inputs, classes = architecture(study, data.partitions()[0].read())
    fit(
        config,
        data,
        settings,
        store.work(STAGE, store.tagger),
        inputs=inputs,
        classes=classes,
        split=recipe.split,
    )
    store.finish(STAGE, [store.tagger], seed=settings.seed)
    study.log.say("tagger: trained")


def architecture(
    study: Study, jets: JetBatch
) -> tuple[dict[str, Any], dict[str, list[str]], Sequence[str]]:
    """Return the tagger's name and arguments, its inputs and its classes, for jets like these."""
    config = study.recipe.tagger.model_dump()
    inputs = config.pop("inputs", None) or default_inputs(jets)
    return config, inputs, config.pop("classes", None) or jets.classes


def resolved(study: Study) -> TrainSettings:
    """Return the recipe's training settings with this repeat's seed and the run's device."""
    given = study.recipe.train
    update: dict[str, Any] = {}
    if "seed" not in given.model_fields_set or study.number:
        update["seed"] = study.seed
    if "accelerator" not in given.model_fields_set:
        kind, _, index = study.device.partition(":")
        update["accelerator"] = "gpu" if kind == "cuda" else kind
        if index:
            update["devices"] = f"{index},"
    if update.get("accelerator") == "cpu" and "devices" not in given.model_fields_set:
        update["devices"] = 1
    return given.model_copy(update=update)


def default_inputs(jets: JetBatch) -> dict[str, list[str]]:
    """Return GN2's inputs as these jets name them.

    Raises
    ------
    BadRecipeError
        If the jets have no tracks: then the recipe names the inputs.
    """
    if "tracks" not in jets.collections:
        raise BadRecipeError(
            f"the jets hold {', '.join(jets.collections)}, but no tracks: name the inputs, "
            'as in tagger.inputs = { jets = ["pt"], consts = ["d0"] }'
        )
    found = {}
    for name, features in (("jets", JET_FEATURES), ("tracks", TRACK_FEATURES)):
        there = jets[name].names
        found[name] = [
            f.name if f.name in there else NEWER_NAMES.get(f.name, f.name) for f in features
        ]
    return found
