"""What lasts of a training: its history, its best weights, and a checkpoint of each epoch."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from jetlens.core.errors import BadValueError
from jetlens.taggers.training.fitting import Fit, changing
from jetlens.taggers.training.losses import JET


class DivergedError(BadValueError):
    """Losses that are no longer finite: nothing is learned after that."""


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
        """Write the epoch down.

        Raises
        ------
        DivergedError
            If a loss is not finite.
        """
        if not isinstance(pl_module, Fit):
            raise TypeError(f"expected a Fit, not {type(pl_module).__name__}")
        epoch = len(self.history)
        self.seconds.append(time.perf_counter() - self._begun)
        means = pl_module.collect()
        self.history.append({"epoch": epoch, "rate": trainer.optimizers[0].param_groups[0]["lr"]})
        if pl_module.settings.steps is not None:
            self.history[-1]["steps"] = trainer.global_step
        self.history[-1] |= means
        if not all(math.isfinite(x) for part in means.values() for x in part.values()):
            raise DivergedError(
                f"the training diverged in epoch {epoch + 1}, where a loss is no longer a number "
                f"(train.rate = {pl_module.settings.rate:g}): expected a smaller rate"
            )
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
