"""The pages that tell how the house is built: short lines, a picture first, and only what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DESIGN = ROOT / "docs" / "design.md"
PARTS = sorted({ROOT / "docs" / name for name in re.findall(r"\(([a-z]+\.md)\)", DESIGN.read_text().split("## 1.")[0])})
"""The page of each large part, as the first section of the design names them."""
WITHOUT_PICTURE = {"glossary.md", "profiles.md", "kpis.md"}
"""Tables, and a manual for users."""


@pytest.mark.parametrize("path", [DESIGN, *PARTS], ids=lambda p: p.stem)
def test_lines_are_short(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert len(line) <= 140 or line.startswith("|"), f"{path.name}:{number} has {len(line)} characters"


@pytest.mark.parametrize("path", [DESIGN, *PARTS], ids=lambda p: p.stem)
def test_a_page_opens_with_a_picture_of_how_data_flows(path):
    head = path.read_text().split("\n## ")[0]
    assert path.name in WITHOUT_PICTURE or "```" in head, f"{path.name}: a picture before the first section"


def test_every_package_has_its_line_in_the_layout():
    layout = DESIGN.read_text().split("## 2.")[1].split("```")[1]
    for path in sorted((ROOT / "wss").iterdir()):
        package = path.is_dir() and (path / "__init__.py").is_file() and not path.name.startswith("_")
        module = path.suffix == ".py" and path.name != "__init__.py"
        if package or module:
            assert path.name in layout, f"wss/{path.name} is not in the layout of docs/design.md"


def named_in(path: Path) -> list[str]:
    """Modules that a page names as `package.module` or `package/module.py` in backquotes, such as `core.reserve`."""
    rooms = "core|relaxation|dynamic_programming|local_search|proof"
    return re.findall(rf"`(?:optimization\.)?((?:{rooms})\.[a-z_]+)`", path.read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.stem)
def test_modules_that_a_page_names_exist(path):
    for module in named_in(path):
        assert (ROOT / "wss" / "optimization" / (module.replace(".", "/") + ".py")).is_file(), f"{path.name}: {module} is gone"
