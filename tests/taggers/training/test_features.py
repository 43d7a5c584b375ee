from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from jetlens.core.errors import BadFileError
from jetlens.data.scaling import Scaling
from jetlens.taggers.training.features import Features, key_of, stem_of
from jetlens.taggers.vit import Vit

IMAGE, CLASSES = {"image": ["pt"]}, ("one", "other")
TABLE = {
    "model_type": "vit",
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 16,
    "patch_size": 8,
}
ROWS = [np.array([3, 9, 4]), np.array([100, 50])]


def values(rows: np.ndarray) -> torch.Tensor:
    """What is made of each jet tells its row."""
    return torch.as_tensor(rows, dtype=torch.float32)[:, None] + torch.arange(4)


@pytest.fixture
def features(tmp_path: Path) -> Features:
    made = Features(tmp_path / "kept")
    for i, rows in enumerate(ROWS):
        made.write(f"part-{i}", rows, {"image": values(rows)}, flops=70, seconds=1.0 + i)
    return made


@pytest.mark.parametrize("rows", [[3, 9, 4], [50], [4, 100, 3, 4], []])
def test_jets_are_found_in_any_order_and_piece(features: Features, rows: list[int]) -> None:
    asked = np.array(rows, dtype=np.int64)
    found = features.read(asked)
    assert torch.equal(found["image"], values(asked))  # of no jets [0, 4]
    assert features.has(asked)
    assert features.flops == 70
    assert features.seconds == pytest.approx(3.0 / 5)
    assert features.rows("part-1").tolist() == [100, 50]


@pytest.mark.parametrize("rows", [[5], [3, 101], [-1]])
def test_jets_that_are_not_there_are_told(features: Features, rows: list[int]) -> None:
    asked = np.array(rows)
    assert not features.has(asked)
    with pytest.raises(BadFileError, match=r"lacks what a frozen part made .*made again"):
        features.read(asked)
    assert not Features(features.folder / "nowhere").has(asked)
    (features.folder / "empty").mkdir()
    assert not Features(features.folder / "empty").has(np.empty(0, np.int64))
    assert features.rows("part-7").tolist() == []


def key(
    seed: int = 1, scale: float = 1.0, jets: str = "jets", classes=CLASSES, of=key_of, **arguments
) -> str:
    torch.manual_seed(seed)
    arguments = {"seed": arguments.pop("seed_of_weights", 5), "tuned": 1, **arguments}
    scaling = Scaling({"image": {"pt": (0.0, scale)}})
    return of(Vit(IMAGE, classes, scaling, backbone=TABLE, weights="random", **arguments), jets)


def test_taggers_of_one_frozen_part_share_it_and_others_do_not() -> None:
    made = key()
    assert made == key(seed=2) == key(classes=("a", "b", "c"))  # what is trained may differ
    others = [
        key(tuned="head"),
        key(tuned=2),
        key(scale=2.0),
        key(jets="others"),
    ]
    torch.manual_seed(0)
    others.append(key_of(Vit(IMAGE, CLASSES, backbone=TABLE, weights="random", seed=6), "jets"))
    assert len({made, *others}) == 6


def test_taggers_that_differ_in_how_much_is_frozen_have_a_stem_in_common() -> None:
    stem = key(of=stem_of)
    assert stem == key(of=stem_of, tuned="head", classes=("a", "b", "c")) == key(of=stem_of, seed=2)
    others = [
        key(of=stem_of, **changed)
        for changed in ({"scale": 2.0}, {"jets": "others"}, {"seed_of_weights": 2})
    ]
    assert len({stem, *others}) == 4
    assert key(of=stem_of, seed_of_weights=None) == ""  # each training draws its own
