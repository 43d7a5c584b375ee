"""A tagger in training, as Lightning sees it: losses, optimiser, and the batches of each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from jetlens.core.hashing import mix
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.batches import Batches, Epoch
from jetlens.taggers.training.cost import Counting
from jetlens.taggers.training.examples import Step
from jetlens.taggers.training.losses import JET, losses
from jetlens.taggers.training.settings import TrainSettings

ACCURACY = "accuracy"


class Fit(LightningModule):
    """A tagger in training: its losses, its optimiser and the batches of each epoch."""

    def __init__(
        self,
        tagger: Tagger,
        settings: TrainSettings,
        train: Batches,
        validation: Batches,
    ) -> None:
        super().__init__()
        self.tagger, self.settings = tagger, settings
        self.train_batches, self.validation_batches = train, validation
        self.sums: dict[str, dict[str, Tensor]] = {"train": {}, "validation": {}}
        self.cost: dict[str, int] = {}
        self.strict_loading = False  # what is not trained is not in checkpoints

    def configure_optimizers(self) -> Any:
        """AdamW under a one-cycle schedule."""
        s = self.settings
        optimiser = torch.optim.AdamW(
            [p for p in self.tagger.parameters() if p.requires_grad],
            lr=s.rate,
            weight_decay=s.weight_decay,
            # all weights in one pass; Lightning cannot clip gradients of mixed precision for it
            fused=s.precision.endswith("-true"),
        )
        steps = s.steps or int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=s.rate,
            total_steps=steps + 1,
            pct_start=s.warm_up,
            div_factor=s.rate / s.start_rate,
            final_div_factor=s.start_rate / s.end_rate,
            cycle_momentum=False,
        )
        return [optimiser], [{"scheduler": schedule, "interval": "step"}]

    def train_dataloader(self) -> Epoch:
        """Return the batches of the epoch that begins."""
        return self.train_batches.epoch(self.current_epoch, self.global_rank, self._world)

    def val_dataloader(self) -> Epoch:
        """Return the validation batches, always the same."""
        return self.validation_batches.epoch(0, self.global_rank, self._world)

    @property
    def _world(self) -> int:
        return int(self.trainer.world_size)

    def on_train_batch_start(self, batch: Step, batch_idx: int) -> None:
        """Begin each epoch with random numbers of its own, so that a resumed one is the same."""
        if batch_idx == 0:
            seed = mix(self.settings.seed, 1 + self.current_epoch * self._world + self.global_rank)
            torch.manual_seed(int(seed) >> 1)

    def training_step(self, batch: Step, batch_idx: int) -> Tensor:
        """Return the weighted sum of the heads' losses."""
        found: dict[str, Tensor] = {}
        with self._counting():
            for part in batch:
                _add(found, losses(self.tagger, self.train_batches.outputs(part), part))
        self._count("train", found)
        total = torch.zeros((), device=self.device)
        for task, (summed, _, number) in found.items():  # weights are one on average
            total = total + self.settings.losses.get(task, 1.0) * summed / number.clamp(min=1)
        return total

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take the gradients; after the first step of all, it is known what one costs."""
        with self._counting():
            super().backward(loss, *args, **kwargs)
        self.cost.setdefault("jet", self.train_batches.frozen_cost)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        if "jet" in self.cost:
            yield
            return
        with Counting() as counting:
            yield
        self.cost["step"] = self.cost.get("step", 0) + counting.total

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what is trained, and what a step costs."""
        names = changing(self)
        checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in names}
        checkpoint["cost"] = self.cost

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over what a step costs."""
        self.cost = checkpoint["cost"]

    def validation_step(self, batch: Step, batch_idx: int) -> None:
        """Count losses and correct predictions."""
        for part in batch:
            out = self.validation_batches.outputs(part)
            found = losses(self.tagger, out, part)
            correct = (out[JET].argmax(-1) == part.label) * part.weight
            found[ACCURACY] = torch.stack([correct.sum(), *found[JET][1:]])
            self._count("validation", found)

    def _count(self, part: str, found: Mapping[str, Tensor]) -> None:
        exact = torch.float32 if self.device.type == "mps" else torch.float64
        _add(self.sums[part], {task: sums.detach().to(exact) for task, sums in found.items()})

    def collect(self) -> dict[str, dict[str, float]]:
        """Return the epoch's mean losses over all processes, and begin anew."""
        means: dict[str, dict[str, float]] = {}
        for part, sums in self.sums.items():
            means[part] = {}
            for task, found in sums.items():
                over_all = torch.as_tensor(self.all_gather(found))
                summed, weight, _ = over_all.reshape(-1, 3).sum(0).tolist()
                means[part][task] = summed / weight if weight else 0.0
            self.sums[part] = {}
        return means


def changing(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's state without the parameters that are not trained."""
    still = {name for name, p in module.named_parameters() if not p.requires_grad}
    return {name: value for name, value in module.state_dict().items() if name not in still}


def _add(to: dict[str, Tensor], sums: Mapping[str, Tensor]) -> None:
    for task, values in sums.items():
        to[task] = to[task] + values if task in to else values
