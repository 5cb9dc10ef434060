"""`wss profile guess` and `wss profile try`, on files as the demo utility's SCADA writes them."""

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from wss import demo
from wss.cli import app
from wss.store import Workspace

ROWS = [f"2022-05-27 {hour:02}:{minute:02}:00,LIT_T1_LEVEL,{10 + hour / 10:.1f},Good" for hour in range(24) for minute in (0, 30)]
HEAD = "stamp,point,reading,quality\n"
SPOILT = [
    "2022-05-28 00:00:00,LIT_T1_LEVEL,99,Good",
    "2022-05-28 00:30:00,LIT_T1_LEVL,10,Good",
    "2022-05-28 01:00:00,LIT_T1_LEVEL,ten,Good",
    "2022-05-28 01:30:00,LIT_T1_LEVEL,,Good",
    "2022-05-28 02:00:00,LIT_T1_LEVEL,12,Bad",
]


def wss(*words: object):
    return CliRunner().invoke(app, ["profile", *map(str, words)])


@pytest.fixture
def litoral_files() -> Path:
    """Folder of the demo utility, whose files were never applied, so that there is no store."""
    return demo.install(Workspace(Path(os.environ["WSS_HOME"])), "litoral")


@pytest.fixture
def export(tmp_path) -> Path:
    path = tmp_path / "hist_20220528.csv"
    path.write_text(HEAD + "\n".join([*ROWS, *SPOILT]) + "\n")
    return path


def test_guess_then_try(litoral_files, export):
    profile = litoral_files / "profiles" / "hist.yml"
    guessed = wss("guess", export, "--tenant", "litoral", "--out", profile, "--json")
    assert guessed.exit_code == 0, guessed.output
    told = json.loads(guessed.stdout)
    assert told["profile"] == yaml.safe_load(profile.read_text())
    assert (told["profile"]["files"], told["profile"]["tag_column"]) == ("hist_*.csv", "point")
    assert {t["tag"]: (t["known"], t["likely"][:1]) for t in told["tags"]} == {
        "LIT_T1_LEVEL": (True, []),
        "LIT_T1_LEVL": (False, ["LIT_T1_LEVEL"]),
    }
    assert any(e["doubt"] and e["key"] == "missing" and "'ten'" in e["why"] for e in told["evidence"])
    before = export.read_bytes(), sorted(litoral_files.parent.parent.rglob("*"))
    tried = wss("try", export, "--tenant", "litoral", "--json")
    assert tried.exit_code == 0, tried.output
    told = json.loads(tried.stdout)
    assert [told[k] for k in ("profile", "read", "stored", "missing", "set_aside", "quarantined")] == ["hist", 53, 50, 1, 1, 1]
    assert [(row["line"], row["reason"]) for row in told["rows"]["quarantined"]] == [(52, "the value is not a number")]
    assert told["rows"]["set_aside"][0]["tag"] == "LIT_T1_LEVL"
    assert told["flags"] == {"scada_bad": 1, "range": 1}
    level = told["tags"][0]
    assert (level["sensor"], level["readings"], level["first"], level["outside"]) == ("level 1", 50, "2022-05-27 00:00:00", 1)
    assert level["our_values"][2] == pytest.approx(99 * 0.3048)
    assert before == (export.read_bytes(), sorted(litoral_files.parent.parent.rglob("*")))


@pytest.mark.usefixtures("litoral_files")
def test_without_a_tenant_and_as_tables(export, tmp_path):
    profile = tmp_path / "p.yml"
    shown = wss("guess", export, "--out", profile)
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in ("evidence", "delimiter", "? time_zone", "tag_column: point"))
    again = wss("guess", export, "--out", profile)
    assert (again.exit_code, "is there already" in again.output) == (2, True)
    tried = wss("try", export, "--profile", profile)
    assert tried.exit_code == 0, tried.output
    assert all(word in tried.output for word in ("Nothing was stored", "LIT_T1_LEVL", "not a number", "1 scada bad"))
    told = json.loads(wss("try", export, "--profile", profile, "--json").stdout)
    assert (told["read"], told["stored"], told["set_aside"]) == (53, 51, 0)


@pytest.mark.usefixtures("litoral_files")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("try", "{file}"), "say by which profile"),
        (("try", "{file}", "--tenant", "litoral"), "is for files LIT_*.csv"),
        (("try", "{file}", "--tenant", "nobody"), "no tenant named nobody"),
        (("guess", "{file}x"), "there is no such file"),
        (("try", "{file}", "--profile", "{bad}"), "layout"),
        (("try", "{file}", "--profile", "{file}y"), "there is no such file"),
    ],
)
def test_what_is_wrong_is_said(words, said, export, tmp_path):
    bad = tmp_path / "bad.yml"
    bad.write_text("name: x\nfiles: '*'\nlayout: tall\n")
    result = wss(*(word.format(file=export, bad=bad) for word in words))
    assert result.exit_code == 2, result.output
    assert said in result.output.replace("\n", " ")
    assert "Traceback" not in result.output
