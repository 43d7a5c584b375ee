"""The training loop, as Lightning runs it: one module, one callback that keeps what must last."""

from __future__ import annotations

import logging
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, TQDMProgressBar

from jetlens.taggers.base import Tagger
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.fitting import Fit
from jetlens.taggers.training.keeper import Keeper
from jetlens.taggers.training.settings import TrainSettings


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
            max_epochs=settings.epochs or len(train.stretches or ()),
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
