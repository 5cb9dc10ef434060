"""Everything that is kept: configuration versions, readings, runs, decisions. The only place that knows the database."""

from wss.store.ledger import Counts, IntakeFile
from wss.store.opening import has_store, open_store
from wss.store.runs import RunRecord
from wss.store.store import Store
from wss.store.workspace import Workspace, find_home

__all__ = ["Counts", "IntakeFile", "RunRecord", "Store", "Workspace", "find_home", "has_store", "open_store"]
