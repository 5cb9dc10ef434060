"""What is wrong with files is said clearly, and nothing is lost: a tenant's own files, and those of SCADA."""

import json
import os
import re

import pandas as pd
import pytest

from wss.steps.configuration import active
from wss.store import open_store

GOOD = "2022-07-25 01:00:00,12.5,Good\n2022-07-25 01:05:00,12.6,Good\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("tenant.yml", "horizon_hours: 48", "horizon_hours: 4\n  colour: red", ["tenant.yml", "horizon_hours", "colour"]),
        ("tenant.yml", "release: automatic", "release: [automatic", ["tenant.yml"]),
        ("tenant.yml", "package:wntr/library/networks/Net3.inp", "nosuch.inp", ["nosuch.inp"]),
        ("tariff.yml", '"23:00-24:00"', '"23:30-24:00"', ["tariff.yml", "23:00"]),
        ("sensors.yml", 'item: "1", unit: ft', 'item: "1", unit: gpm', ["sensors.yml:4", "gpm", "ft"]),
        ("sensors.yml", 'item: "1", unit: ft', 'item: "99", unit: ft', ["sensors.yml", "99", "level"]),
    ],
    ids=["two faults", "not YAML", "missing network", "gap in the tariff", "wrong unit", "unknown tank"],
)
def test_a_malformed_tenant_is_refused_and_the_active_version_stays(utility, file, old, new, said):
    utility.edit(file, old, new)
    for command in (["check", "litoral"], ["apply", "litoral"]):
        result = utility.wss(*command)
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.stderr
        for word in said:
            assert word in result.stderr
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.versions()) == 1
        assert active(store).tenant.plan.horizon_hours == 48


def ingest(utility) -> list[dict]:
    result = utility.wss("ingest", "litoral", "--json")
    assert result.exit_code == 0, result.stderr
    (told,) = json.loads(result.stdout)
    for file in told["files"]:
        parts = ("stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")
        assert file["read"] == sum(file[p] for p in parts), "every reading is counted once"
    return told["files"]


def test_unknown_tag_is_set_aside(utility):
    utility.deliver("LIT_T9_LEVEL_20220725T0100.csv", GOOD)
    (file,) = ingest(utility)
    assert (file["state"], file["read"], file["set_aside"]) == ("stored", 2, 2)
    assert "LIT_T9_LEVEL" in file["reason"]
    assert "sensors.yml" in file["reason"]
    with open_store(utility.workspace, "litoral") as store:
        assert store.set_aside()["tag"].tolist() == ["LIT_T9_LEVEL"] * 2


def test_text_for_a_number_is_quarantined_and_the_rest_stored(utility):
    utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD + "2022-07-25 01:10:00,full,Good\n2022-07-25 01:15:00,Bad Input,Bad\n")
    (file,) = ingest(utility)
    assert (file["read"], file["stored"], file["missing"], file["quarantined"]) == (4, 2, 1, 1)
    assert file["reason"] == "line 4: the value is not a number"
    with open_store(utility.workspace, "litoral") as store:
        (row,) = store.quarantined().to_dict("records")
    assert (row["line"], "full" in row["text"]) == (4, True)


def test_a_file_cut_inside_a_number_is_not_read_as_another_number(utility):
    path = utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD + "2022-07-25 01:10:00,1")
    ingest(utility)
    with open_store(utility.workspace, "litoral") as store:
        levels = store.read(["level"], pd.Timestamp("2022-07-25"), pd.Timestamp("2022-07-26"))
    assert not levels["value"].lt(3).any(), "12.x ft are 3.8 m; 1 ft would be 0.3 m"
    kept = [*utility.workspace.data("litoral").rglob(path.name)]
    assert len(kept) == 1, "the file is still somewhere"
    assert kept[0].read_text().endswith(",1")


def test_no_profile_for_a_file(utility):
    utility.deliver("README.csv", GOOD)
    (file,) = ingest(utility)
    assert file["state"] == "quarantined"
    report = utility.workspace.quarantine("litoral") / "README.csv.report.txt"
    assert "no import profile" in report.read_text()


def test_the_same_file_twice(utility):
    utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD)
    ingest(utility)
    utility.deliver("LIT_T1_LEVEL_20220725T0100_1.csv", GOOD)
    (file,) = ingest(utility)
    assert file["stored"] == 0
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.read(["level"], pd.Timestamp("2022-07-25"), pd.Timestamp("2022-07-26"))) == 2


