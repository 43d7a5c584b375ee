from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jetlens.core.validation import told


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Column(Table):
    unit: str = ""

    @model_validator(mode="after")
    def _used(self) -> Column:
        if self.unit == "inch":
            raise ValueError("unit = 'inch' is not in use: expected 'mm'")
        return self


class Collection(Table):
    columns: Annotated[dict[str, Column], Field(min_length=1)]


class Whole(Table):
    collections: dict[str, Collection]
    weight: Column | None = None
    epochs: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _short(self) -> Whole:
        if self.epochs > 10:
            raise ValueError("epochs: no time for as many; expected 10 or less")
        return self


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
        ({"collections": {}, "epochs": "1"}, "epochs = '1': expected a valid integer"),
        ({"collections": {}, "epochs": 11}, "epochs: no time for as many; expected 10 or less"),
        ({"collections": {}, "weight": {"unit": "inch"}}, "weight: unit = 'inch' is not in use: "),
    ],
)
def test_the_key_is_named_and_what_was_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(given)
    said = told(caught.value, Whole)
    assert message in said
    assert "Value error" not in said
    assert "{'" not in said  # of whole tables
