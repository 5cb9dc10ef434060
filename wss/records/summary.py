"""What the summaries of all kinds of runs have in common: they are read from what any version saved."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class Summary:
    """Base of what a run says of itself; a figure that an older version did not save has its default."""

    optional: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not saved while they are None."""

    @classmethod
    def of(cls, saved: "Mapping[str, Any] | Self") -> Self:
        """From what a run of this or an older version saved; a summary stays as it is."""
        if isinstance(saved, cls):
            return saved
        assert isinstance(saved, Mapping)
        return cls(**cls.read(saved))

    @classmethod
    def read(cls, saved: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the fields that `saved` has."""
        return {field.name: saved[field.name] for field in fields(cls) if field.name in saved}

    def as_dict(self) -> dict[str, Any]:
        """As it is saved."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in every.items() if value is not None or name not in self.optional}
