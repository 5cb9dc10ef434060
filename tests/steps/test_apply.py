"""From edited files to the active version: nothing half done, history kept, rollback as a new version."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from wss import times
from wss.errors import ConfigError, NotFoundError, StoreError
from wss.steps.apply import apply_tenant, apply_version, changes, check_tenant
from wss.steps.configuration import active
from wss.store import IntakeFile, Workspace, open_store

NOW = times.utc("2024-05-06T08:00")
FILES = Path(__file__).parents[1] / "config" / "data" / "tenant"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """Workspace with the files of the utility `serra`, not yet applied."""
    found = Workspace(tmp_path)
    shutil.copytree(FILES, found.tenant("serra"))
    return found


def edit(workspace: Workspace, file: str, old: str, new: str) -> None:
    path = workspace.tenant("serra") / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_check_writes_nothing(workspace):
    assert check_tenant(workspace, "serra", NOW).name == "serra"
    assert not workspace.data("serra").exists()


def test_applied_files_are_the_active_configuration(workspace):
    version, diff = apply_tenant(workspace, "serra", "ana", "first", NOW)
    assert version == 1
    assert "+++ tenant.yml" in diff
    assert "+name: serra" in diff
    with open_store(workspace, "serra") as store:
        assert active(store) == check_tenant(workspace, "serra", NOW)
        assert store.versions().to_dict("records") == [{"version": 1, "at": NOW, "author": "ana", "note": "first"}]
        assert set(store.sensors()["tag"]) == {"LT_1", "FT_010", "FT_P1", "FT_V1", "JT_010", "PT_3"}
        assert store.aliases() == {"FT_10": "FT_010"}


def test_second_apply_of_the_same_files_is_no_new_version(workspace):
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    assert apply_tenant(workspace, "serra", "rui", "again", NOW + times.HOUR) == (1, "")


def test_change_is_a_new_version_with_its_diff(workspace):
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    edit(workspace, "tenant.yml", "level_min_m: 1.0", "level_min_m: 1.5")
    edit(workspace, "tariff.yml", "price_per_kwh: 0.30", "price_per_kwh: 0.35")
    version, diff = apply_tenant(workspace, "serra", "rui", "more reserve", NOW + times.HOUR)
    assert version == 2
    changed = [line for line in diff.splitlines() if line[0] in "+-"]
    assert changed == [
        "--- tariff.yml",
        "+++ tariff.yml",
        "-        price_per_kwh: 0.30",
        "+        price_per_kwh: 0.35",
        "--- tenant.yml",
        "+++ tenant.yml",
        "-    - {id: T1, title: Reservatório, level_min_m: 1.0, level_max_m: 4.5}",
        "+    - {id: T1, title: Reservatório, level_min_m: 1.5, level_max_m: 4.5}",
    ]
    with open_store(workspace, "serra") as store:
        assert active(store).tenant.system.tanks[0].level_min_m == 1.5


def test_half_edited_file_never_reaches_production(workspace):
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    edit(workspace, "tenant.yml", "level_min_m: 1.0", "level_min_m: ")
    edit(workspace, "tariff.yml", "currency: EUR", "currency: Euro")
    edit(workspace, "sensors.yml", "item: V1", "item: V2")
    with pytest.raises(ConfigError, match=r"(?s)3 faults.* tenant\.yml:19 .* sensors\.yml:5 .* tariff\.yml:2 "):
        apply_tenant(workspace, "serra", "rui", "oops", NOW)
    with open_store(workspace, "serra") as store:
        assert len(store.versions()) == 1
        assert active(store).tenant.system.tanks[0].level_min_m == 1.0


def test_refused_first_apply_leaves_no_store(workspace):
    edit(workspace, "tariff.yml", "currency: EUR", "currency: Euro")
    with pytest.raises(ConfigError, match="'Euro' is not an ISO 4217 currency"):
        apply_tenant(workspace, "serra", "ana", "first", NOW)
    assert not workspace.data("serra").exists()


def test_old_version_applied_again_is_a_new_version(workspace):
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    first = check_tenant(workspace, "serra", NOW)
    edit(workspace, "tenant.yml", "level_min_m: 1.0", "level_min_m: 1.5")
    _, forth = apply_tenant(workspace, "serra", "rui", "more reserve", NOW + times.HOUR)
    version, back = apply_version(workspace, "serra", 1, "ana", "too much", NOW + times.DAY)
    assert version == 3
    assert sorted(line[1:] for line in back.splitlines() if line.startswith("- ")) == sorted(
        line[1:] for line in forth.splitlines() if line.startswith("+ ")
    )
    with open_store(workspace, "serra") as store:
        assert active(store) == first
        assert store.versions()["note"].tolist() == ["first", "more reserve", "too much"]
    assert apply_version(workspace, "serra", 1, "ana", "again", NOW + times.DAY) == (3, "")


def test_unknown_version(workspace):
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    with pytest.raises(NotFoundError, match="no version 7"):
        apply_version(workspace, "serra", 7, "ana", "", NOW)


def test_tenant_that_was_never_applied(workspace):
    with pytest.raises(StoreError, match="serra has no store yet"):
        apply_version(workspace, "serra", 1, "ana", "", NOW)
    with open_store(workspace, "serra", create=True) as store, pytest.raises(NotFoundError, match="`wss apply TENANT` checks"):
        active(store)


def test_tenant_in_a_folder_of_another_name(workspace):
    workspace.tenant("serra").rename(workspace.tenant("vale"))
    with pytest.raises(ConfigError, match=r"tenant\.yml:1 name: serra is not the name of the folder, vale"):
        check_tenant(workspace, "vale", NOW)


def test_live_tenant_needs_a_tariff_for_its_horizon(workspace):
    early = pd.Timestamp("2023-12-31T12:00")
    with pytest.raises(ConfigError, match=r"no plan can be priced from 2023-12-31T12:00:00Z on: .*holds from 2024-01-01 on"):
        check_tenant(workspace, "serra", early)
    edit(workspace, "tenant.yml", "language: pt", "language: pt\nclock: replay")
    assert check_tenant(workspace, "serra", early).tenant.clock == "replay"


@pytest.fixture
def with_readings(workspace) -> Workspace:
    """`serra`, applied, with a reading of PT_3 and one of FT_010."""
    apply_tenant(workspace, "serra", "ana", "first", NOW)
    with open_store(workspace, "serra") as store:
        ids = store.sensors().set_index("tag")["sensor_id"]
        rows = [{"sensor_id": int(ids[tag]), "time": times.seconds(NOW), "value": 42.0, "flag": 0} for tag in ("PT_3", "FT_010")]
        nothing = pd.DataFrame({"line": [], "tag": [], "time": [], "text": [], "reason": []})
        store.write_file(IntakeFile("a.csv", "0" * 64, NOW), pd.DataFrame(rows), 0, nothing, nothing[["line", "text", "reason"]])
    return workspace


def test_sensor_with_readings_keeps_its_meaning(with_readings):
    """What the store refuses, no new version records; all faults at once, and a check says them too."""
    edit(with_readings, "sensors.yml", "unit: bar", "unit: kPa")
    edit(with_readings, "sensors.yml", "tag: FT_010", "tag: FT_NEW")
    said = r"(?s)2 faults.*sensor FT_010 is gone.*1 from 2024-05-06T08.*PT_3: unit was 'bar' and its readings are stored so"
    with pytest.raises(ConfigError, match=said):
        check_tenant(with_readings, "serra", NOW)
    with pytest.raises(ConfigError, match=said):
        apply_tenant(with_readings, "serra", "ana", "second", NOW)
    with open_store(with_readings, "serra") as store:
        assert len(store.versions()) == 1


def test_what_hangs_on_the_readings_is_said(with_readings):
    edit(with_readings, "sensors.yml", "tag: FT_010", "tag: FT_NEW")
    with pytest.raises(ConfigError, match="demand of zone|whether pump|plans start|FT_010 is gone"):
        check_tenant(with_readings, "serra", NOW)


def test_a_renamed_tag_keeps_its_readings(with_readings):
    edit(with_readings, "sensors.yml", "tag: FT_010", "tag: FT_NEW")
    edit(with_readings, "sensors.yml", "aliases: [FT_10]", "aliases: [FT_10, FT_010]")
    assert apply_tenant(with_readings, "serra", "ana", "renamed", NOW)[0] == 2
    with open_store(with_readings, "serra") as store:
        assert "FT_010" not in set(store.sensors()["tag"])
        assert store.last_of_tag("FT_NEW") == NOW
        assert store.aliases()["FT_010"] == "FT_NEW"


def test_changes_name_added_and_removed_files():
    diff = changes({"a.yml": "x: 1\n", "b.yml": "y: 1\n"}, {"a.yml": "x: 1\n", "c.yml": "z: 1\n"})
    assert diff.splitlines() == [
        "--- b.yml",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-y: 1",
        "--- /dev/null",
        "+++ c.yml",
        "@@ -0,0 +1 @@",
        "+z: 1",
    ]
