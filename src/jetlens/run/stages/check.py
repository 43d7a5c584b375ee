"""What is asked of a tagger, looked at before it is trained: the jets are there by then."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
import xarray as xr

from jetlens.core.arguments import parameters
from jetlens.core.attribution import SCORE, VALUE, beside
from jetlens.core.batch import JetBatch
from jetlens.core.errors import (
    BadRecipeError,
    BadValueError,
    JetlensError,
    UnknownNameError,
    UnsupportedError,
    look_up,
)
from jetlens.core.registry import explainers, summaries
from jetlens.data import resample
from jetlens.data.generated import Generated
from jetlens.data.scaling import Scaling
from jetlens.evaluate.predict import predict
from jetlens.explain.paths.baselines import held
from jetlens.explain.regions import with_regions
from jetlens.explain.targets import resolve
from jetlens.run.checks import images
from jetlens.run.stages import retrain
from jetlens.run.stages.generate import is_made
from jetlens.run.stages.shown import check_names
from jetlens.run.stages.train import architecture
from jetlens.run.stages.trial import misfit
from jetlens.run.study import Study
from jetlens.taggers import saved
from jetlens.taggers.base import Tagger
from jetlens.taggers.encode import encode
from jetlens.taggers.state import at_rest
from jetlens.taggers.train import build

FEW = 4  # jets
FORESEEN = 16  # jets


def foresee(study: Study) -> None:
    """Check what can be checked before the jets are made, on a few or made-up ones like them.

    Raises
    ------
    JetlensError
        As `check`.
    """
    source = study.source()
    if not isinstance(source, Generated) or is_made(study):
        return  # they are there, to be looked at themselves
    jets, made = source.batch(source.foreseen(FORESEEN), 0), images(study.recipe.data)
    _check(study, jets if made is None else made.add(jets), made_up=True)


def check(study: Study) -> None:
    """Check classes, targets, methods and shown variables against the jets and the tagger.

    Raises
    ------
    JetlensError
        If there are no jets to test on, a class, target, input, layer or variable is not there, or
        a method cannot explain the tagger (of a variation, which is explained without it, that is
        no mistake).
    """
    if not any(len(p.read()) for p in study.tested().partitions()):
        share = "" if study.given else f": its share is {study.recipe.split[2]:g} of the events"
        raise BadValueError(f"no jets to explain in the test part{share}; take more jets")
    _check(study, study.jets().partitions()[0].read())


def _check(study: Study, jets: JetBatch, made_up: bool = False) -> None:
    """Check what is asked of the tagger, on some jets, whose numbers may be made up."""
    if study.recipe.retrain is not None:
        retrain.check(study, jets)
    if study.given is None:
        _check_logarithms(study, jets)
        _check_resampling(study, jets)
        tagger = untrained(study, jets)
    else:
        tagger = saved.load(study.given, trust=study.trust)
    for i, entry in enumerate(study.recipe.explain):
        hold = entry.arguments.get("hold", ())
        try:
            resolve(entry.target, tagger, entry.of)
            if "hold" in parameters(explainers.get(entry.use)):
                held(hold, tagger)
            reason = misfit(tagger, entry, jets, study.fits)
            if reason and not study.name:
                raise UnsupportedError(reason)
        except JetlensError as error:
            if study.given is not None:
                raise
            raise BadRecipeError(f"explain.{i}: {error}") from None
    _check_shows(study, tagger, jets.take(slice(0, FEW)), made_up)


def _check_logarithms(study: Study, jets: JetBatch) -> None:
    """Look for the features whose logarithm is to be taken; images have none."""
    for name, floors in study.recipe.train.log.items():
        with _told_of(f"train.log.{name}"):
            collection = look_up("collection", name, jets.collections)
            known = {} if collection.is_image else dict.fromkeys(collection.names)
            for feature in floors:
                look_up(f"feature of {name}", feature, known)


def _check_resampling(study: Study, jets: JetBatch) -> None:
    """Look for what resampling takes, where it is asked for."""
    how = study.recipe.train.resample
    try:
        if how in resample.METHODS:
            resample.bins(jets)
    except BadValueError as error:
        raise BadRecipeError(f"train.resample = {how!r}: {error}") from None


def _check_shows(study: Study, tagger: Tagger, jets: JetBatch, made_up: bool) -> None:
    """Fill the summaries from a few jets with scores of one, to find names and values that are off.

    The jets have their regions beside them, as explanations have.

    Before that, names are looked for among the jets, whatever the method. What else they may lack,
    such as what a method adds, is told when there are scores; and what values do not fit to made-up
    jets, when there are jets.
    """
    said = with_regions(beside(predict(tagger, jets), jets), jets, jets)
    values = {name: said[name + VALUE] for name in tagger.inputs}
    ones = {name + SCORE: xr.ones_like(v).where(v.notnull()) for name, v in values.items()}
    mistakes = UnknownNameError if made_up else (UnknownNameError, BadValueError)
    for use, arguments in (*study.shows(scores=False), *study.shows(scores=True)):
        try:
            check_names(study, use, arguments, jets)
        except UnsupportedError:
            continue
        except (UnknownNameError, BadValueError) as error:
            raise BadRecipeError(f"show, {use}: {error}") from None
        try:
            summaries.make(use, **arguments).fill(said.assign(ones))
        except mistakes as error:
            raise BadRecipeError(f"show, {use}: {error}") from None
        except JetlensError:
            continue


def untrained(study: Study, first: JetBatch) -> Tagger:
    """Build the tagger that the recipe names and try it on a few jets; its weights mean nothing."""
    with _told_of("tagger"):
        config, inputs, classes = architecture(study, first)
        for name in classes:
            look_up("class", name, dict.fromkeys(first.classes))
    with _told_of("train.class_weights"):
        for name in study.recipe.train.class_weights:
            look_up("class", name, dict.fromkeys(classes))
    with _told_of("tagger", BadValueError), torch.random.fork_rng(devices=[]):
        made = build(config, inputs, classes, Scaling(), seed=0)
    images = study.recipe.data.images is not None
    told = _told_of("data.images", BadValueError) if images else _told_of("tagger")
    with told, at_rest(made), torch.no_grad():
        made(*encode(made, first.take(slice(0, FEW))))
    return made


@contextlib.contextmanager
def _told_of(key: str, *others: type[JetlensError]) -> Iterator[None]:
    """Tell of which key of the recipe a name is that nothing answers to, and of other mistakes."""
    mistakes: tuple[type[JetlensError], ...] = (UnknownNameError, *others)
    try:
        yield
    except mistakes as error:
        raise BadRecipeError(f"{key}: {error}") from None
