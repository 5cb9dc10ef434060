"""Exports as the historians and spreadsheets of utilities write them: the guessed profile reads every reading rightly."""

import gzip

import pandas as pd
import pytest
import yaml

from wss.config import ImportProfile
from wss.config.lines import read_yaml
from wss.ingestion import readers
from wss.ingestion.guess import guess

ZONE = "Europe/Lisbon"
TIMES = pd.date_range("2022-05-27T22:00", periods=40, freq="15min")
"""On the wall in summer time; past the day 12, so that day and month cannot be taken for each other."""


def rows(line, times=TIMES) -> list[str]:
    return [line(n, t) for n, t in enumerate(times)]


def both(line, tags=("FT101", "LT202")) -> list[str]:
    return [line(f"{10 * (k + 1) + n / 4:.2f}", t, tag) for n, t in enumerate(TIMES) for k, tag in enumerate(tags)]


def comma(number: str) -> str:
    return number.replace(".", ",")


EXPORTS = {
    # name: file name, text, encoding, what the profile must say, tags, readings of the first tag
    "WinCC": (
        "TagLogging_20220527.csv",
        [
            '"VarName";"TimeString";"VarValue";"Validity";"Time_ms"',
            *both(lambda v, t, tag: f'"{tag}";"{t:%d.%m.%Y %H:%M:%S}";{comma(v)};1;44708{t.hour:02},5'),
            '"$RT_OFF$"',
        ],
        "utf-16",
        {"layout": "long", "delimiter": ";", "decimal": ",", "tag_column": "VarName", "value_column": "VarValue"},
        ("FT101", "LT202"),
    ),
    "iFix": (
        "hist_220527.csv",
        [
            "[Node] SCADA1",
            "",
            "Date,Time,FIX.FT101.F_CV,FIX.LT202.F_CV",
            *rows(lambda n, t: f"{t:%m/%d/%Y},{t:%I:%M:%S %p},{10 + n / 4:.2f},{'???' if n == 3 else f'{20 + n / 4:.2f}'}"),
        ],
        "utf-8",
        {"layout": "wide", "date_column": "Date", "time_column": "Time", "time_format": "%m/%d/%Y %I:%M:%S %p"},
        ("FIX.FT101.F_CV", "FIX.LT202.F_CV"),
    ),
    "Wonderware": (
        "InSQL_History.csv",
        ["TagName,DateTime,Value,QualityDetail", *both(lambda v, t, tag: f"{tag},{t:%Y-%m-%d %H:%M:%S}.000,{v},192")],
        "utf-8-sig",
        {"layout": "long", "tag_column": "TagName", "quality_column": "QualityDetail", "time_format": "ISO8601"},
        ("FT101", "LT202"),
    ),
    "PI": (
        "pi_export.txt",
        [
            "tag\ttimestamp\tvalue\tstatus",
            *both(lambda v, t, tag: f"{tag}\t{t:%d-%b-%Y %H:%M:%S}\t{'Bad Input' if v == '12.00' else v}\tGood"),
        ],
        "utf-8",
        {"layout": "long", "delimiter": "tab", "time_format": "%d-%b-%Y %H:%M:%S", "quality_column": "status"},
        ("FT101", "LT202"),
    ),
    "Citect": (
        "trend.csv",
        [
            "Citect trend export",
            "From 27/05/2022 to 28/05/2022",
            "",
            "Date/Time;FT101;LT202",
            ";m3/h;m",
            *rows(
                lambda n, t: f"{t:%d/%m/%Y %H:%M:%S};{comma(f'{10 + n / 4:.2f}')};{'' if n == 7 else comma(f'{20 + n / 4:.2f}')}"
            ),
        ],
        "cp1252",
        {"layout": "wide", "delimiter": ";", "decimal": ",", "header": ["names", "units"]},
        ("FT101", "LT202"),
    ),
    "Ignition": (
        "ignition-report.csv",
        [
            '"t_stamp","Plant/FT101","Plant/LT202"',
            *rows(lambda n, t: f'"{t:%Y-%m-%d %H:%M:%S}","{10 + n / 4:.2f}","{20 + n / 4:.2f}"'),
        ],
        "utf-8",
        {"layout": "wide", "time_column": "t_stamp"},
        ("Plant/FT101", "Plant/LT202"),
    ),
    "Excel": (
        "Caudais Maio 2022.csv",
        [
            "Instalação;Depósito da Nazaré",
            ";",
            "Data e hora;Caudal [m³/h];Nível [m];Observações",
            *rows(
                lambda n, t: (
                    f"{t:%d/%m/%Y %H:%M};{f'{1200.5 + n:,.2f}'.replace(',', ' ').replace('.', ',')};"
                    f"{comma(f'{20 + n / 4:.2f}')};{'manutenção' if n == 9 else ''}"
                )
            ),
            "Total;;;",
        ],
        "cp1252",
        {"layout": "wide", "decimal": ",", "thousands": " ", "other_columns": ["Observações"]},
        ("Caudal [m³/h]", "Nível [m]"),
    ),
    "EPANET": (
        "net.txt",
        [
            "; readings of the model",
            "[FT101]",
            "; Time Value",
            "Time Value",
            *rows(lambda n, t: f" {t:%Y-%m-%dT%H:%M:%S}    {10 + n / 4:.2f}"),
            "[LT202]",
            "Time Value",
            *rows(lambda n, t: f" {t:%Y-%m-%dT%H:%M:%S}    {20 + n / 4:.2f}"),
        ],
        "utf-8",
        {"layout": "long", "delimiter": "spaces", "comments": [";"]},
        ("FT101", "LT202"),
    ),
    "Telemetry": (
        "FT101_20220527_2200.csv",
        [
            "time,value,quality",
            *rows(lambda n, t: f"{t.tz_localize(ZONE).timestamp():.0f},{10 + n / 4:.2f},{'Good' if n else 'Bad'}"),
        ],
        "utf-8",
        {"layout": "one_file_a_tag", "time_format": "epoch_s", "quality_column": "quality"},
        ("FT101",),
    ),
    "Milliseconds": (
        "points.csv",
        ["id,ts,v", *both(lambda v, t, tag: f"{tag},{t.tz_localize(ZONE).timestamp():.0f}000,{v}")],
        "utf-8",
        {"layout": "long", "time_format": "epoch_ms", "tag_column": "id", "value_column": "v"},
        ("FT101", "LT202"),
    ),
    "Logger without header": (
        "logger7.dat",
        rows(lambda n, t: f"{t:%Y%m%d};{t:%H:%M};{10 + n / 4:.2f};{20 + n / 4:.2f}"),
        "utf-8",
        {"layout": "wide", "date_column": "date", "time_format": "%Y%m%d %H:%M"},
        ("column 3", "column 4"),
    ),
    "Quality columns": (
        "q.csv",
        [
            "Zeit;FT101;FT101.Q;LT202;LT202.Q",
            *rows(lambda n, t: f"{t:%Y-%m-%d %H:%M:%S};{10 + n / 4:.2f};{'GOOD' if n % 5 else 'BAD'};{20 + n / 4:.2f};GOOD"),
        ],
        "utf-8",
        {"layout": "wide", "quality_suffix": ".Q"},
        ("FT101", "LT202"),
    ),
    "Offsets": (
        "api.csv",
        [
            "timestamp|point|reading|unit",
            *both(lambda v, t, tag: f"{t.tz_localize(ZONE).isoformat()}|{tag}|{v}|{'m3/h' if tag[0] == 'F' else 'm'}"),
        ],
        "utf-8",
        {"layout": "long", "delimiter": "|", "unit_column": "unit", "time_format": "ISO8601"},
        ("FT101", "LT202"),
    ),
    "Pump states": (
        "pumps.csv",
        [
            "time,tag,value",
            *both(lambda v, t, tag: f"{t:%Y-%m-%dT%H:%M:%S},{tag},{'RUN' if float(v) % 1 else 'STOP'}", ("P1", "P2")),
        ],
        "utf-8",
        {"layout": "long", "states": {"STOP": 0, "RUN": 1}},
        ("P1", "P2"),
    ),
}


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_realistic_export(kind, packed):
    name, lines, encoding, said, tags = EXPORTS[kind]
    data = "\r\n".join([*lines, ""]).encode(encoding)
    if packed:
        data, name = gzip.compress(data), name + ".gz"
    found = guess(data, name, zone=ZONE)
    told = yaml.safe_load(found.yaml())
    shown = {key: told.get(key, getattr(found.profile, key)) for key in said}
    assert shown == said, found.yaml()
    assert readers.is_for(name, found.profile)
    parsed = readers.read(data, name, found.profile)
    assert sorted(found.tags) == sorted(tags)
    readings = parsed.readings[parsed.readings["tag"] == tags[0]]
    assert len(parsed.quarantine) <= 2, parsed.quarantine
    assert len(parsed.readings) + parsed.missing >= len(TIMES) * len(tags) - 1
    utc = TIMES.tz_localize(ZONE).tz_convert("UTC").tz_localize(None)
    assert set(readings["time"]) <= set(utc)
    assert readings["time"].max() == utc[-1]
    if kind not in ("Pump states", "Excel", "PI"):
        assert readings["value"].tolist() == [10 + n / 4 for n in range(len(TIMES))]


@pytest.mark.parametrize("kind", EXPORTS)
def test_its_file_is_a_valid_profile_and_says_the_doubts(kind):
    name, lines, encoding, *_ = EXPORTS[kind]
    found = guess("\n".join([*lines, ""]).encode(encoding), name)
    document = read_yaml("profiles/x.yml", found.yaml())
    assert not document.faults
    assert ImportProfile.model_validate(document.data) == found.profile
    assert found.yaml().count("# In doubt: ") == len(found.doubts)
    keys = {one.key for one in found.evidence}
    assert {"layout", "delimiter", "time_format", "time_zone", "decimal", "encoding", "(reading)"} <= keys
    assert all(one.why for one in found.evidence)
