"""wss.toml: every fault at once, and no password that others can read."""

import pytest

from wss.errors import ConfigError
from wss.store.settings import database_of, parse, read_settings, shown


def test_without_the_file_every_tenant_has_a_file_of_its_own(tmp_path):
    assert database_of(tmp_path, "litoral") == "sqlite"


def test_a_tenant_may_have_a_database_of_its_own(tmp_path):
    (tmp_path / "wss.toml").write_text('database = "postgresql://wss@db.example:5433/water"\n[tenants]\nlitoral = "sqlite"\n')
    assert database_of(tmp_path, "litoral") == "sqlite"
    url = parse(database_of(tmp_path, "serra"))
    assert (url.username, url.host, url.port, url.database) == ("wss", "db.example", 5433, "water")


def test_all_faults_at_once(tmp_path):
    (tmp_path / "wss.toml").write_text('databse = "sqlite"\ndatabase = 3\n[tenants]\n"Big Town" = "sqlite"\nserra = 5\n')
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path)
    said = str(caught.value)
    assert "4 faults during the check of wss.toml" in said
    for words in (
        "databse: unknown key; the keys are: database, tenants",
        "database: 3 does not fit",
        "is not the name of a tenant",
        "tenants.serra: 5 does not fit",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mysql://wss@db/water", "mysql is not a database that wss knows"),
        ("postgresql://wss@db", "does not say which database of the server"),
        ("water", "is not the address of a database; write"),
        ("postgresql://wss@db:port/water", "is not the address of a database; write"),
    ],
)
def test_an_address_that_is_none(tmp_path, address, why):
    (tmp_path / "wss.toml").write_text(f'database = "{address}"\n[tenants]\nserra = "{address}"\n')
    with pytest.raises(ConfigError, match=rf"2 faults[\s\S]*database: .*{why}[\s\S]*tenants.serra: .*{why}"):
        read_settings(tmp_path)


def test_what_is_not_toml_says_where(tmp_path):
    (tmp_path / "wss.toml").write_text("database = sqlite\n")
    with pytest.raises(ConfigError, match=r"wss.toml is not TOML: .*line 1.*write a line such as"):
        read_settings(tmp_path)


def test_a_password_is_for_its_owner_only(tmp_path):
    path = tmp_path / "wss.toml"
    path.write_text('database = "postgresql://wss:secret@db/water"\n')
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"others can read the file; `chmod 600` it") as caught:
        read_settings(tmp_path)
    assert "secret" not in str(caught.value)
    path.chmod(0o600)
    assert parse(database_of(tmp_path, "litoral")).password == "secret"
    assert "secret" not in shown(database_of(tmp_path, "litoral"))
