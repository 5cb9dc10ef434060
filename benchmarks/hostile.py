"""Hostile exports: a small export of any layout, and what networks, disks, spreadsheets and attackers make of it."""

import gzip
import os
import random
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from wss.config import ImportProfile

TAGS = ("FT1", "LT2", "P 3.run", "Nível")
GOOD = ("Good", "192", "good", "Bad", "64", "?")
START = datetime(2022, 10, 29, 22)
HEAVY = 0.006
"""Share of files that get a mutation of megabytes."""


class Hostile(NamedTuple):
    """A file, the profile that it was written for, and what was done to it."""

    data: bytes
    name: str
    profile: ImportProfile
    done: tuple[str, ...]


def _long(**changes) -> ImportProfile:
    return ImportProfile(**{"name": "long", "files": "*", "layout": "long", "tag_column": "tag"} | changes)


PROFILES = {
    "long": _long(quality_column="quality", time_zone="Europe/Lisbon"),
    "european": _long(name="european", delimiter=";", decimal=",", thousands=".", encoding="cp1252", time_column="Data",
                      time_format="%d/%m/%Y %H:%M:%S", tag_column="Sinal", value_column="Valor", comments=("#", "Total"),
                      missing=("", "---"), states={"ON": 1, "OFF": 0}, duplicates="quarantine"),
    "utf16": _long(name="utf16", encoding="utf-16", delimiter="tab", unit_column="unit", duplicates="first"),
    "headless": _long(name="headless", columns=("date", "clock", "tag", "value"), date_column="date", time_column="clock",
                      time_format="%Y%m%d %H:%M:%S", quote="none", delimiter="|", skip_lines=1),
    "sections": _long(name="sections", tag_column=None, section_pattern=r"\[(?P<tag>.+)\]", delimiter="spaces",
                      comments=(";",), skip_sections=("Log*",), time_format="epoch_s"),
    "wide": ImportProfile(name="wide", files="*", layout="wide", header=("names", "units", "descriptions"), quality_suffix=".Q",
                          other_columns=("Rec*",), time_format="ISO8601", time_zone="+01:00"),
    "spread": ImportProfile(name="spread", files="*", layout="wide", delimiter=";", decimal=",", thousands=" ",
                            time_format="excel", other_time_formats=("%d.%m.%Y %H:%M",), missing=("", "#N/A"), quote="'"),
    "one": ImportProfile(name="one", files="*", layout="one_file_a_tag", tag_pattern=r"(?s)(?P<tag>.+?)(_.*)?", delimiter=",",
                         quality_column="quality", time_format="epoch_ms"),
}  # fmt: skip


def export(chance: random.Random) -> tuple[bytes, ImportProfile]:
    """A small sound export of any layout."""
    profile = PROFILES[chance.choice(list(PROFILES))]
    rows, tags = chance.randrange(2, 40), chance.sample(TAGS, chance.randrange(1, len(TAGS) + 1))
    moments = [START + timedelta(minutes=15 * n) for n in range(rows)]
    lines = _WRITE[profile.name](moments, tags, chance)
    text = chance.choice(["\n", "\r\n"]).join([*lines, ""])
    return text.encode("utf-8" if profile.encoding == "utf-8-sig" else profile.encoding), profile


def _number(chance: random.Random, decimal: str = ".") -> str:
    return chance.choice(["", "NaN", "0", f"{chance.uniform(-5, 5000):.2f}", f"{chance.gauss(20, 5):.4f}"]).replace(".", decimal)


def _seconds(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1)).total_seconds())


def _wide(moments, tags, chance):
    yield ",".join(["time", *(f"{tag},{tag}.Q" for tag in tags), "Record"])
    yield "," + ",".join("m3/h," for _ in tags) + ","
    yield "hour," + ",".join('"a, b",' for _ in tags) + ","
    for n, m in enumerate(moments):
        yield f"{m.isoformat()}," + ",".join(f"{_number(chance)},{chance.choice(GOOD)}" for _ in tags) + f",{n}"


def _sections(moments, tags, chance):
    for tag in tags:
        yield from (f"[{tag}]", "time   value", *(f"{_seconds(m)}\t {_number(chance) or 0}" for m in moments), "; end")
    yield from ("[Log]", "all went well")


