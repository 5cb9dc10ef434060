"""Base of all configuration: a typo is an error, a value never changes, a docstring is the schema text."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
"""Name that we give: lower case letters, digits, underscore; it becomes a folder or a schema."""

Id = Annotated[str, StringConstraints(pattern=r"^[^\s;\"]{1,31}$")]
"""Id of an element of the EPANET network: at most 31 characters, no blanks, semicolons or quotes."""


class Frozen(BaseModel):
    """Base of every configuration model."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )


class Calendar(Frozen):
    """Which days are holidays. One for demand (what people do), one for the tariff (what the contract says)."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 country whose public holidays count; none if absent."""
    subdivision: str | None = None
    """ISO 3166-2 subdivision (the part after the dash) whose holidays count too."""
    holidays: tuple[str, ...] = ()
    """Further holidays: ISO dates (2022-08-15), or month and day of every year (08-15)."""
