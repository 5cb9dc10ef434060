"""PostgreSQL: tenants do not see each other, share few connections, and errors of the server say what to do."""

import os

import pandas as pd
import psycopg
import pytest

from wss.errors import StoreError
from wss.store import open_store
from wss.store.opening import open_database
from wss.store.postgresql import CONNECTIONS, MORE

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
AT = pd.Timestamp("2022-01-01")


@pytest.fixture
def server(postgresql):
    """Connection of the server's administrator."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


def test_tenants_do_not_see_each_other(workspace):
    names = ("a", "user", "x" * 31)  # a word of SQL, the longest one
    stores = {name: open_store(workspace, name, create=True) for name in names}
    for name, store in stores.items():
        store.configure({name: "1"}, (), "me", "", AT)
    for name, store in stores.items():
        assert list(store.documents()) == [name]


def test_a_store_that_is_not_there_is_not_made_by_asking(workspace, server):
    with pytest.raises(StoreError, match=r"demo has no store yet .*schema wss_demo does not exist"):
        open_store(workspace, "demo")
    assert server.execute("SELECT to_regnamespace('wss_demo')").fetchone() == (None,)


def test_a_store_that_was_left_in_sqlite_is_not_hidden_by_an_empty_one(workspace):
    workspace.prepare("demo")
    (workspace.data("demo") / "wss.db").touch()
    for create in (False, True):
        with pytest.raises(StoreError, match=r"demo has no store in postgresql:.*, but one in .*wss\.db: .*wss store move demo"):
            open_store(workspace, "demo", create)


def test_a_schema_that_the_administrator_made_is_enough(workspace, server, postgresql):
    server.execute("CREATE ROLE tenant LOGIN")
    server.execute("CREATE SCHEMA wss_demo AUTHORIZATION tenant")
    try:
        (workspace.home / "wss.toml").write_text(f'database = "{postgresql.replace("wss@", "tenant@")}"')
        with open_store(workspace, "demo", create=True) as store:
            assert store.configure({}, (), "me", "", AT) == (1, 0)
        with pytest.raises(StoreError, match=r"schema wss_other does not let this user .*give the user the right"):
            open_store(workspace, "other", create=True)
    finally:
        server.execute("DROP OWNED BY tenant")
        server.execute("DROP ROLE tenant")


def test_many_tenants_share_few_connections(workspace, server):
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'wss' AND datname = current_database()"
    before = set(server.execute(query).fetchall())
    stores = [open_store(workspace, f"t{k}", create=True) for k in range(6)]
    for store in stores:
        store.configure({}, (), "me", "", AT)
    fresh = set(server.execute(query).fetchall()) - before
    assert len(fresh) <= CONNECTIONS < CONNECTIONS + MORE


def test_a_connection_that_the_server_ended_is_made_anew(store, server):
    store.configure({"a": "1"}, (), "me", "", AT)
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wss' AND datname = current_database()"
    )
    assert store.documents() == {"a": "1"}


def test_a_child_process_does_not_speak_on_the_connections_of_its_parent(store, server):
    def asked() -> list:
        query = "SELECT pid, query_start FROM pg_stat_activity WHERE application_name = 'wss' AND datname = current_database()"
        return sorted(server.execute(query).fetchall())

    assert store.documents() == {}
    before = asked()
    assert before
    child = os.fork()
    if child == 0:
        os._exit(0 if store.documents() == {} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert set(before) <= set(asked())
    assert store.documents() == {}


def test_a_read_cannot_write(workspace, store):
    with pytest.raises(StoreError, match="cannot be written"), open_database(workspace, "demo").read() as connection:
        connection.exec_driver_sql("DELETE FROM version")


def test_a_server_that_stops_in_a_transaction_says_so(workspace, store, server):
    def write_while_it_stops() -> None:
        with open_database(workspace, "demo").write() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            connection.exec_driver_sql("DELETE FROM version")

    with pytest.raises(StoreError, match="was stopped by its administrator"):
        write_while_it_stops()
    assert store.documents() == {}


def test_a_password_comes_from_the_environment_or_a_file_of_its_owner(workspace, store, server, postgresql, monkeypatch):
    server.execute("CREATE ROLE guarded LOGIN PASSWORD 'right' IN ROLE wss")
    settings = workspace.home / "wss.toml"
    try:
        server.execute("GRANT ALL ON SCHEMA wss_demo TO guarded")
        server.execute("GRANT ALL ON ALL TABLES IN SCHEMA wss_demo TO guarded")
        settings.write_text(f'database = "{postgresql.replace("wss@", "guarded@")}"')
        with pytest.raises(StoreError, match="refused the password; put the right one into PGPASSWORD"):
            open_store(workspace, "demo")
        monkeypatch.setenv("PGPASSWORD", "wrong")
        with pytest.raises(StoreError, match="refused the password"):
            open_store(workspace, "demo")
        monkeypatch.setenv("PGPASSWORD", "right")
        assert open_store(workspace, "demo").documents() == {}
        monkeypatch.delenv("PGPASSWORD")
        settings.write_text(f'database = "{postgresql.replace("wss@", "guarded:right@")}"')
        settings.chmod(0o600)
        assert open_store(workspace, "demo").documents() == {}
    finally:
        server.execute("DROP OWNED BY guarded")
        server.execute("DROP ROLE guarded")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("wss@", "barred@"), "does not let this user in from here; the server's pg_hba.conf"),
        (("host=", "host=/nowhere"), "cannot be reached; start the server"),
        (("/main?", "/nope?"), "is a database that the server does not have"),
        (("wss@", "stranger@"), "does not know this user"),
        (("?host=", "?sslmode=require&host="), "cannot be reached|sslmode"),
    ],
)
def test_a_server_that_does_not_answer_says_why(workspace, postgresql, change, why):
    database = postgresql.rpartition("/tmp")[0].rpartition("/")[2].partition("?")[0]
    address = postgresql.replace(f"/{database}?", "/main?").replace(*change).replace("/main?", f"/{database}?")
    (workspace.home / "wss.toml").write_text(f'database = "{address}"')
    with pytest.raises(StoreError, match=why):
        open_store(workspace, "demo")