_WRITE: dict[str, Callable] = {
    "long": lambda moments, tags, chance: [
        "time,tag,value,quality",
        *(f"{m.isoformat()},{t},{_number(chance)},{chance.choice(GOOD)}" for m in moments for t in tags),
    ],
    "european": lambda moments, tags, chance: [
        "# Export",
        "Data;Sinal;Valor",
        *(f"{m:%d/%m/%Y %H:%M:%S};{t};{_number(chance, ',')}" for m in moments for t in tags),
        "Total;;7",
    ],
    "utf16": lambda moments, tags, chance: [
        "time\ttag\tvalue\tunit",
        *(f"{m.isoformat()}\t{t}\t{_number(chance)}\tm3/h" for m in moments for t in tags),
    ],
    "headless": lambda moments, tags, chance: [
        "made by hand",
        *(f"{m:%Y%m%d|%H:%M:%S}|{t}|{_number(chance)}" for m in moments for t in tags),
    ],
    "sections": _sections,
    "wide": _wide,
    "spread": lambda moments, tags, chance: [
        ";".join(["time", *tags]),
        *(
            ";".join([f"{25569 + _seconds(m) / 86400:.6f}".replace(".", ","), *(_number(chance, ",") for _ in tags)])
            for m in moments
        ),
    ],
    "one": lambda moments, tags, chance: [
        "time,value,quality",
        *(f"{_seconds(m)}000,{_number(chance)},{chance.choice(GOOD)}" for m in moments),
    ],
}

WRONG = ("1e999", "-1e-999", "0x10", "nan", "inf", "-Infinity", "１２３", "٣", "1_000", "1e", "--5", "+", "9" * 400, "1,2,3",
         "1.2.3", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2016-12-31T23:59:60", "2022-02-30T00:00:00",
         "31/12/9999 24:00:00", "253402300799000", "-99999999999", "2958465,99", "24:00:00", "TRUE", "\u202e1",
         "=cmd|' /C calc'!A0", "", " ", '"', "'",
         '""', "\N{NO-BREAK SPACE}", "\x85", "\u2028", "%s%n", "../../etc/passwd", "'; DROP TABLE reading; --", "\x1b[2J")  # fmt: skip
NAMES = ("a\nb.csv", "\x1b[2J\x07.csv", "a..\\..\\etc.csv", "-rf.csv", os.fsdecode(b"\xff\xfe\xc3.csv"), "x" * 251 + ".csv",
         "a'\";$(id)`id`.csv", "\u202egnp.csv", "%s%n.csv", "FT1_é.csv", " .csv", "a.csv", "é" * 120 + ".csv")  # fmt: skip
"""Names of files through the intake."""
HEADS = (b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x7fELF",
         b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\0", b"<html>", b"\x00\x00\xfe\xff", b"BZh9", b"\xfd7zXZ\0")  # fmt: skip


def _at(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _insert(data: bytes, chance: random.Random, what: bytes) -> bytes:
    at = _at(data, chance)
    return data[:at] + what + data[at:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randrange(1, 20)):
        if out:
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _splice(data: bytes, chance: random.Random) -> bytes:
    other, _ = export(chance)
    return data[: _at(data, chance)] + other[_at(other, chance) :]


def _cell(data: bytes, chance: random.Random) -> bytes:
    """Put something wrong in place of a cell."""
    mark = chance.choice([b",", b";", b"\t", b"|", b" ", b"\n"])
    cells = data.split(mark)
    cells[chance.randrange(len(cells))] = chance.choice(WRONG).encode(errors="replace")
    return mark.join(cells)


def _lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines) if chance.random() < 0.3 else lines.insert(_at(lines, chance), chance.choice([*lines, b"\n", b" \r"]))
    return b"".join(lines)


def _mixed(data: bytes, chance: random.Random) -> bytes:
    text, at = data.decode("utf-8", errors="replace"), _at(data, chance)
    rest = text[at:].encode(chance.choice(["utf-16-le", "latin-1", "utf-7"]), errors="replace")
    return text[:at].encode(chance.choice(["utf-8", "utf-16"])) + rest


LIGHT: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bits": _flip,
    "cell": _cell,
    "cells": lambda d, c: _cell(_cell(_cell(d, c), c), c),
    "lines": _lines,
    "splice": _splice,
    "mixed encodings": _mixed,
    "cut": lambda d, c: d[: _at(d, c)],
    "beginning lost": lambda d, c: d[_at(d, c) :],
    "twice": lambda d, c: d + d,
    "NUL": lambda d, c: _insert(d, c, bytes(c.randrange(1, 100))),
    "quote": lambda d, c: _insert(d, c, c.choice([b'"', b"'"])),
    "returns": lambda d, c: d.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "mark": lambda d, c: _insert(d, c, b"\xef\xbb\xbf"),
    "binary": lambda d, c: _insert(d, c, c.randbytes(c.randrange(1, 2000))),
    "all binary": lambda d, c: c.randbytes(len(d)),
    "head": lambda d, c: c.choice(HEADS) + d,
    "head alone": lambda d, c: c.choice(HEADS) + c.randbytes(c.randrange(500)),
    "no newlines": lambda d, c: d.replace(b"\n", b""),
    "delimiters": lambda d, c: _insert(d, c, c.choice([b",", b";", b"\t"]) * 50),
    "field": lambda d, c: _insert(d, c, c.choice([b"x", b"1", b" ", b'""']) * c.randrange(1, 50_000)),
    "blanks": lambda d, c: d.replace(b",", b" , ").replace(b"\n", b" \n\n \n"),
    "nothing": lambda d, c: b"",
}
GREAT: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "huge field": lambda d, c: _insert(d, c, c.choice([b"x", b"7", b'"', b"\\", b"\xc3", b"="]) * 5_000_000),
    "100,000 columns": lambda d, c: _insert(d, c, b",".join(b"c%d" % n for n in range(100_000))),
    "100,000 columns in the header": lambda d, c: b",".join(b"c%d" % n for n in range(100_000)) + b"," + d,
    "empty lines": lambda d, c: _insert(d, c, c.choice([b"\n", b"\r", b"\r\n", b" \n"]) * c.randrange(1_000_000, 4_000_000)),
    "short lines": lambda d, c: _insert(d, c, c.choice([b",\n", b"a\n", b";;\n", b"[a]\n"]) * 500_000),
    "many NUL": lambda d, c: _insert(d, c, bytes(8_000_000)),
    "many rows": lambda d, c: d + d[len(d) // 2 :] * 2000,
    "many delimiters": lambda d, c: _insert(d, c, c.choice([b",", b";", b"\t", b" "]) * 2_000_000),
    "many quotes": lambda d, c: _insert(d, c, b'"\n' * 500_000),
    "many sections": lambda d, c: b"".join(b"[s%d]\ntime value\n1666994400 1\n" % n for n in range(100_000)),
    "many tags": lambda d, c: d + b"".join(b"2022-10-30T01:30:00,T%d,1,Good\n" % n for n in range(100_000)),
}


