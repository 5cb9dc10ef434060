"""Only complete files are taken; no file is ever lost or replaced on its way."""

import os
import time
from pathlib import Path

import pytest

from wss.steps.intake import folders
from wss.steps.intake.look import look

NOW = time.time()


def put(folder: Path, name: str, data: bytes, age_s: float) -> Path:
    """A file last written `age_s` seconds ago. [s]"""
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (NOW - age_s, NOW - age_s))
    return path


def state(path: Path, now: float = NOW) -> str:
    found = {f.path: f.state for f in look(path.parent, now, 60)}
    return found.get(path, "left out")


def ready(folder: Path, now: float = NOW) -> list[Path]:
    return [f.path for f in look(folder, now, 60) if f.state == "ready"]


def test_a_still_file_that_ends_in_a_newline_is_ready(tmp_path):
    assert state(put(tmp_path, "a.csv", b"t\n1\n", 61)) == "ready"
    assert state(put(tmp_path, "b.csv", "t\n1\n".encode("utf-16"), 61)) == "ready"


def test_a_file_that_is_still_written_waits(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"t\n1\n")
    assert path.stat().st_ctime_ns == path.stat().st_mtime_ns
    assert state(path, path.stat().st_mtime + 59) == "waiting"
    assert state(path, path.stat().st_mtime + 61) == "ready"


def test_a_renamed_file_is_ready_at_once(tmp_path):
    (tmp_path / "a.csv.part").write_bytes(b"t\n1\n")
    assert look(tmp_path, NOW, 60) == []
    time.sleep(0.02)
    (tmp_path / "a.csv.part").rename(tmp_path / "a.csv")
    assert ready(tmp_path, time.time()) == [tmp_path / "a.csv"]


def test_a_done_marker_makes_a_file_ready_even_without_a_newline(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"t\n1")
    assert state(path, time.time()) == "waiting"
    (tmp_path / "a.csv.done").touch()
    assert state(path, time.time()) == "ready"


@pytest.mark.parametrize("data", [b"t\n2,", b""])
def test_a_cut_file_waits_and_is_given_up_after_ten_times_as_long(tmp_path, data):
    assert state(put(tmp_path, "a.csv", data, 599)) == "waiting"
    assert state(put(tmp_path, "a.csv", data, 601)) == "incomplete"


def test_unfinished_and_hidden_files_are_left_out(tmp_path):
    for name in ("a.part", "a.tmp", "a.filepart", ".a.csv"):
        assert state(put(tmp_path, name, b"t\n", 1000)) == "left out"


def test_what_is_no_regular_file_is_ignored_and_reported(tmp_path):
    target = put(tmp_path, "target.csv", b"t\n", 1000)
    (tmp_path / "link.csv").symlink_to(target)
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    ignored = {f.path.name for f in look(tmp_path, NOW, 60) if f.state == "ignored"}
    assert ignored == {"link.csv", "gone.csv", "folder", "pipe.csv"}
    assert ready(tmp_path) == [target]


def test_the_first_delivered_comes_first(tmp_path):
    late, early, twin = put(tmp_path, "a", b"\n", 100), put(tmp_path, "c", b"\n", 200), put(tmp_path, "b", b"\n", 200)
    assert ready(tmp_path) == [twin, early, late]


def test_a_missing_inbox_is_empty(tmp_path):
    assert look(tmp_path / "none", NOW, 60) == []


def test_claiming_never_replaces_a_file(tmp_path):
    box, work = tmp_path / "inbox", tmp_path / "work"
    box.mkdir()
    work.mkdir()
    path = put(box, "a.csv", b"new\n", 100)
    (box / "a.csv.done").touch()
    (work / "a.csv").write_bytes(b"old\n")
    assert folders.claim(path, work) is None
    assert (path.read_bytes(), (work / "a.csv").read_bytes()) == (b"new\n", b"old\n")
    (work / "a.csv").unlink()
    assert folders.claim(path, work) == work / "a.csv"
    assert list(box.iterdir()) == []


def test_putting_away_keeps_both_files_of_a_name_and_one_of_the_same_contents(tmp_path):
    archive = tmp_path / "archive"
    kept = [folders.put_away(put(tmp_path, "a.csv", data, 0), archive) for data in (b"1", b"2", b"1", b"2")]
    assert [path.read_bytes() for path in kept] == [b"1", b"2", b"1", b"2"]
    assert len(list(archive.iterdir())) == 2
    assert not (tmp_path / "a.csv").exists()


def test_a_link_put_in_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "a.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic"):
        folders.contents(tmp_path / "a.csv")
