"""Loading a tenant's files: what comes out, and that every kind of fault says file, line, key and what would mend it."""

import re
from importlib.resources import files as package_files
from pathlib import Path

import pytest
import yaml

from wss import config
from wss.errors import ConfigError

FAULTS = yaml.safe_load((Path(__file__).parent / "data" / "faults.yml").read_text(encoding="utf-8"))


def message(files: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(files)
    return str(caught.value)


def test_good_files_give_what_they_say(files):
    found = config.load(files)
    assert (found.name, found.pump_ids, found.tank_ids) == ("serra", ["010"], ["T1"])
    assert [s.unit for s in found.sensors if s.tag == "JT_010"] == ["kW", "W"]
    assert found.tariff.versions[0].periods[0].spans[0].hours == ("08:00-22:00",)
    assert found.profiles[0].time_zone == "+00:00"
    assert found.network == files["network.inp"]


@pytest.mark.parametrize("name", FAULTS)
def test_fault_says_where_and_how_to_mend(spoil, name):
    case = FAULTS[name]
    spoilt = spoil(case["file"], case["old"], case["new"])
    reported = case.get("reported", case["file"])
    lines = [n for n, text in enumerate(spoilt[reported].splitlines(), start=1) if text.strip() == case["line"]]
    found = message(spoilt).splitlines()
    assert any(f" * {reported}:{line}{case['says']}" in found for line in lines), found


def test_faults_of_all_files_come_at_once(files):
    spoilt = {
        "tenant.yml": files["tenant.yml"].replace("{id: T1,", "{id: T9,"),
        "sensors.yml": files["sensors.yml"].replace("item: V1", "item: V2"),
        "tariff.yml": files["tariff.yml"].replace("currency: EUR", "currency: Euro").replace("8:00-22:00", "8-22"),
        "profiles/scada.yml": files["profiles/scada.yml"].replace("time_zone: +00:00", "time_zone: WEST"),
        "network.inp": files["network.inp"].replace(" P1   R1    J1 ", " P1 ;"),
    }
    found = message(spoilt)
    assert {line.split(":")[0].removeprefix(" * ") for line in found.splitlines()[1:]} == set(spoilt)
    assert found.startswith(f"{len(found.splitlines()) - 1} faults during the check of the tenant's files")


def test_a_files_faults_come_in_the_order_of_its_lines(spoil):
    found = message(spoil("tenant.yml", "name: serra\ntitle: Águas da Serra", "name: SERRA\ntitle:\nlanguagee: pt"))
    assert re.findall(r"tenant\.yml:(\d+)", found) == ["1", "2", "3"]


@pytest.mark.parametrize("file", ["tenant.yml", "sensors.yml", "tariff.yml"])
def test_missing_file_is_named_with_what_belongs_in_it(files, file):
    assert f" * {file}: the file is missing; write it: " in message({k: v for k, v in files.items() if k != file})


def test_missing_profile(files):
    assert "profiles: no import profile; write profiles/scada.yml" in message({k: v for k, v in files.items() if "/" not in k})


def test_two_profiles_for_the_same_files(files):
    found = message({**files, "profiles/two.yml": files["profiles/scada.yml"]})
    assert "profiles/two.yml:1 name: scada is the name of profiles/scada.yml too" in found
    assert "profiles/two.yml:2 files: *.csv is for profiles/scada.yml too" in found


def test_missing_network_says_where_to_put_it(files):
    found = message({k: v for k, v in files.items() if k != "network.inp"})
    assert "tenant.yml:7 system.network: the network serra.inp is missing; put the EPANET file of that name beside" in found


def test_network_that_is_no_network(files):
    assert "network.inp:1: is no EPANET input file" in message({**files, "network.inp": "hello"})


def test_network_may_be_given_apart(files):
    network = files.pop("network.inp")
    assert config.load(files, network).network == network


def test_folder_name(files):
    assert config.load(files, name="serra").name == "serra"
    with pytest.raises(ConfigError, match=r"tenant\.yml:1 name: serra is not the name of the folder, vale"):
        config.load(files, name="vale")


def test_period_that_changes_inside_a_decision_step(files):
    hours = files["tariff.yml"].replace("08:00-22:00", "08:15-22:00").replace("00:00-08:00", "00:00-08:15")
    coarse = files["tenant.yml"].replace("decision_minutes: 15", "decision_minutes: 30")
    assert config.load({**files, "tariff.yml": hours}).tenant.plan.decision_minutes == 15
    found = message({**files, "tariff.yml": hours, "tenant.yml": coarse})
    assert (
        "tariff.yml:8 versions[0].periods: a period changes at 08:15, inside a decision step of 30 min; "
        "set plan.decision_minutes in tenant.yml to 15"
    ) in found


def test_folder_is_read_with_its_network(folder):
    found = config.read_folder(folder)
    assert set(found) == {"tenant.yml", "sensors.yml", "tariff.yml", "profiles/scada.yml", "network.inp"}
    assert found["network.inp"] == (folder / "serra.inp").read_text()


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="no such folder; `wss tenant new vale`"):
        config.read_folder(tmp_path / "vale")


def test_network_of_an_installed_package(tmp_path):
    (tmp_path / "tenant.yml").write_text("system: {network: 'package:wntr/library/networks/Net3.inp'}")
    assert config.read_folder(tmp_path)["network.inp"] == package_files("wntr").joinpath("library/networks/Net3.inp").read_text()


@pytest.mark.parametrize("named", ["../secret.inp", "/etc/hostname", "package:wntr/../secret.inp", "package:no_such/a.inp"])
def test_network_outside_of_the_folder_is_not_read(tmp_path, named):
    (tmp_path / "secret.inp").write_text("secret")
    (tmp_path / "tenant").mkdir()
    (tmp_path / "tenant" / "tenant.yml").write_text(f"system: {{network: '{named}'}}")
    assert "network.inp" not in config.read_folder(tmp_path / "tenant")


def test_file_that_is_not_utf8(tmp_path):
    (tmp_path / "tenant.yml").write_bytes("title: Águas".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"tenant\.yml: byte 7 is not UTF-8; save the file with the encoding UTF-8"):
        config.read_folder(tmp_path)


def test_network_in_a_windows_code_page(tmp_path):
    (tmp_path / "tenant.yml").write_text("system: {network: a.inp}")
    (tmp_path / "a.inp").write_bytes("[TITLE]\nReservatório\n".encode("latin-1"))
    assert config.read_folder(tmp_path)["network.inp"] == "[TITLE]\nReservatório\n"
