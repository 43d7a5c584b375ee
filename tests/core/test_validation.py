from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jetlens.core.validation import told


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Column(Table):
    unit: str = ""


class Collection(Table):
    columns: Annotated[dict[str, Column], Field(min_length=1)]


class Whole(Table):
    collections: dict[str, Collection]
    weight: Column | None = None
    epochs: Annotated[int, Field(ge=1)] = 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "collections is missing"),
        ({"colections": {}, "collections": {}}, "unknown key 'colections': did you mean 'coll"),
        ({"collections": {"a": {"colums": {}, "columns": {"x": {}}}}}, "did you mean 'columns'"),
        (
            {"collections": {"a": {"columns": {"x": {"units": "GeV"}}}}},
            "unknown key 'collections.a.columns.x.units': did you mean 'unit'",
        ),
        ({"collections": {}, "weight": {"units": "fb"}}, "weight.units': did you mean 'unit'"),
        ({"collections": {}, "epochs": 0}, "epochs = 0: expected 1 or more"),
    ],
)
def test_the_key_is_named_and_what_was_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(given)
    assert message in told(caught.value, Whole)
