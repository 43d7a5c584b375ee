from __future__ import annotations

import pytest
from pydantic import ValidationError

from jetlens.taggers.training.settings import EPOCHS, LOOKS, TrainSettings


def test_a_training_is_as_long_as_epochs_or_steps_say() -> None:
    default, epochs, steps = TrainSettings(), TrainSettings(epochs=1), TrainSettings(steps=150)
    assert (default.epochs, default.steps, default.stretches) == (EPOCHS, None, None)
    assert (epochs.epochs, epochs.steps, epochs.length) == (1, None, "1 epoch")
    assert (steps.epochs, steps.steps, steps.length) == (None, 150, "150 steps")


@pytest.mark.parametrize("settings", [{}, {"epochs": 3}, {"steps": 30}])
def test_what_is_written_is_read_back(settings) -> None:
    made = TrainSettings(**settings)
    for exclude in (True, False):
        assert TrainSettings(**made.model_dump(exclude_none=exclude)) == made


@pytest.mark.parametrize("looks", [1, 4, LOOKS])
@pytest.mark.parametrize("steps", [1, 7, 10, 11, 99, 1000])
def test_stretches_are_alike_and_add_up(steps: int, looks: int) -> None:
    found = TrainSettings(steps=steps, looks=looks).stretches
    assert sum(found) == steps
    assert len(found) == min(looks, steps)
    assert 1 <= min(found) <= max(found) <= min(found) + 1


def test_both_are_refused() -> None:
    with pytest.raises(ValidationError, match="epochs = 3 and steps = 40: expected one of them"):
        TrainSettings(epochs=3, steps=40)
    for wrong in ({"epochs": 0}, {"steps": 0}):
        with pytest.raises(ValidationError, match="greater than or equal to 1"):
            TrainSettings(**wrong)


def test_epochs_are_looked_at_one_by_one() -> None:
    with pytest.raises(ValidationError, match="looks = 4 says in how many parts `steps` are taken"):
        TrainSettings(epochs=3, looks=4)


def test_looks_are_in_the_key_where_they_change_a_training() -> None:
    default, same, fewer = (TrainSettings(steps=9, **k) for k in ({}, {"looks": 10}, {"looks": 3}))
    assert default.key() == same.key() != fewer.key()
    assert "looks" not in TrainSettings(epochs=3).key()


def test_trainings_that_are_alike_have_one_key() -> None:
    """Weights that cannot be had are refused: elsewhere they are what the default comes to."""
    default, weight, none = (TrainSettings(resample=how) for how in ("auto", "weight", "none"))
    assert default == TrainSettings()
    assert default.key() == weight.key() != none.key()
