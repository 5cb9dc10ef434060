"""Whether a tenant's store is whole, and what it speaks of is there: the ledger's sums, archived files, folders of runs."""

from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from wss.errors import StoreError
from wss.store.opening import open_database
from wss.store.schema import intake_file, journal, published, quarantine, reading, reading_old, run, sensor, set_aside
from wss.store.transfer import count
from wss.store.workspace import Workspace

LISTED = 5
"""Cases of one fault that are named."""
RESTORE = "restore the last backup (`wss store restore`)"
MANIFEST = "manifest.json"


def check(
    workspace: Workspace, tenant: str, contents: bool = True, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[str], dict[str, int]]:
    """Look for all that is wrong with a tenant's store; nothing is written.

    Parameters
    ----------
    contents
        Whether to read the archived files too; if not, only their names are looked at.
    progress
        Called with the number of archived files that were looked at, and of all.

    Returns
    -------
    faults, rows by table
        Each fault says what is wrong and what would mend it; none: all is well.
    """
    database = open_database(workspace, tenant)
    if not database.exists():
        raise StoreError(f"{tenant} has no store yet ({database.name} does not exist): `wss apply {tenant}` creates it")
    try:
        damage = database.damage()
        if damage:
            return [f"{database.name}: {what}; {RESTORE}" for what in damage], {}
        database.check_version()
        with database.read() as connection:
            faults = reference_faults(connection) + ledger_faults(connection) + _runs(connection, workspace.runs(tenant))
            faults += _archive(connection, workspace, tenant, contents, progress)
            return faults, count(connection)
    except StoreError as error:
        return [str(error)], {}
    finally:
        database.close()


def _told(what: str, cases: list, mend: str) -> list[str]:
    """One fault of many cases."""
    if not cases:
        return []
    more = f" and {len(cases) - LISTED} more" if len(cases) > LISTED else ""
    return [f"{what}: {', '.join(map(str, cases[:LISTED]))}{more}; {mend}"]


def reference_faults(connection: Connection) -> list[str]:
    """Readings of files and sensors that the store does not have."""
    faults = []
    for table in (reading, reading_old):
        for column, known in ((table.c.sensor_id, sensor.c.sensor_id), (table.c.file_id, intake_file.c.file_id)):
            used = set(connection.execute(select(column).distinct()).scalars())
            lost = sorted(used - set(connection.execute(select(known)).scalars()))
            faults += _told(f"{table.name} has rows of a {column.name} that {known.table.name} does not have", lost, RESTORE)
    return faults


def ledger_faults(connection: Connection) -> list[str]:
    """Files whose counts do not add up, or whose rows are not all there."""
    c = intake_file.c
    parts = c.stored + c.duplicate + c.corrected + c.missing + c.set_aside + c.quarantined
    files = {row.file_id: row for row in connection.execute(select(intake_file))}
    odd = connection.execute(select(c.name).where(c.read != parts)).scalars().all()
    faults = _told("the counts of these files do not add up", odd, RESTORE)

    versions = _count(connection, reading)
    for file_id, rows in _count(connection, reading_old).items():
        versions[file_id] = versions.get(file_id, 0) + rows
    lacking = [row.name for number, row in files.items() if versions.get(number, 0) < row.stored + row.corrected]
    if not connection.execute(select(journal.c.id).where(journal.c.kind == "forget").limit(1)).first():  # which deletes readings
        faults += _told("readings of these files are missing", lacking, f"{RESTORE}, or `wss ingest --replay` the files")

    last = {row.replay_of or number: number for number, row in sorted(files.items())}
    for table in (set_aside, quarantine):
        kept: dict[int, int] = {}
        for number, rows in _count(connection, table).items():
            origin = files[number].replay_of or number
            kept[origin] = kept.get(origin, 0) + rows
        name = "set_aside" if table is set_aside else "quarantined"
        wrong = [files[o].name for o, number in last.items() if kept.get(o, 0) != getattr(files[number], name)]
        faults += _told(f"rows of these files in {table.name} are not as many as the ledger says", wrong, RESTORE)
    return faults


def _count(connection: Connection, table: Table) -> dict[int, int]:
    """Rows of a table by file."""
    query = select(table.c.file_id, func.count()).group_by(table.c.file_id)
    return dict(connection.execute(query).all())


def _runs(connection: Connection, folder: Path) -> list[str]:
    """Runs that operators see or saw, without their folder."""
    query = select(run.c.id, run.c.folder).where(run.c.id.in_(select(published.c.run_id))).order_by(run.c.seq)
    lost = [row.id for row in connection.execute(query) if not (folder / row.folder / MANIFEST).is_file()]
    return _told(f"published runs have no {MANIFEST} in {folder}", lost, "bring their folders back from a copy of the workspace")


def _archive(
    connection: Connection, workspace: Workspace, tenant: str, contents: bool, progress: Callable[[int, int], None]
) -> list[str]:
    """Files that were taken in and are not in the archive as they were, and archived files that the ledger does not have."""
    c = intake_file.c
    rows = connection.execute(select(c.name, c.sha256).where(c.state == "stored").order_by(c.file_id)).all()
    folders = (workspace.archive(tenant), workspace.work(tenant))  # a file may be on its way
    there = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    names = {path.name for path in there}
    lost = [r.name for r in rows if r.name not in names and _longer(r.name, r.sha256) not in names]
    faults = _told(
        f"files that were taken in are not in {workspace.archive(tenant)}",
        lost,
        "their readings are in the store; bring the files back from a copy of the workspace",
    )
    if not contents:
        return faults
    sums: dict[str, list[Path]] = {}
    for done, path in enumerate(there, start=1):
        with path.open("rb") as file:
            sums.setdefault(file_digest(file, "sha256").hexdigest(), []).append(path)
        progress(done, len(there))
    changed = [r for r in rows if r.sha256 not in sums and r.name not in lost]
    faults += _told(
        f"files in {folders[0]} are not as they were taken in",
        [r.name for r in changed],
        "bring them back from a copy of the workspace",
    )
    known = {*connection.execute(select(c.sha256)).scalars()}
    names = {name for r in changed for name in (r.name, _longer(r.name, r.sha256))}
    unknown = sorted(
        str(path.relative_to(folders[0]))
        for sha256, paths in sums.items()
        for path in paths
        if sha256 not in known and path.is_relative_to(folders[0]) and path.name not in names
    )
    return faults + _told(
        f"files in {folders[0]} are not in the ledger: the store has lost what it took in from them",
        unknown,
        f"move them to {workspace.inbox(tenant)}, and `wss ingest {tenant}` takes them in again",
    )


def _longer(name: str, sha256: str) -> str:
    """Name of an archived file beside another of its name."""
    path = Path(name)
    return f"{path.stem}-{sha256[:12]}{path.suffix}"
