"""What the plant's SCADA wrote is in the store: every reading once, and what could not be stored is told."""

import pandas as pd

from wss import quantities, times
from wss.demo import truth
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.store import open_store
from wss.units import scale_to

KEY = ["quantity", "item", "time"]
QUANTITIES = ["level", "flow", "pressure", "power", "pump_status"]


def expected(folder, configuration):
    """Readings of the files in `folder`, without doubles: quantity, item, time [UTC] and value [our unit]."""
    frames = []
    for sensor in configuration.sensors:
        frame = pd.concat([pd.read_csv(path) for path in sorted(folder.glob(f"{sensor.tag}_*.csv"))])
        value = pd.to_numeric(frame["value"], errors="coerce") * scale_to(quantities.units(sensor.quantity), sensor.unit)
        time = pd.DatetimeIndex(frame["time"]).as_unit("ns") - times.HOUR
        frames.append(pd.DataFrame({"quantity": sensor.quantity, "item": sensor.item, "time": time, "value": value}).dropna())
    return pd.concat(frames).drop_duplicates(KEY).set_index(KEY)["value"].sort_index()


def test_every_reading_is_stored_once(plant, workspace):
    apply_tenant(workspace, "litoral", "test", "")
    plant.advance(3)
    written = expected(workspace.inbox("litoral"), plant.configuration)
    with open_store(workspace, "litoral") as store:
        files = run_intake(active(store), store, workspace, plant.clock)
        stored = store.read(QUANTITIES, truth.read(workspace.data("litoral")).get_index("time")[0], plant.clock)
    assert not list(workspace.inbox("litoral").iterdir())
    assert files["set_aside"].sum() == 72
    assert files["quarantined"].sum() == 0
    assert files["missing"].sum() > 0
    kept = stored.set_index(KEY)["value"].sort_index()
    pd.testing.assert_series_equal(kept, written, check_exact=False, check_index_type=False, rtol=1e-9)