def _trailer(data: bytes, chance: random.Random) -> bytes:
    return data[:-8] + struct.pack("<II", chance.getrandbits(32), len(data)) if len(data) > 18 else data


PACKED: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "gz": lambda d, c: gzip.compress(d, 1),
    "gz of gz": lambda d, c: gzip.compress(gzip.compress(d)),
    "gz members": lambda d, c: b"".join(gzip.compress(d[at : at + 500]) for at in range(0, len(d), 500)),
    "gz cut": lambda d, c: (lambda z: z[: _at(z, c)])(gzip.compress(d)),
    "gz bits": lambda d, c: _flip(gzip.compress(d), c),
    "gz check sum": lambda d, c: _trailer(gzip.compress(d), c),
    "gz and more": lambda d, c: gzip.compress(d) + c.randbytes(50),
    "gz padded": lambda d, c: gzip.compress(d) + bytes(1000),
    "not gz": lambda d, c: d,
}
BOMBS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bomb": lambda d, c: gzip.compress(d) + _bomb(c.choice([b"\0", b"\n", b"1", b","])),
    "bomb of bombs": lambda d, c: gzip.compress(_bomb(b"\n")),
    "bomb of rows": lambda d, c: gzip.compress(d, 1),
    "bomb of members": lambda d, c: gzip.compress(d) + gzip.compress(b"") * 50_000,
}
_MADE: dict[bytes, bytes] = {}
BOMB_BYTES = {"last": 50_000_000, "first": 50_000_000, "quarantine": 25_000_000}
"""Rows of a bomb by the rule on duplicates [bytes]: to find contradictions a file is read twice."""


def _bomb(byte: bytes) -> bytes:
    """100 MB of one byte in some kB, ten times over."""
    if byte not in _MADE:
        _MADE[byte] = gzip.compress(byte * 100_000_000, 6) * 10
    return _MADE[byte]


def hostile(number: int, seed: int) -> Hostile:
    """The file of a number; the same for the same seed, wherever it is made."""
    chance = random.Random(f"{seed}:{number}")
    data, profile = export(chance)
    done = []
    for kind in [chance.choice(list(LIGHT)) for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3]))]:
        data = LIGHT[kind](data, chance)
        done.append(kind)
    for share, kinds in ((HEAVY, GREAT), (0.15, PACKED), (HEAVY / 2, BOMBS)):
        if chance.random() < share:
            kind = chance.choice(list(kinds))
            if kind == "bomb of rows":
                data *= BOMB_BYTES[profile.duplicates] // (len(data) + 1)
            data = kinds[kind](data, chance)
            done.append(kind)
    packed = set(done) & ({*PACKED, *BOMBS})
    name = f"FT1_{number}.csv" + (".gz" if packed and chance.random() < 0.7 else "")
    return Hostile(data, name, profile, tuple(done))
