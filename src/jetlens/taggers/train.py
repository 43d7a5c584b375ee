"""Training a tagger, from top to bottom: flavours resampled, inputs scaled, fitted, saved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.files import told, write_text
from jetlens.core.hashing import digest
from jetlens.core.registry import taggers
from jetlens.data.base import Bare, Dataset, Part
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit as fit_scaling
from jetlens.taggers.base import Tagger
from jetlens.taggers.saved import HISTORY, description, save
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.cost import cost
from jetlens.taggers.training.draw import Drawn, draw
from jetlens.taggers.training.features import Features
from jetlens.taggers.training.frozen import Once
from jetlens.taggers.training.preparation import count, decided, prepare
from jetlens.taggers.training.settings import TrainSettings

__all__ = ["TrainSettings", "train"]


def train(
    config: Mapping[str, Any],
    data: Dataset,
    settings: TrainSettings,
    out: Path | str,
    *,
    inputs: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    split: tuple[float, float, float] = (0.7, 0.1, 0.2),
    division: int = 0,
    features: Features | None = None,
) -> Tagger:
    """Train a registered tagger on the train part of a dataset, and save it.

    If it is killed, the same call goes on from the last epoch that was finished, and ends with the
    weights of an undisturbed run. Those of the lowest validation loss of the jet head are kept.

    Parameters
    ----------
    config
        A tagger's name and its arguments, such as ``{"use": "gn2", "size": "small"}``.
    data
        Labelled jets, with the truth of the tagger's tasks.
    settings
        How to train.
    out
        The folder for the tagger and its ``history.json``. Unfinished work is kept beside it, in
        ``<out>.work``; so is how long each epoch took, in ``<out>.seconds.json`` (the first of them
        with the jets' way through a frozen part).
    inputs
        Feature names by collection.
    classes
        The flavours to tell apart.
    split, division
        Shares of train, validation and test, and which way of dividing the events; see
        `jetlens.data.base.Part`.
    features
        What the tagger's frozen part made of all these jets, if that was evaluated already; the
        jets need not be scaled, and their images are not made.

    Raises
    ------
    BadValueError
        If a class has no jets to train on, or the train part is too small, or the training
        diverges, of which nothing is kept then.
    UnknownNameError
        If there is no such tagger or class, or the jets lack an input or a task's truth.
    BadFileError
        If the place cannot be written to.
    """
    out = Path(out)
    for name in settings.class_weights:
        look_up("class", name, dict.fromkeys(classes))
    if settings.resample == "auto":
        settings = decided(settings, next(iter(Bare(data)), None))
    training, validation = (
        part_of(data, part, split, division, classes, settings) for part in ("train", "validation")
    )

    drawn_from = training.there if isinstance(training, Drawn) else None
    preparation, counts = prepare(Bare(training), classes, settings)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if features is None:
            unscaled = build(config, inputs, classes, Scaling(), settings.seed)
            whole = Part(data, "train", split, division) if unscaled.freezes else training
            fitted = scaling_of(unscaled, whole, settings)
        else:
            fitted = features.scaling
        tagger = build(config, inputs, classes, fitted, settings.seed)
        work = out.with_name(f"{out.name}.work")
        once: dict[str, Once] = {}
        if tagger.freezes and settings.cache:
            parts = ("train", "validation")
            once = {p: Once(work / p, settings.cache_memory, features) for p in parts}
            if features is not None:
                training, validation = Bare(training), Bare(validation)
        batches = Batches(
            tagger, training, preparation.apply, counts.total,
            size=settings.batch, pool=settings.pool, seed=settings.seed, together=settings.together,
            stretches=settings.stretches, once=once.get("train"),
        )  # fmt: skip
        looked_at = count(Bare(validation), preparation).total
        checks = Batches(
            tagger, validation, preparation.apply, looked_at,
            size=settings.batch, pool=settings.pool, seed=None, once=once.get("validation"),
        )  # fmt: skip

        # what was begun is gone on with only if it is the same training
        this = digest(json.dumps([description(tagger), settings.model_dump()], default=list))
        with told(work):
            work.mkdir(parents=True, exist_ok=True)
            # Lightning takes seconds to import
            from jetlens.taggers.training.keeper import DivergedError
            from jetlens.taggers.training.loop import fit

            try:
                history, seconds = fit(tagger, settings, batches, checks, work / f"{this}.ckpt")
            except DivergedError:  # going on from there would end in the same
                shutil.rmtree(work)
                raise
    if features is not None and seconds:  # as if this training had run what is frozen itself
        seconds[0] += features.seconds * (counts.total + looked_at)
    spent = cost(tagger, counts.total, history.pop("steps"), **history.pop("cost"))
    if torch.distributed.is_initialized() and torch.distributed.get_rank() > 0:
        return tagger.eval()  # the first process saves
    jets: dict[str, Any] = {
        "read": counts.read, "kept": counts.kept, "resample": settings.resample
    }  # fmt: skip
    if drawn_from is not None:
        jets |= {"read": drawn_from, "drawn": counts.read}
    if settings.resample == "weight":
        jets["effective"] = counts.effective
    # not among the tagger's files, which are the same bytes whenever it is trained
    write_text(times(out), json.dumps(seconds))
    save(tagger, out, {HISTORY: {**history, "jets": jets, "cost": spent}})
    shutil.rmtree(work)
    return tagger.eval()


def part_of(
    data: Dataset,
    part: str,
    split: tuple[float, float, float],
    division: int,
    classes: Sequence[str],
    settings: TrainSettings,
) -> Dataset:
    """Return the train or validation part, or what is drawn of it.

    Raises
    ------
    BadValueError
        If the train part has fewer jets of a class than are to be drawn.
    """
    whole = Part(data, part, split, division)
    if settings.per_class is None:
        return whole
    drawn = draw(whole, classes, settings.per_class, settings.seed)
    for name, there in drawn.there.items():
        if part == "train" and there < settings.per_class:
            raise BadValueError(
                f"per_class = {settings.per_class}: the train part has {there} {name!r} jets; "
                f"expected as many at least, so draw fewer or take more jets"
            )
    return drawn


def scaling_of(tagger: Tagger, jets: Dataset, settings: TrainSettings) -> Scaling:
    """Return how a tagger's inputs are scaled: fitted to the train part, or what is drawn of it.

    Where a part of the tagger is frozen it is the whole train part, of which no labels are used: so
    that the frozen part sees the same inputs whichever jets are drawn.
    """
    # it says itself how it is scaled, and what is scaled at each place by itself
    kind = tagger.scaled or settings.scaling
    return fit_scaling(jets, tagger.inputs, kind, settings.log, tagger.places)


def build(
    config: Mapping[str, Any],
    inputs: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    scaling: Scaling,
    seed: int,
) -> Tagger:
    """Make a tagger of its name (``use``) and its arguments, its first weights set by the seed.

    Raises
    ------
    BadValueError
        If there are not two classes to tell apart, or it does not take an argument.
    UnknownNameError
        If there is no such tagger.
    """
    if len(classes) < 2:
        raise BadValueError(
            f"classes = {list(classes)}: expected two or more, which the tagger is to tell apart"
        )
    arguments = dict(config)
    torch.manual_seed(seed)
    made: Tagger = taggers.make(
        arguments.pop("use"), inputs=inputs, classes=classes, scaling=scaling, **arguments
    )
    return made


def times(out: Path) -> Path:
    """Return the file that tells how many seconds each epoch of a training took."""
    return out.with_name(f"{out.name}.seconds.json")
