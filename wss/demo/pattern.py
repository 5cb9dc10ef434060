"""The files of a new tenant, after the pattern of another one."""

import re
import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import yaml

from wss import config, demo
from wss.config.lines import dotted, read_yaml
from wss.errors import ConfigError, NotFoundError
from wss.steps.login_keys import TENANT_KEYS
from wss.store import Workspace

HEAD = "# Made by `wss tenant new` from {like}: edit every line, then `wss check {name}` and `wss apply {name}`.\n"
OWN = {
    ("simulated",): ("false", "a new tenant is a real plant"),
    ("clock",): ("live", "a new tenant lives now"),
    ("plan", "release"): ("on_accept", "no plan goes out before an operator accepts it"),
}
"""What a new tenant's owner has to say anew: key of tenant.yml, its value until then, and why."""
TENANT = "tenant.yml"


def new_tenant(workspace: Workspace, name: str, like: str = "litoral", told: Callable[[str], None] = lambda what: None) -> Path:
    """Copy the configuration of the tenant or demo utility `like` for a new, live tenant and return its folder.

    Nothing goes along that would let somebody in or send something out without the new tenant's owner having said so: no keys,
    no automatic release, no file but the configuration.

    Parameters
    ----------
    told
        Told each thing that did not go along, and why.

    Raises
    ------
    ConfigError
        If a tenant of that name is there already, or the pattern's tenant.yml cannot be read; nothing is written then.
    NotFoundError
        If the name is not one, or there is no `like`.
    """
    folder = workspace.tenant(name)
    if folder.exists():
        raise ConfigError(f"{folder} is there already; edit it, or choose another name")
    if (workspace.tenant(like) / TENANT).is_file():
        _copy(workspace.tenant(like), folder, like, told)
    elif like in demo.names():
        with as_file(files(demo) / "tenants" / like) as source:
            _copy(source, folder, like, told)
    else:
        raise NotFoundError(f"there is no tenant {like!r} to copy; there are: {', '.join({*workspace.names(), *demo.names()})}")
    return folder


def _copy(source: Path, folder: Path, like: str, told: Callable[[str], None]) -> None:
    changed: list[str] = []
    text = _renamed((source / TENANT).read_text(encoding="utf-8-sig"), folder.name, like, changed)
    paths = config.own_files(source)
    for path in paths:
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (folder / TENANT).write_text(text, encoding="utf-8")
    if (source / TENANT_KEYS).exists():
        told(f"{TENANT_KEYS}: not copied, {like}'s keys would open {folder.name}; it needs keys of its own to log in over SFTP")
    for what in changed:
        told(what)
    taken = {source / TENANT_KEYS, *paths, *(above for path in paths for above in path.parents)}
    rest = sorted({*source.iterdir(), *(source / "profiles").glob("*")} - taken)
    if rest:
        told(f"{', '.join(str(path.relative_to(source)) for path in rest)}: not copied, no configuration that wss reads")


def _renamed(text: str, name: str, like: str, changed: list[str]) -> str:
    """Text of tenant.yml under another name, with OWN's values for what it says otherwise, each of them added to `changed`.

    ConfigError if that cannot be done for sure.
    """
    text = HEAD.format(name=name, like=like) + re.sub(r"^(#.*\n)+", "", text)
    for key, (value, why) in {("name",): (name, ""), ("title",): (name, ""), **OWN}.items():
        said = _said(text, key, like)
        if said in (None, value):
            continue
        start, end = _place(text, key, like)
        rest = text[end:]
        if why:
            changed.append(f"{dotted(key)}: {value} instead of {said}, {why}")
            rest = re.sub(r"\A[ \t]+#.*", f"   # {why}", rest)  # a comment on the old value
        text = text[:start] + value + rest
        if _said(text, key, like) != value:
            raise _unreadable(like, f"{dotted(key)} cannot be changed to {value}; write it on a line of its own")
    return text


def _said(text: str, key: tuple[str, ...], like: str) -> object:
    """Value of a key in the text of tenant.yml; None where it has none."""
    document = read_yaml(TENANT, text)
    if document.faults:
        raise _unreadable(like, "; ".join(document.faults))
    data = document.data
    for part in key:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _place(text: str, key: tuple[str, ...], like: str) -> tuple[int, int]:
    """Where the value of a key begins and ends in the text."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in key:
        node = next(value for one, value in node.value if one.value == part)
    if not isinstance(node, yaml.ScalarNode):
        raise _unreadable(like, f"{dotted(key)} must be one value")
    return node.start_mark.index, node.end_mark.index


def _unreadable(like: str, why: str) -> ConfigError:
    return ConfigError(f"{TENANT} of {like} cannot be the pattern of a new tenant: {why}; mend it with `wss check {like}`")
