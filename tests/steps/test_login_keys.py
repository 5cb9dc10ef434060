"""Keys that open more than one tenant: found whatever stands around them, named with both tenants, and refused."""

import subprocess
from pathlib import Path

import asyncssh
import pytest

from wss import demo
from wss.demo.pattern import new_tenant
from wss.errors import ConfigError
from wss.steps.apply import apply_tenant, check_tenant
from wss.steps.login_keys import TENANT_KEYS, fingerprint, key_faults, parse_keys, shared_keys
from wss.store import Workspace

KINDS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa"]
AROUND = [
    "{key}",
    "  {key}",
    "{key} somebody else",
    'from="10.0.0.0/8" {key} x',
    'command="echo \\" {other}",no-pty {key}',
    'restrict,from="10.1.2.3"\t{key}',
]
NOT_KEYS = ["# {key}", "cert-authority {key}", "not a {key", "ssh-ed25519 AAAA", "ssh-ed25519 not/base64", "", "ssh-rsa {body}"]


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """A public key of each kind, and another one, as type and body."""
    made = {kind: asyncssh.generate_private_key(kind) for kind in KINDS} | {"other": asyncssh.generate_private_key("ssh-ed25519")}
    return {kind: key.export_public_key().decode().strip() for kind, key in made.items()}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """The demo utility and a tenant after its pattern, both without keys."""
    workspace = Workspace(tmp_path)
    demo.install(workspace, "litoral")
    new_tenant(workspace, "porto")
    return workspace


def give(workspace: Workspace, tenant: str, *lines: str) -> Path:
    path = workspace.tenant(tenant) / TENANT_KEYS
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_takes_for_a_key_is_one_here(keys, kind, around):
    line = around.format(key=keys[kind], other=keys["other"])
    key, other = (asyncssh.import_public_key(keys[name]) for name in (kind, "other"))
    listed = asyncssh.import_authorized_keys(line)
    address = "10.1.2.3"
    assert listed.validate(key, address, address) is not None
    assert listed.validate(other, address, address) is None
    assert parse_keys(f"# first\n{line}\n{line}\n") == {key.public_data: 2}
    assert fingerprint(key.public_data) == key.get_fingerprint()


@pytest.mark.parametrize("line", NOT_KEYS)
def test_what_is_no_key_for_the_server_is_none_here(keys, line):
    line = line.replace("{key", keys["ssh-ed25519"]).replace("{body}", keys["ssh-ed25519"].split()[1])
    text = f"{line}\n{keys['other']}"
    key = asyncssh.import_public_key(keys["ssh-ed25519"])
    assert asyncssh.import_authorized_keys(text).validate(key, "10.1.2.3", "10.1.2.3") is None
    assert list(parse_keys(text)) == [asyncssh.import_public_key(keys["other"]).public_data]


def test_check_and_apply_refuse_a_shared_key_on_both_sides(workspace, keys):
    give(workspace, "litoral", "# SCADA", keys["other"], keys["ssh-rsa"] + " ana")
    path = give(workspace, "porto", f'from="192.0.2.0/24" {keys["ssh-rsa"]} rui')
    print_of_it = asyncssh.import_public_key(keys["ssh-rsa"]).get_fingerprint()
    for name, line, other in (
        ("litoral", 3, "porto (tenants/porto/sftp_keys:1)"),
        ("porto", 1, "litoral (tenants/litoral/sftp_keys:3)"),
    ):
        for run in (lambda: check_tenant(workspace, name), lambda: apply_tenant(workspace, name, "ana", "")):  # noqa: B023
            with pytest.raises(ConfigError) as said:
                run()
            assert f"sftp_keys:{line}: the key {print_of_it} of {name} is also a key of {other}" in str(said.value)
            assert "a key of its own" in str(said.value)
        assert not workspace.data(name).joinpath("wss.db").exists()
    path.unlink()
    assert check_tenant(workspace, "litoral").name == "litoral"
    assert apply_tenant(workspace, "porto", "ana", "")[0] == 1


def test_a_third_tenant_is_not_held_up_and_three_are_all_named(workspace, keys):
    new_tenant(workspace, "vila")
    give(workspace, "vila", keys["other"])
    give(workspace, "litoral", keys["ssh-rsa"])
    give(workspace, "porto", keys["ssh-rsa"])
    assert check_tenant(workspace, "vila").name == "vila"
    give(workspace, "vila", keys["other"], keys["ssh-rsa"])
    assert list(shared_keys(workspace).values()) == [{"litoral": 1, "porto": 1, "vila": 2}]
    (fault,) = key_faults(workspace, "porto")
    assert "litoral (tenants/litoral/sftp_keys:1) and vila (tenants/vila/sftp_keys:2)" in fault


def test_a_file_that_is_not_text_is_a_fault_of_its_own_tenant_only(workspace, keys):
    give(workspace, "litoral", keys["ssh-rsa"])
    (workspace.tenant("porto") / TENANT_KEYS).write_bytes(b"\xff\xfe\0")
    (workspace.home / "tenants" / "Old copy").mkdir()
    (workspace.home / "tenants" / "Old copy" / "tenant.yml").write_text("")
    assert key_faults(workspace, "litoral") == []
    with pytest.raises(ConfigError, match="UTF-8 text"):
        check_tenant(workspace, "porto")


def test_a_key_made_with_ssh_keygen_is_found_again(workspace, tmp_path):
    for kind in ("ed25519", "ecdsa"):
        file = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "água de cima", "-f", file], check=True)
        listed = file.with_suffix(".pub").read_text(encoding="utf-8")
        told = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, text=True, check=True).stdout
        assert [fingerprint(key) in told for key in parse_keys(listed)] == [True]
