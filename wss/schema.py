"""Base of all configuration: a typo is an error, a value never changes, a docstring is the schema text."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
"""Name that we give: lower case letters, digits, underscore; it becomes a folder or a schema."""

Id = Annotated[str, StringConstraints(pattern=r"^[^\s;\"]{1,31}$")]
"""Id of an element of the EPANET network: at most 31 characters, no blanks, semicolons or quotes."""


class Frozen(BaseModel):
    """Base of every configuration model."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )
