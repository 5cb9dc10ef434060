"""What was written by some profile is read alike by the guessed one, or the guess says that it is in doubt."""

import csv
import gzip
import io
import random

import pandas as pd
import pytest

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers, sources
from wss.ingestion.guess import guess, time_formats, time_zones, vocabulary
from wss.ingestion.sources.kind import SAMPLE

ZONE = "Europe/Rome"
TAGS = ("FT101.PV", "LT 202", "P3_run", "Nível 4", "QI-5", "101/6")
CASES = 150
FORMATS = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%y %H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "epoch_s",
    "epoch_ms",
    "excel",
)
PAIRS = (("%d/%m/%Y", "%H:%M:%S"), ("%Y-%m-%d", "%H:%M"), ("%m/%d/%Y", "%I:%M %p"), ("%Y%m%d", "%H:%M:%S"))


def random_profile(chance: random.Random) -> ImportProfile:
    """A profile that is drawn from all that a profile can say."""
    pick = chance.choice
    layout, delimiter = pick(["long", "long", "wide", "wide", "one_file_a_tag"]), pick([",", ";", ";", "tab", "|", "spaces"])
    decimal = pick([mark for mark in (".", ".", ",") if mark != delimiter])
    thousands = pick([None, None, None, *(mark for mark in (" ", ".", ",", "'") if mark not in (decimal, delimiter))])
    thousands = None if delimiter == "spaces" and thousands == " " else thousands
    headless = chance.random() < 0.12
    keys = {
        "name": "x",
        "files": "*",
        "layout": layout,
        "delimiter": delimiter,
        "decimal": decimal,
        "thousands": thousands,
        "encoding": pick(["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"]),
        "time_zone": ZONE,
        "quote": pick(['"', '"', "none"]),
        "comments": pick([(), (), ("#",)]),
    }
    pair = delimiter == "spaces" or chance.random() < 0.2
    time = pick(["time", "Data e hora", "TimeStamp"])
    keys |= {"date_column": "Day", "time_column": "Clock"} if pair else {"time_column": time}
    both = " ".join(pick(PAIRS if delimiter != "spaces" else PAIRS[:2])) if pair else pick(FORMATS)
    keys["time_format"] = both
    spaced = delimiter == "spaces"
    keys["missing"] = ("", "NaN", *(() if chance.random() < 0.5 else (pick(["N/A", "---", "NO_DATA"]),)))
    if layout != "wide":
        keys |= {"value_column": pick(["value", "Valor", "PV"]), "quality_column": pick([None, "quality", "Status"])}
        keys["unit_column"] = pick([None, None, "Unit"])
        if layout == "long":
            sectioned = not headless and chance.random() < 0.15
            keys |= {"section_pattern": r"\[(?P<tag>.+)\]"} if sectioned else {"tag_column": pick(["tag", "TagName", "Sinal"])}
        else:
            keys["tag_pattern"] = r"(?P<tag>.+)_\d+\.csv"
    else:
        keys["quality_suffix"] = pick([None, None, ".Q", "_quality"])
        keys["other_columns"] = pick([(), (), ("Record",)])
        above = pick([("names",), ("names",), ("names", "units"), ("names", "units", "descriptions")])
        keys["header"] = ("names",) if spaced else above
    if headless:
        keys |= {"header": ("names",), "skip_lines": pick([0, 2]), "quality_suffix": None, "other_columns": ()}
        keys = keys | {"columns": tuple(columns(keys, tags_of(keys, chance)))}
    return ImportProfile(**keys)


def tags_of(keys: dict, chance: random.Random) -> list[str]:
    several = [tag for tag in TAGS if keys["delimiter"] != "spaces" or " " not in tag]
    return chance.sample(several, 1 if keys["layout"] == "one_file_a_tag" else chance.randint(2, 4))


def columns(keys: dict, tags: list[str]) -> list[str]:
    """Names of the columns."""
    names = [*([keys["date_column"]] if keys.get("date_column") else []), keys["time_column"]]
    if keys["layout"] == "wide":
        suffix = keys.get("quality_suffix")
        names += [name for tag in tags for name in ((tag, tag + suffix) if suffix else (tag,))]
        return names + list(keys.get("other_columns") or ())
    return names + [keys[key] for key in ("tag_column", "value_column", "quality_column", "unit_column") if keys.get(key)]


def number(value: float, profile: ImportProfile) -> str:
    text = f"{value:,.2f}" if profile.thousands else f"{value:.2f}"
    return text.replace(",", "\0").replace(".", profile.decimal).replace("\0", profile.thousands or "")


