"""Tags that no sensor has: what came of them, and which sensors they may be."""

import difflib
from typing import Any

from wss import times
from wss.store import Store, Workspace, open_store

LIKELY = 3
"""Sensors that are named for a tag."""
ALIKE = 0.6
"""Least similarity of two names, from 0 to 1."""


def unknown_tags(workspace: Workspace, tenant: str) -> list[dict[str, Any]]:
    """What is set aside of a tenant, by tag: tenant, tag, readings, first and last time, example (values), likely (tags), reason.

    Raises StoreError if the tenant has no store.
    """
    with open_store(workspace, tenant) as store:
        rows = store.unknown_tags().to_dict("records")
        names = _names(store)
    return [
        {
            "tenant": tenant,
            "tag": row["tag"],
            "readings": row["readings"],
            "first": row["first"] and times.iso(row["first"]),
            "last": row["last"] and times.iso(row["last"]),
            "example": row["example"],
            "likely": likely(row["tag"], names),
            "reason": row["reason"],
            "file": row["file"],
        }
        for row in rows
    ]


def likely(tag: str, names: dict[str, str]) -> list[str]:
    """Tags of the sensors whose names (each with its tag) resemble `tag` most, the likeliest first; capitals do not matter."""
    folded = {name.casefold(): of for name, of in names.items()}
    close = difflib.get_close_matches(tag.casefold(), folded, n=2 * LIKELY, cutoff=ALIKE)
    return list(dict.fromkeys(folded[name] for name in close))[:LIKELY]


def _names(store: Store) -> dict[str, str]:
    tags = store.sensors()["tag"]
    return dict(zip(tags, tags, strict=True)) | store.aliases()
