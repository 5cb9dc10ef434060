"""The files of a new tenant, after the pattern of another one."""

import re
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from wss import demo
from wss.errors import ConfigError, NotFoundError
from wss.store import Workspace

HEAD = "# Made by `wss tenant new` from {like}: edit every line, then `wss check {name}` and `wss apply {name}`.\n"


def new_tenant(workspace: Workspace, name: str, like: str = "litoral") -> Path:
    """Copy the files of the tenant or demo utility `like` for a new, live tenant and return its folder.

    Raises
    ------
    ConfigError
        If a tenant of that name is there already.
    NotFoundError
        If the name is not one, or there is no `like`.
    """
    folder = workspace.tenant(name)
    if folder.exists():
        raise ConfigError(f"{folder} is there already; edit it, or choose another name")
    if (workspace.tenant(like) / "tenant.yml").is_file():
        shutil.copytree(workspace.tenant(like), folder)
    elif like in demo.names():
        with as_file(files(demo) / "tenants" / like) as source:
            shutil.copytree(source, folder)
    else:
        raise NotFoundError(f"there is no tenant {like!r} to copy; there are: {', '.join({*workspace.names(), *demo.names()})}")
    tenant = folder / "tenant.yml"
    text = re.sub(r"^(simulated|clock):.*\n", "", tenant.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"^(#.*\n)+", "", text)
    text = re.sub(r"^name:.*$", f"name: {name}", text, flags=re.MULTILINE)
    text = re.sub(r"^title:.*$", f"title: {name}", text, flags=re.MULTILINE)
    tenant.write_text(HEAD.format(name=name, like=like) + text, encoding="utf-8")
    return folder