def test_empty_inbox(utility):
    assert ingest(utility) == []
    result = utility.wss("cycle", "litoral", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["rung"] == "none"
    assert "no reading yet" in told["error"]
    assert "Traceback" not in result.stderr


def test_an_unknown_tag_is_listed_approved_and_found(utility):
    utility.deliver("LIT_T1X_LEVEL_20220725T0100.csv", GOOD)
    ingest(utility)
    listed = utility.wss("ingest", "litoral", "--unknown", "--json")
    assert listed.exit_code == 0, listed.stderr
    (tag,) = json.loads(listed.stdout)
    assert (tag["tag"], tag["readings"], tag["example"]) == ("LIT_T1X_LEVEL", 2, "12.5, 12.6")
    assert tag["likely"][0] == "LIT_T1_LEVEL"
    assert "LIT_T1X_LEVEL" in utility.wss("ingest", "--unknown").stdout
    first = (utility.folder / "sensors.yml").read_text()
    (utility.folder / "sensors.yml").write_text(re.sub(r"(tag: LIT_T1_LEVEL,)", r"\1 aliases: [LIT_T1X_LEVEL],", first))
    applied = utility.wss("apply", "litoral")
    assert applied.exit_code == 0, applied.stderr
    assert "2 readings that were set aside are found, in 1 files" in applied.stdout
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.read(["level"], pd.Timestamp("2022-07-24"), pd.Timestamp("2022-07-26"))) == 2
    assert "No reading is set aside" in utility.wss("ingest", "--unknown").stdout
    assert "found" not in utility.wss("apply", "litoral").stdout


def test_a_replay_by_command(utility):
    utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD)
    ingest(utility)
    profile = next((utility.folder / "profiles").glob("*.yml"))
    profile.write_text(re.sub(r"time_zone: .*", 'time_zone: "+05:00"', profile.read_text()))
    assert utility.wss("apply", "litoral").exit_code == 0
    result = utility.wss("ingest", "litoral", "--replay", "--file", "LIT_T1_LEVEL_20220725T0100.csv", "--json")
    assert result.exit_code == 0, result.stderr
    ((file,),) = (told["files"] for told in json.loads(result.stdout))
    assert (file["state"], file["read"], file["stored"]) == ("replayed", 2, 2)
    assert "2 readings that it no longer says are withdrawn" in file["reason"]
    with open_store(utility.workspace, "litoral") as store:
        assert store.last_time() == pd.Timestamp("2022-07-24T20:05")
    for words in (["--file", "x"], ["--replay", "--watch"], ["--replay", "--from", "yesterday"]):
        assert utility.wss("ingest", *words).exit_code == 2


STRANGE = ["two\nlines.csv", "\x1b[31mred.csv", "na\udcffme.csv", "a..\\x.csv", "é" * 125 + ".csv", "%0A.csv", "-rf.csv"]


@pytest.mark.parametrize("name", STRANGE)
def test_strange_names_are_kept_under_a_safe_one(utility, name):
    utility.deliver(name, GOOD)
    (file,) = ingest(utility)
    assert file["state"] == "quarantined"
    assert file["name"].isprintable()
    assert file["name"].endswith(".csv")
    kept = {path.name for path in utility.workspace.quarantine("litoral").iterdir()}
    assert kept == {file["name"], f"{file['name']}.report.txt"}
    assert list(utility.workspace.inbox("litoral").iterdir()) == []


def test_a_hard_link_of_the_sender_does_not_change_the_archive(utility, tmp_path):
    path = utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD)
    mine = utility.workspace.home / "mine.csv"
    os.link(path, mine)
    ingest(utility)
    mine.write_text("changed\n")
    (kept,) = utility.workspace.archive("litoral").rglob("*.csv")
    assert kept.read_text().endswith(GOOD)


def test_a_file_that_is_too_large_is_quarantined_unread(utility):
    utility.edit("tenant.yml", "intake:\n", "intake:\n  max_file_mb: 1\n")
    assert utility.wss("apply", "litoral").exit_code == 0
    utility.deliver("LIT_T1_LEVEL_20220725T0100.csv", GOOD * 20_000)
    (file,) = ingest(utility)
    assert (file["state"], file["read"]) == ("quarantined", 0)
    assert "larger than 1 MB (intake.max_file_mb): split it" in file["reason"]
