"""The proposed profile, and why each of its keys has its value."""

from dataclasses import dataclass
from typing import Any

import yaml

from wss.config import ImportProfile


@dataclass(frozen=True)
class Evidence:
    """Why a key of the profile has its value."""

    key: str
    """Key of the profile; in brackets what is no key."""
    value: Any
    why: str
    doubt: bool = False
    """Whether somebody should look at it."""


@dataclass(frozen=True)
class Guess:
    """A proposed profile."""

    profile: ImportProfile
    evidence: tuple[Evidence, ...]
    tags: tuple[str, ...]
    """Tags of the sample."""

    @property
    def doubts(self) -> tuple[Evidence, ...]:
        """What somebody should look at."""
        return tuple(one for one in self.evidence if one.doubt)

    def yaml(self) -> str:
        """The profile as a file of profiles/, its doubts as comments."""
        given = self.profile.model_dump(mode="json", exclude_defaults=True)
        lists = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
        text = yaml.safe_dump(lists, sort_keys=False, allow_unicode=True, width=110)
        return "".join(f"# In doubt: {one.key}: {' '.join(one.why.split())}\n" for one in self.doubts) + text


class Notes:
    """Evidence as it is found."""

    def __init__(self):
        self.keys: dict[str, Any] = {}
        self.evidence: list[Evidence] = []

    def key(self, key: str, value: Any, why: str, doubt: str = "") -> None:
        """Give a key its value; a doubt is a line of its own."""
        self.keys[key] = value
        if why:
            self.evidence.append(Evidence(key, value, why))
        if doubt:
            self.doubt(key, doubt)

    def tell(self, what: str, value: Any, why: str) -> None:
        """Say something that is no key of the profile."""
        self.evidence.append(Evidence(f"({what})", value, why))

    def doubt(self, key: str, why: str) -> None:
        """Say why somebody should look at a key."""
        self.evidence.append(Evidence(key, self.keys.get(key), why, True))
