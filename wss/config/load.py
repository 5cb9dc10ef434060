"""From a tenant's files to one checked Configuration, or to the list of all that is wrong with them."""

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from wss import network_file
from wss.config import messages
from wss.config.crosscheck import Files, crosscheck
from wss.config.lines import LARGEST_BYTES, Document, read_yaml
from wss.config.profile import ImportProfile
from wss.config.sensors import SensorFile
from wss.config.tenant import Configuration, Tenant
from wss.errors import ConfigError, NotFoundError, raise_all
from wss.schema import Frozen
from wss.tariffs import Tariff

Model = TypeVar("Model", bound=Frozen)

TENANT, SENSORS, TARIFF, PROFILES, NETWORK = "tenant.yml", "sensors.yml", "tariff.yml", "profiles/*.yml", "network.inp"
NEEDED = {
    TENANT: "the utility, its zones, tanks and pumps",
    SENSORS: "the SCADA tags, under the key `sensors`",
    TARIFF: "the electricity tariff",
}


def load(files: Mapping[str, str], network: str | None = None, name: str | None = None) -> Configuration:
    """Check a tenant's files and put them together.

    Parameters
    ----------
    files : mapping
        Text by path relative to the tenant's folder: `tenant.yml`, `sensors.yml`, `tariff.yml`, `profiles/*.yml`, `network.inp`.
    network : str, optional
        Text of the EPANET file, in place of `files["network.inp"]`.
    name : str, optional
        Name that the tenant must have: that of its folder.

    Raises
    ------
    ConfigError
        Lists ALL faults of all files, each as `file:line key: what is wrong; what would mend it`.
    """
    faults = [f"{file}: the file is missing; write it: {what}" for file, what in NEEDED.items() if file not in files]
    tenant = _one(files, TENANT, Tenant, faults)
    sensors = _one(files, SENSORS, SensorFile, faults)
    tariff = _one(files, TARIFF, Tariff, faults)
    profiles = {file: _one(files, file, ImportProfile, faults) for file in sorted(files) if fnmatch(file, PROFILES)}
    if not profiles:
        faults.append("profiles: no import profile; write profiles/scada.yml, which says how the export files are read")
    text = network if network is not None else files.get(NETWORK)
    if name is not None and tenant[1] and tenant[1].name != name:
        faults.append(tenant[0].fault(f"{tenant[1].name} is not the name of the folder, {name}; rename one of them", "name"))
    faults += crosscheck(Files(tenant, sensors, tariff, profiles, text))
    raise_all(sorted(faults, key=_place), "the check of the tenant's files", ConfigError)
    return Configuration(
        tenant=tenant[1],
        sensors=sensors[1].sensors,
        tariff=tariff[1],
        network=text,
        profiles=tuple(model for _, model in profiles.values()),
    )


def _place(fault: str) -> tuple[int, str, int]:
    """Place of a fault in the list: files in the order of NEEDED, others after them, lines in their order."""
    file, _, rest = fault.partition(":")
    line = rest.partition(" ")[0].removesuffix(":")
    return ([*NEEDED, file].index(file), file, int(line) if line.isdigit() else 0)


def _one(files: Mapping[str, str], file: str, model: type[Model], faults: list[str]) -> tuple[Document, Model | None]:
    """A file's document and model; None for the model, and its faults added, where it cannot be had."""
    document = read_yaml(file, files.get(file, ""))
    faults += document.faults
    if file not in files or document.data is None and document.faults:
        return document, None
    try:
        return document, model.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        faults += messages.faults(document, model, error)
        return document, None


def own_files(folder: Path) -> list[Path]:
    """Paths of the configuration files that lie in a tenant's folder: what `read_folder` reads, without a package's network."""
    found = [path for path in (*(folder / name for name in NEEDED), *sorted(folder.glob(PROFILES))) if path.is_file()]
    tenant = folder / TENANT
    network = _network_path(folder, _text(tenant, []) if tenant.is_file() else "")
    return found + [network] * (network is not None and network.is_file() and network.is_relative_to(folder))


def read_folder(folder: Path) -> dict[str, str]:
    """Text of every configuration file of a tenant's folder, by path relative to it; the network under `network.inp`.

    The network is the file that `system.network` names: beside tenant.yml, or in an installed package where it reads
    `package:wntr/library/networks/Net3.inp`. Where it cannot be found the key is absent, and `load` says so among all faults.

    Raises
    ------
    ConfigError
        If there is no such folder, or a file in it cannot be read as UTF-8 text or is far too large.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; `wss tenant new {folder.name}` makes one")
    faults: list[str] = []
    found = {}
    for path in [*(folder / name for name in NEEDED), *sorted(folder.glob(PROFILES))]:
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = _text(path, faults)
    raise_all(faults, f"reading {folder}", ConfigError)
    source = _network_path(folder, found.get(TENANT, ""))
    if source is not None and source.is_file():
        found[NETWORK] = network_file.read(source)
    return found


def _text(path: Path, faults: list[str]) -> str:
    if path.stat().st_size > LARGEST_BYTES:
        faults.append(f"{path}: larger than {LARGEST_BYTES // 1_000_000} MB; configuration is a few kB: take the data out")
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(f"{path}: byte {error.start} is not UTF-8; save the file with the encoding UTF-8")
        return ""


def _network_path(folder: Path, tenant: str) -> Path | None:
    """Path of the network that tenant.yml names; None where it names none, or one outside of the folder or package."""
    data = read_yaml(TENANT, tenant).data
    system = data.get("system") if isinstance(data, dict) else None
    named = system.get("network") if isinstance(system, dict) else None
    if not isinstance(named, str) or ".." in named.split("/") or Path(named).is_absolute():
        return None
    try:
        return network_file.find(named, folder)
    except NotFoundError:
        return None
