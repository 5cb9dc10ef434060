"""The examples of docs/profiles.md: each profile reads the export above it without a fault."""

import re
from pathlib import Path

import pytest

from wss.config import ImportProfile
from wss.config.lines import read_yaml
from wss.ingestion import readers

TEXT = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()
EXAMPLES = re.findall(r"## ([^:\n]+): .*?```\n(.*?)```\n```yaml\n(.*?)```", TEXT, re.DOTALL)
READ = {"Long": (1, 1), "Long with sections": (1, 0), "Wide": (2, 0), "One file a tag": (1, 0)}
"""Readings, and missing ones."""


@pytest.mark.parametrize(("layout", "export", "profile"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_example(layout, export, profile):
    document = read_yaml("profiles/x.yml", profile)
    assert not document.faults
    parsed = readers.read(export.encode(), "FT101_20220301T1000.csv", ImportProfile.model_validate(document.data))
    assert (len(parsed.readings), parsed.missing) == READ[layout]
    assert parsed.quarantine.empty
    assert str(parsed.readings["tag"].iloc[0]) == "FT101"


def test_every_layout_has_one():
    assert [example[0] for example in EXAMPLES] == list(READ)
