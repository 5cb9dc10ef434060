"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from wss.config import document
from wss.quantities import QUANTITIES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("file", "page"), [("tenant.md", document.tenant_page), ("names.md", document.names_page)])
def test_page_is_up_to_date(file, page):
    assert (DOCS / file).read_text(encoding="utf-8") == page(), "run `python -m wss.config.document docs`"


def test_every_key_has_a_meaning():
    rows = [line for line in document.tenant_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_quantity_has_a_row():
    page = document.names_page()
    assert [name for name in QUANTITIES if f"| `{name}` |" not in page] == []
