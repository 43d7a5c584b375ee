"""The training loop, as Lightning runs it: one module, one callback that keeps what must last."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, Checkpoint, TQDMProgressBar
from torch import Tensor, nn

from jetlens.core.hashing import mix
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.cost import Counting
from jetlens.taggers.training.examples import Batches, Epoch, Step
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
        steps = int(self.trainer.estimated_stepping_batches)
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


class Keeper(Checkpoint):
    """Keeps the history and the best weights, stops when there is no gain, and saves it all.

    The checkpoint is Lightning's own, written at the end of each epoch beside its place, then
    renamed into it.

    Parameters
    ----------
    path
        The checkpoint.
    patience
        Epochs without a lower validation loss of the jet head before training stops.
    """

    def __init__(self, path: Path, patience: int) -> None:
        self.path, self.patience = path, patience
        self.history: list[dict[str, Any]] = []
        self.seconds: list[float] = []
        self.best: dict[str, Tensor] = {}
        self.best_epoch = -1

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of this."""
        return {
            "history": self.history,
            "seconds": self.seconds,
            "best": self.best,
            "best_epoch": self.best_epoch,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.history, self.best = state_dict["history"], state_dict["best"]
        self.seconds = state_dict.get("seconds", [])
        self.best_epoch = state_dict["best_epoch"]

    @property
    def done(self) -> bool:
        """Whether the last `patience` epochs brought nothing."""
        return len(self.history) - 1 - self.best_epoch >= self.patience

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop at once if training had stopped when the checkpoint was written."""
        trainer.should_stop = bool(self.history) and self.done

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the clock."""
        self._begun = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the epoch down."""
        if not isinstance(pl_module, Fit):
            raise TypeError(f"expected a Fit, not {type(pl_module).__name__}")
        epoch = len(self.history)
        self.seconds.append(time.perf_counter() - self._begun)
        means = pl_module.collect()
        self.history.append({"epoch": epoch, "rate": trainer.optimizers[0].param_groups[0]["lr"]})
        self.history[-1] |= means
        judged = means["validation"] or means["train"]
        lowest = None
        if self.best:
            lowest = self._judged(self.best_epoch)
        if lowest is None or judged[JET] < lowest:
            self.best_epoch = epoch
            state = changing(pl_module.tagger)
            self.best = {k: v.detach().cpu().clone() for k, v in state.items()}
        if self.done:
            trainer.should_stop = True
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            trainer.save_checkpoint(part)
            if trainer.is_global_zero:
                with part.open("rb+") as written:
                    os.fsync(written.fileno())
                part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)  # what a full disk cut short
        trainer.strategy.barrier()

    def _judged(self, epoch: int) -> float:
        row = self.history[epoch]
        return float((row["validation"] or row["train"])[JET])


def fit(
    tagger: Tagger, settings: TrainSettings, train: Batches, validation: Batches, checkpoint: Path
) -> tuple[dict[str, Any], list[float]]:
    """Train until the epochs are done or nothing is gained; the best weights stay in the tagger.

    Parameters
    ----------
    tagger
        The tagger; it is changed.
    settings
        How to train.
    train, validation
        The batches.
    checkpoint
        Where the state is kept; if it is there, training goes on from it.

    Returns
    -------
    The losses of each epoch, which epoch was the best, how many ``steps`` there were and what one
    costs (``cost``: of a ``step``, and of the frozen part for a ``jet``); and how long each epoch
    took, in seconds, with its validation.
    """
    keeper = Keeper(checkpoint, settings.patience)
    shown = sys.stderr.isatty()
    callbacks: list[Callback] = [keeper]
    if shown:
        callbacks.append(TQDMProgressBar(leave=False))
    before = signal.getsignal(signal.SIGINT)
    with _quiet():
        trainer = Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            num_nodes=settings.num_nodes,
            precision=settings.precision,
            max_epochs=settings.epochs,
            gradient_clip_val=settings.clip,
            callbacks=callbacks,
            enable_progress_bar=shown,
            enable_model_summary=False,
            logger=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            use_distributed_sampler=False,
            default_root_dir=checkpoint.parent,
        )
        module = Fit(tagger, settings, train, validation)
        try:
            trainer.fit(
                module,
                ckpt_path=checkpoint if checkpoint.is_file() else None,
                weights_only=True,
            )
        except SystemExit as leaving:  # what Lightning makes of Ctrl-C
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt from leaving
    tagger.load_state_dict({**tagger.state_dict(), **keeper.best})
    found = {"epochs": keeper.history, "best": keeper.best_epoch}
    return found | {"steps": int(trainer.global_step), "cost": module.cost}, keeper.seconds


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's banners and tips off the screen; its errors are raised all the same."""
    loggers = [logging.getLogger(n) for n in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for module in (r"lightning\.", r"torch\.utils\._pytree"):
                warnings.filterwarnings("ignore", module=module)
            warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