def stamp(utc: pd.Timestamp, profile: ImportProfile) -> list[str]:
    wall = utc.tz_localize("UTC").tz_convert(ZONE)
    form = profile.time_format
    if form.startswith("epoch"):
        return [f"{utc.timestamp():.0f}" + ("000" if form == "epoch_ms" else "")]
    if form == "excel":
        days = (wall.tz_localize(None) - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
        return [f"{days:.8f}".replace(".", profile.decimal)]
    text = wall.strftime(form)
    if "%z" in form:
        text = f"{text[:-2]}:{text[-2:]}"
    return text.split(" ", 1) if profile.date_column else [text]


def export(profile: ImportProfile, chance: random.Random) -> tuple[bytes, str]:
    """A file that the profile describes, and its name."""
    keys = profile.model_dump()
    tags = (
        tags_of(keys, chance)
        if not profile.columns or profile.layout != "wide"
        else list(profile.columns[len(stamp(pd.Timestamp("2022-05-01"), profile)) :])
    )
    start = pd.Timestamp("2022-05-01") + pd.Timedelta(hours=chance.randrange(24 * 40))
    times = pd.date_range(start, periods=chance.randint(40, 120), freq=chance.choice(["5min", "15min", "1h"]))
    out = io.StringIO()
    quoting = csv.QUOTE_NONE if profile.quote == "none" or profile.delimiter == "spaces" else csv.QUOTE_MINIMAL
    write = csv.writer(out, delimiter=profile.delimiter_character, quoting=quoting, lineterminator="\n", escapechar=None)
    out.write("some\nwords\n" * (profile.skip_lines > 0) + "# made for a test\n" * bool(profile.comments))
    names, of_time = columns(keys, tags), len(stamp(start, profile))
    header = {
        "names": names,
        "units": [""] * of_time + ["m3/h"] * (len(names) - of_time),
        "descriptions": [""] * of_time + ["flow of the main"] * (len(names) - of_time),
    }

    def value() -> str:
        return (
            chance.choice(profile.missing)
            if chance.random() < 0.05 and profile.delimiter != "spaces"
            else number(chance.uniform(0, 20000), profile)
        )

    def reading(tag: str | None, time: pd.Timestamp) -> list[str]:
        cells = {
            profile.tag_column: tag,
            profile.value_column: value(),
            profile.quality_column: chance.choice(["Good", "Good", "Bad"]),
            profile.unit_column: "m3/h",
        }
        return stamp(time, profile) + [cells[name] for name in names[of_time:]]

    if not profile.columns and not profile.section_pattern:
        for kind in profile.header:
            write.writerow(header[kind])
    if profile.layout == "wide":
        for n, time in enumerate(times):
            cells = [c for _ in tags for c in ((value(), "Good") if profile.quality_suffix else (value(),))]
            write.writerow(stamp(time, profile) + cells + [str(n + 1)] * len(profile.other_columns))
    elif profile.section_pattern:
        for tag in tags:
            out.write(f"[{tag}]\n")
            write.writerow(names)
            write.writerows(reading(None, time) for time in times)
    else:
        write.writerows(reading(tag, time) for time in times for tag in tags)
    stem = tags[0].replace("/", "-") if profile.layout == "one_file_a_tag" else "export"
    name = f"{stem}_{start:%Y%m%d}.csv"
    data = out.getvalue().encode(profile.encoding)
    return (gzip.compress(data), name + ".gz") if chance.random() < 0.1 else (data, name)


def readings(parsed: readers.Parsed, named: bool) -> list[tuple]:
    frame = parsed.readings.assign(tag=parsed.readings["tag"].astype("str") if named else "")
    return sorted(frame[["tag", "time", "value", "flag"]].itertuples(index=False, name=None))


def test_a_guessed_profile_reads_what_a_random_one_wrote():
    wrong = []
    for case in range(CASES):
        chance = random.Random(case)
        profile = random_profile(chance)
        data, name = export(profile, chance)
        truth = readers.read(data, name, profile)
        assert len(truth.readings) > 30
        assert truth.quarantine.empty
        found = guess(data, name, zone=ZONE)
        named = not (profile.columns and profile.layout == "wide")
        again = readers.read(data, name, found.profile)
        if readings(truth, named) != readings(again, named) or len(again.quarantine):
            told = {one.key for one in found.doubts} - {"time_zone", "files"}
            assert told, f"case {case}: differs without a doubt\n{profile!r}\n{found.yaml()}"
            wrong.append((case, f"doubts {told}", profile))
    assert len(wrong) <= 0.05 * CASES, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    ("stamps", "form", "doubtful"),
    [
        (["31/01/2022 10:00", "01/02/2022 10:00"], "%d/%m/%Y %H:%M", False),
        (["01/31/2022 10:00", "02/01/2022 10:00"], "%m/%d/%Y %H:%M", False),
        (["03/04/2022 10:00"] * 3, "%d/%m/%Y %H:%M", True),
        (["03/04/2022 10:00 PM"] * 3, "%m/%d/%Y %I:%M %p", True),
        (["09/04/2022 23:00", "10/04/2022 00:00", "11/04/2022 00:00"], "%d/%m/%Y %H:%M", False),
        (["04/09/2022 23:00", "04/10/2022 00:00", "04/11/2022 00:00"], "%m/%d/%Y %H:%M", False),
        (["2022-03-01T10:00:00+01:00", "2022-03-01T10:05:00.5+01:00"], "ISO8601", False),
        (["1646092800", "1646093100"], "epoch_s", False),
        (["1646092800000", "1646093100000"], "epoch_ms", False),
        (["44621,010416", "44621,020833"], "excel", False),
        (["01.03.2022 24:00:00", "02.03.2022 00:15:00", "13.03.2022 00:15:00"], "%d.%m.%Y %H:%M:%S", False),
    ],
)
def test_formats_of_times(stamps, form, doubtful):
    found = time_formats.guess(stamps)
    assert (found.formats[0], bool(found.doubt)) == (form, doubtful)


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands", "doubtful"),
    [
        (["12,5", "3"], ",", None, False),
        (["12.5"], ".", None, False),
        (["1.234,5"], ",", ".", False),
        (["1,234.5", "7"], ".", ",", False),
        (["1,234", "2,345"], ",", None, True),
        (["1,234", "0,5"], ",", None, False),
        (["1 234,5"], ",", " ", False),
        (["1'234.5"], ".", "'", False),
        (["1,234,567"], ".", ",", False),
        (["7"], ".", None, False),
        (["1.5", "1,5", "2.5"], ".", None, True),
    ],
)
def test_marks_of_numbers(cells, decimal, thousands, doubtful):
    found = vocabulary.marks(cells)
    assert (found.decimal, found.thousands, bool(found.doubt)) == (decimal, thousands, doubtful)


