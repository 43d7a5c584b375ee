"""Taggers on disk: weights as safetensors, all else as JSON; nothing in them is code."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from jetlens.core.arguments import typed
from jetlens.core.errors import BadFileError, JetlensError, UnsupportedError
from jetlens.core.files import atomic_folder
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Tagger

DESCRIPTION, WEIGHTS = "tagger.json", "weights.safetensors"
HISTORY = "history"
FORMAT = 1
PICKLES = (".ckpt", ".pt", ".pth", ".pkl", ".bin")

_COMMON = ("inputs", "classes", "scaling")


def arguments(tagger: Tagger) -> dict[str, Any]:
    """Return the constructor arguments beside inputs, classes and scaling.

    A registered tagger keeps each of them as an attribute of the same name.
    """
    own = inspect.signature(type(tagger).__init__).parameters
    return {k: getattr(tagger, k) for k in own if k not in ("self", *_COMMON)}


def description(tagger: Tagger) -> dict[str, Any]:
    """Return all that is needed to build a registered tagger again, but its weights.

    Raises
    ------
    UnsupportedError
        If it is somebody's module, wrapped.
    """
    name = getattr(type(tagger), "registered_name", None)
    if name is None:
        raise UnsupportedError(
            f"{type(tagger).__name__} is not a registered tagger, so that its architecture cannot "
            "be saved: keep the module's own weights, and wrap it with jl.wrap when it is loaded"
        )
    return {
        "format": FORMAT,
        "use": name,
        "arguments": arguments(tagger),
        "inputs": tagger.inputs,
        "classes": tagger.classes,
        "tasks": tagger.tasks,
        **_told(tagger.scaling),
    }


def save(tagger: Tagger, folder: Path | str, extra: Mapping[str, Any] | None = None) -> None:
    """Write a tagger to a folder, which stands there whole or not at all.

    Weights that it took from elsewhere, and that still are what they were there, are named alone.

    Parameters
    ----------
    tagger
        A registered tagger.
    folder
        Where to; a tagger that is there is replaced.
    extra
        More JSON files to put beside it, by name without the suffix, such as `HISTORY`.

    Raises
    ------
    UnsupportedError
        If it is somebody's module, wrapped: its architecture is code, which is not saved.
    BadFileError
        If the place cannot be written to.
    """
    described = description(tagger)
    folder = Path(folder)
    if folder.exists() and not (folder / DESCRIPTION).is_file():
        raise BadFileError(f"{str(folder)!r} is there and is no tagger: it is not replaced")
    weights = {k: v.detach().cpu().contiguous() for k, v in tagger.state_dict().items()}
    found = [k for k, v in tagger.elsewhere().items() if _same(weights[k], v)]
    if found:
        described["elsewhere"] = found
        weights = {k: v for k, v in weights.items() if k not in {*found}}
    with atomic_folder(folder) as part:
        save_file(weights, part / WEIGHTS)
        for file, content in {Path(DESCRIPTION).stem: described, **(extra or {})}.items():
            text = json.dumps(content, indent=1, allow_nan=False)
            (part / f"{file}.json").write_text(text + "\n", encoding="utf-8")


def load(path: Path | str, *, trust: bool = False) -> Tagger:
    """Load a tagger; no code is run and no pickle is read.

    Parameters
    ----------
    path
        A tagger's folder.
    trust
        Read a pickled tagger all the same (``.ckpt``, ``.pt``, ``.pth``). Whoever wrote such a file
        can run any program on this machine.

    Raises
    ------
    BadFileError
        If it is not a tagger's folder, or is damaged, or its weights do not fit.
    UnsupportedError
        If it is a pickle and `trust` is not given, or holds no tagger.
    """
    path = Path(typed(str | Path, path, "path"))
    if path.suffix in PICKLES and not path.is_dir():
        return _unpickle(path, trust)
    described = _description(path)
    try:
        tagger: Tagger = taggers.make(
            described["use"],
            inputs={name: _names(own) for name, own in described["inputs"].items()},
            classes=_names(described["classes"]),
            scaling=_scaling(described),
            **described["arguments"],
        )
    except JetlensError as error:
        raise BadFileError(f"{str(path / DESCRIPTION)!r}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFileError(f"{str(path / DESCRIPTION)!r} is damaged: {error!r}") from error
    weights = _weights(path / WEIGHTS)
    state = tagger.state_dict()
    weights |= {k: state[k] for k in described.get("elsewhere", ()) if k in state}
    _fit(tagger, weights, path / WEIGHTS)
    if any(w.dtype == torch.float64 for w in weights.values()):
        tagger.double()
    tagger.load_state_dict(weights)
    return tagger.eval()


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other.cpu())


def _description(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise BadFileError(f"no tagger {str(path)!r}")
    if not (path / DESCRIPTION).is_file():
        there = ", ".join(sorted(p.name for p in path.iterdir())) if path.is_dir() else "a file"
        raise BadFileError(
            f"{str(path)!r} is no tagger: expected a folder with {DESCRIPTION} and {WEIGHTS}, "
            f"found {there or 'nothing'}; anyone's module is taken with jl.wrap"
        )
    try:
        described = json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadFileError(f"{str(path / DESCRIPTION)!r} is damaged: {error}") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        found = described.get("format") if isinstance(described, dict) else None
        raise BadFileError(f"{str(path / DESCRIPTION)!r} has format {found!r}: expected {FORMAT}")
    return described


def _names(found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise TypeError(f"expected a list of names, not {found!r}")
    return found


def _told(scaling: Scaling) -> dict[str, Any]:
    """Return a scaling as `_scaling` reads it; those of places are scalings, too."""
    return {
        "scaling": scaling.table,
        "limits": scaling.limits,
        "floors": scaling.floors,
        "places": {name: [_told(own) for own in each] for name, each in scaling.places.items()},
    }


def _scaling(described: Mapping[str, Any]) -> Scaling:
    places = described.get("places", {})
    return Scaling(
        _pairs(described["scaling"]),
        _pairs(described.get("limits", {})),
        _numbers(described.get("floors", {})),
        {name: tuple(_scaling(own) for own in each) for name, each in places.items()},
    )


def _pairs(table: Any) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        name: {feature: (float(one), float(other)) for feature, (one, other) in features.items()}
        for name, features in table.items()
    }


def _numbers(table: Any) -> dict[str, dict[str, float]]:
    return {name: {f: float(x) for f, x in features.items()} for name, features in table.items()}


def _weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise BadFileError(f"the tagger's weights {str(path)!r} are missing") from error
    except (SafetensorError, OSError) as error:
        raise BadFileError(f"{str(path)!r} is damaged or cut short: {error}") from error


def _fit(tagger: Tagger, weights: Mapping[str, torch.Tensor], path: Path) -> None:
    wanted = tagger.state_dict()
    if wanted.keys() != weights.keys():
        name = min(wanted.keys() ^ weights.keys())
        raise BadFileError(
            f"{str(path)!r} does not fit its description: {name!r} is "
            + ("missing" if name in wanted else "not a part of that network")
        )
    for name, weight in weights.items():
        if weight.shape != wanted[name].shape:
            raise BadFileError(
                f"{str(path)!r} does not fit its description: {name!r} has shape "
                f"{tuple(weight.shape)}, expected {tuple(wanted[name].shape)}"
            )


def _unpickle(path: Path, trust: bool) -> Tagger:
    if not trust:
        raise UnsupportedError(
            f"{str(path)!r} is a pickle, which can run any program when it is read: load the "
            "module yourself and hand it to jl.wrap(module, inputs, classes), or say that "
            "you know who wrote it, by --trust on the command line or trust=True"
        )
    if not path.is_file():
        raise BadFileError(f"no file {str(path)!r}")
    try:
        found = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # whatever the pickled code raises
        raise BadFileError(f"cannot read {str(path)!r}: {error}") from error
    if not isinstance(found, Tagger):
        what = "weights alone" if isinstance(found, dict) else type(found).__name__
        raise UnsupportedError(
            f"{str(path)!r} holds {what}, without feature and class names: build the module and "
            "hand it to jl.wrap(module, inputs, classes)"
        )
    return found.eval()
