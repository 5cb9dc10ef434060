"""Versions of the configuration, and sensors that never lose a reading."""

import pandas as pd
import pytest

from wss.errors import ConfigError, NotFoundError
from wss.quantities import Flag
from wss.store import open_store

AT = pd.Timestamp("2022-01-01")


def test_versions_are_append_only(workspace):
    store = open_store(workspace, "demo", create=True)
    assert store.documents() == {}
    assert store.versions().empty
    first, second = {"tenant.yml": "a", "profiles/x.yml": "ção"}, {"tenant.yml": "b"}
    assert store.configure(first, (), "ana", "start", pd.Timestamp("2022-01-01T10:00")) == (1, 0)
    assert store.configure(second, (), "rui", "less", pd.Timestamp("2022-01-02")) == (2, 0)
    assert store.documents() == store.documents(2) == second
    assert store.documents(1) == first
    assert store.versions().to_numpy().tolist() == [
        [1, pd.Timestamp("2022-01-01T10:00"), "ana", "start"],
        [2, pd.Timestamp("2022-01-02"), "rui", "less"],
    ]
    for number in (0, 3):
        with pytest.raises(NotFoundError, match=f"no version {number} .* there are 1 to 2"):
            store.documents(number)


def test_sensors_and_aliases(store, sensors):
    frame = store.sensors()
    assert frame[["tag", "quantity", "item", "unit", "valid_from"]].to_numpy().tolist() == [
        ["F", "flow", "P", "gpm", 0],
        ["L", "level", "T", "ft", 0],
    ]
    assert store.aliases() == {"LL": "L"}
    store.configure({}, sensors, "tests", "sensors", AT)
    pd.testing.assert_frame_equal(store.sensors(), frame)


def test_an_entry_without_readings_may_change_or_go(store, sensors):
    level, flow = sensors
    store.configure({}, [level.model_copy(update={"unit": "m", "aliases": ()})], "tests", "sensors", AT)
    assert store.sensors()[["tag", "unit"]].to_numpy().tolist() == [["L", "m"]]
    assert store.aliases() == {}


def test_an_entry_with_readings_stays_and_keeps_its_meaning(store, give, sensors):
    level, flow = sensors
    give("2022-03-01T01:00", {"2022-03-01": 1})
    with pytest.raises(ConfigError, match=r"2 faults[\s\S]*item was 'T'[\s\S]*unit was 'ft' .*add a second entry"):
        store.configure({}, [level.model_copy(update={"unit": "m", "item": "T2"}), flow], "tests", "sensors", AT)
    with pytest.raises(ConfigError, match=r"L is gone, and nobody would find its readings \(1 from 2022-03-01T00:00:00Z to "):
        store.configure({}, [flow], "tests", "sensors", AT)
    assert store.sensors()["tag"].tolist() == ["F", "L"]
    assert store.last_time() == pd.Timestamp("2022-03-01")


def test_a_renamed_tag_keeps_its_readings(store, give, sensors):
    level, flow = sensors
    give("2022-03-01T01:00", {"2022-03-01": 1})
    with_id = store.sensors().set_index("tag")["sensor_id"]
    store.configure({}, [level.model_copy(update={"tag": "L_NEW", "aliases": ("L",)}), flow], "tests", "sensors", AT)
    assert store.sensors().set_index("tag")["sensor_id"].to_dict() == {"F": with_id["F"], "L_NEW": with_id["L"]}
    assert store.aliases() == {"L": "L_NEW"}
    with pytest.raises(ConfigError, match=r"unit was 'ft'"):
        store.configure(
            {}, [level.model_copy(update={"tag": "L_2", "aliases": ("L_NEW",), "unit": "m"}), flow], "tests", "sensors", AT
        )


def test_a_forgotten_tag_goes_with_its_readings(store, give, sensors):
    level, flow = sensors
    give("2022-03-01T01:00", {"2022-03-01": 1})
    give("2022-03-01T02:00", {"2022-03-01": 2})
    moment = pd.Timestamp("2022-03-02")
    with pytest.raises(ConfigError, match="F cannot be forgotten while sensors.yml has an entry"):
        store.configure({}, [flow], "ana", "", moment, forget=["F", "L"])
    ids = store.sensors().set_index("tag")["sensor_id"]
    about = {"start": 0, "end": 2**31, "found_at": 0, "note": "silent"}
    doubt = pd.DataFrame([{"sensor_id": int(ids[tag]), "flag": int(Flag.GAP)} | about for tag in ("F", "L")])
    store.quality.replace(ids.tolist(), Flag.GAP, 0, 2**31, doubt, 0)
    assert store.configure({}, [flow], "ana", "sold", moment, forget=["L"]) == (2, 2)
    assert store.quality.spans(pd.Timestamp("2022-03-01"), moment)["tag"].tolist() == ["F"]
    assert store.sensors()["tag"].tolist() == ["F"]
    assert store.last_time() is None
    assert store.journal("forget")[["who", "reason"]].to_numpy().tolist() == [["ana", "sold"]]


def test_a_replaced_meter_is_a_second_entry(store, give, sensors):
    level, flow = sensors
    later = level.model_copy(update={"unit": "m", "valid_from": pd.Timestamp("2022-03-02T01:00+01:00").to_pydatetime()})
    give("2022-03-01T01:00", {"2022-03-01": 1})
    store.configure({}, [level, later, flow], "tests", "sensors", AT)
    frame = store.sensors()
    assert frame["valid_from"].tolist() == [0, 0, pd.Timestamp("2022-03-02").value // 10**9]
    assert frame["unit"].tolist() == ["gpm", "ft", "m"]
