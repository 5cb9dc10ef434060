"""Where the benchmark cases are: in the repository, and beside the checkout what no known licence lets in."""

from pathlib import Path

import yaml

CASES = Path(__file__).resolve().parent / "cases"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "bench"


def pump_case(name: str, bench: Path = CASES) -> Path:
    """File of a pump case, as `van-zyl/hourly`, whose network is there; one that is not is looked for beside the checkout.

    Raises
    ------
    FileNotFoundError
        If there is no such case or its network is not at hand; says why.
    """
    file = bench / "pumps" / f"{name}.yml"
    for found in (file, BESIDE / "pumps" / f"{name}.yml"):
        if found.is_file() and has_network(found):
            return found
    if not file.is_file():
        raise FileNotFoundError(f"{name}: {file} is not there")
    network = file.with_name(yaml.safe_load(file.read_text())["network"])
    raise FileNotFoundError(
        f"{name}: its network {network.name} is neither in {network.parent} nor beside the checkout; the repository leaves out "
        "files whose licence is not known"
    )


def has_network(file: Path) -> bool:
    """Whether the network that a case file names is beside it, or belongs to a package, which is left to whoever reads it."""
    network = yaml.safe_load(file.read_text())["network"]
    return network.startswith("package:") or file.with_name(network).is_file()
