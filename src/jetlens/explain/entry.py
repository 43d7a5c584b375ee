"""`jetlens.explain`: from names to an attribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import torch
import xarray as xr

from jetlens.core import attribution
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.moves import ALL, none_of, selected
from jetlens.core.registry import explainers
from jetlens.data.base import Dataset
from jetlens.explain.base import Explainer
from jetlens.explain.targets import LABEL, LOGIT, OTHER, PREDICTED, Target, resolve
from jetlens.taggers.base import Tagger


@overload
def explain(
    tagger: Tagger,
    jets: JetBatch,
    method: str | Explainer,
    *,
    target: str | Iterable[str] = ...,
    of: str = ...,
    pool: JetBatch | None = ...,
    **options: Any,
) -> xr.Dataset: ...
@overload
def explain(
    tagger: Tagger,
    jets: Dataset,
    method: str | Explainer,
    *,
    target: str | Iterable[str] = ...,
    of: str = ...,
    pool: JetBatch | None = ...,
    **options: Any,
) -> Iterator[xr.Dataset]: ...
def explain(
    tagger: Tagger,
    jets: JetBatch | Dataset,
    method: str | Explainer,
    *,
    target: str | Iterable[str] = "predicted",
    of: str = "logit",
    pool: JetBatch | None = None,
    **options: Any,
) -> xr.Dataset | Iterator[xr.Dataset]:
    """Explain what a tagger says of jets.

    Parameters
    ----------
    tagger
        A tagger; any other module is first named by `jetlens.wrap`.
    jets
        A batch; or a `Dataset`, of which the partitions are explained one by one.
    method
        The name of an explainer (``jetlens list explainers``), or one.
    target
        A class, ``"predicted"``, ``"label"``, ``"other"`` (the likeliest class but the predicted
        one), an expression of class probabilities such as ``"log(b/(0.018*c+0.982*u))"``, an
        auxiliary output such as ``"tracks.origin=from_b"`` (summed over a jet's particles), or a
        list of these, which gives a ``target`` dimension. Classes that are no words stand in quotes
        in expressions: ``'log("H->bb"/QCD)'``.
    of
        ``"logit"``, ``"probability"`` or ``"log-odds"`` (ln p / (1 - p), which does not hang on
        what all logits share) of the class, of an auxiliary output among its task's classes;
        expressions are explained as they are.
    pool
        Reference jets: for baselines that come from jets, and for the prongs of other jets to
        compare a jet's own with; left out, the jets themselves (of a `Dataset`, its first
        partition).
    options
        The explainer's own.

    Returns
    -------
    The attribution; for a `Dataset`, an iterator over those of its partitions.

    Raises
    ------
    JetlensError
        If a name, option or value is wrong.
    """
    explainer, targets, several = _asked(tagger, method, target, of, options)
    if isinstance(jets, JetBatch):
        found = _one(explainer, tagger, jets, targets, several, pool)
        _check_moved(explainer, len(jets), _moves(explainer, found))
        return found
    if isinstance(jets, Dataset):
        return _stream(explainer, tagger, jets, targets, several, pool)
    raise BadValueError(f"expected a JetBatch or a Dataset of jets, not {type(jets).__name__}")


def explain_part(
    tagger: Tagger,
    jets: JetBatch,
    method: str | Explainer,
    *,
    target: str | Iterable[str] = PREDICTED,
    of: str = LOGIT,
    pool: JetBatch | None = None,
    **options: Any,
) -> xr.Dataset:
    """Explain some jets of many, as `explain` does; there may be none among them to be moved."""
    explainer, targets, several = _asked(tagger, method, target, of, options)
    return _one(explainer, tagger, jets, targets, several, pool)


def _asked(
    tagger: Tagger, method: str | Explainer, target: object, of: str, options: Mapping[str, Any]
) -> tuple[Explainer, list[Target], bool]:
    """Return the explainer, what is explained, and whether this is a list."""
    if not isinstance(tagger, Tagger):
        raise BadValueError(
            f"expected a tagger, not {type(tagger).__name__}: name its inputs and classes with "
            "jetlens.wrap(module, inputs={...}, classes=(...))"
        )
    if isinstance(method, Explainer):
        if options:
            raise BadValueError(f"options {list(options)} are set in the explainer handed in")
        explainer = method
    else:
        explainer = explainers.make(method, **options)
    texts, several = _listed(target, tagger)
    return explainer, [resolve(text, tagger, of) for text in texts], several


def _moves(explainer: Explainer, found: xr.Dataset) -> bool:
    """Say whether there are jets that an explainer is to move, if it asks for those of classes."""
    move = getattr(explainer, "move", ALL)
    if isinstance(move, str):
        return True  # of a tagger that is never wrong, too
    classes = [str(c) for c in found["class"].values]
    decided = found["output"].values.argmax(axis=-1)
    return bool(selected(move, classes, found["label"].values, decided).any())


def _check_moved(explainer: Explainer, jets: int, some: bool) -> None:
    """Refuse a selection that none of the jets meets."""
    if not some:
        move = explainer.move  # type: ignore[attr-defined]
        raise BadValueError(f"move={move!r}: {none_of(move, jets)}")


def _listed(target: object, tagger: Tagger) -> tuple[list[str], bool]:
    """Return the names of targets, and whether there are several."""
    names = target.tolist() if isinstance(target, np.ndarray) else target
    if isinstance(names, str):
        return [str(names)], False
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, Mapping) else []
    if not listed or not all(isinstance(name, str) for name in listed):
        raise BadValueError(
            f"target={target!r}: expected a name, or a list of one or more; the classes are "
            f"{', '.join(tagger.classes)}, and there are {PREDICTED!r}, {LABEL!r}, {OTHER!r}, "
            "expressions and auxiliary outputs"
        )
    return [str(name) for name in listed], True


def _stream(
    explainer: Explainer,
    tagger: Tagger,
    jets: Dataset,
    targets: Sequence[Target],
    several: bool,
    pool: JetBatch | None,
) -> Iterator[xr.Dataset]:
    number, some = 0, False
    for partition in jets:
        pool = partition if pool is None else pool
        found = _one(explainer, tagger, partition, targets, several, pool)
        number, some = number + len(partition), some or _moves(explainer, found)
        yield found
    _check_moved(explainer, number, some or not number)


def _one(
    explainer: Explainer,
    tagger: Tagger,
    jets: JetBatch,
    targets: Sequence[Target],
    several: bool,
    pool: JetBatch | None,
) -> xr.Dataset:
    alike = explainer.needs == "attention"  # a tagger attends alike, whatever is explained of it
    found = [explainer.explain(tagger, jets, t, pool) for t in targets[: 1 if alike else None]]
    if not several:
        return found[0]
    found = attribution.aligned(found)
    first = found[0].drop_vars("target")
    per_target = [] if alike else attribution.of_target(first)
    if per_target:
        stacked = xr.concat([f[per_target] for f in found], dim="target", combine_attrs="override")
        first = xr.merge([first.drop_vars(per_target), stacked], combine_attrs="override")
    if alike:
        logits = torch.as_tensor(first["output"].values)
        chosen = [t.chosen(logits, first["label"].values).numpy() for t in targets]
    else:
        chosen = [f["target"].values for f in found]
    texts, of = [t.text for t in targets], [t.of for t in targets]
    return (
        first.assign(
            {
                attribution.TARGET_CLASS: (
                    ("target", "jet"),
                    np.stack(chosen),
                    {attribution.OF_TARGET: 1},
                )
            }
        )
        .assign_coords(target=np.array(texts))
        .assign_attrs({"target": texts, "of": of})
    )