def wall(start: str, periods: int, zone: str | None) -> list[tuple[str, pd.Timestamp]]:
    """Quarters of an hour as a clock of the zone shows them, of two tags."""
    utc = pd.date_range(start, periods=periods, freq="15min", tz="UTC")
    shown = utc.tz_convert(zone or "Etc/GMT-1").tz_localize(None)
    return [(tag, time.to_pydatetime()) for time in shown for tag in ("A", "B")]


@pytest.mark.parametrize(
    ("start", "shown", "zone", "said", "doubtful"),
    [
        ("2022-10-29T20:00", ZONE, ZONE, ZONE, False),
        ("2022-10-29T20:00", None, ZONE, "+01:00", True),
        ("2022-03-26T20:00", None, ZONE, "+01:00", False),
        ("2022-06-01T00:00", ZONE, ZONE, ZONE, True),
        ("2022-06-01T00:00", ZONE, None, "UTC", True),
        ("2022-10-29T20:00", ZONE, None, "UTC", True),
    ],
)
def test_zone(start, shown, zone, said, doubtful):
    found, why, doubt = time_zones.guess(wall(start, 40, shown), "%Y-%m-%d %H:%M", zone, None)
    assert (found, bool(doubt)) == (said, doubtful)
    assert why or doubt


def test_only_the_ends_of_a_large_file_are_looked_at():
    row = b"2022-03-01T00:00:00,A,1.5\n"
    data = b"time,tag,value\n" + row * 200_000
    sample = sources.sample(io.BytesIO(data), "x.csv")
    assert len(sample) < 2.1 * SAMPLE
    assert set(sample.splitlines(keepends=True)) == {b"time,tag,value\n", row}
    found = guess(data, "x.csv")
    assert found.profile.tag_column == "tag"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"hello\nworld\n",
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"a,b\n1,2\n" * 50,
        b"time,x\n2022-03-01,words\n2022-03-02,more\n",
    ],
)
def test_what_is_no_export_says_so(data):
    with pytest.raises(DataError, match=r"x\.csv"):
        guess(data, "x.csv")
