"""How the plant's files travel: a spool of what is on its way, and the inbox where it arrives."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wss import times
from wss.demo.settings import Scada


@dataclass(frozen=True)
class Delivery:
    """One file on its way."""

    at: pd.Timestamp
    """When it arrives [UTC]; becomes the file's time."""
    name: str
    body: str


def journey(name: str, body: str, end: pd.Timestamp, scada: Scada, rng: np.random.Generator, history: bool) -> list[Delivery]:
    """Deliveries of one file whose readings end at `end`: usually one, now and then late, two, or none.

    A file that comes twice has either another name at once, or its own name an hour later. Files of the history are
    neither late nor lost, and come twice under another name only.
    """
    late, lost, doubled = rng.random(3) < (scada.late, scada.lost, scada.doubled)
    if lost and not history:
        return []
    low, high = scada.delay_minutes
    at = end + pd.Timedelta(seconds=int(rng.integers(low * 60, high * 60)))
    if late and not history:
        at += pd.Timedelta(minutes=int(rng.integers(60, 241)))
    first = Delivery(at, name, body)
    if not doubled:
        return [first]
    if history or rng.random() < 0.5:
        return [first, Delivery(at + pd.Timedelta(seconds=30), name.replace(".csv", "_1.csv"), body)]
    return [first, Delivery(at + times.HOUR, name, body)]


def send(spool: Path, deliveries: Iterable[Delivery]) -> None:
    """Put files on their way; OSError where the folder `spool` cannot be written."""
    spool.mkdir(parents=True, exist_ok=True)
    for item in deliveries:
        (spool / f"{int(item.at.timestamp())}-{item.name}").write_text(item.body, encoding="utf-8")


def arrive(spool: Path, inbox: Path, until: pd.Timestamp) -> int:
    """Move what is due by `until` [UTC] into the inbox, by rename and with its delivery as the file's time; returns how many."""
    inbox.mkdir(parents=True, exist_ok=True)
    count = 0
    for path in sorted(spool.glob("*-*")) if spool.is_dir() else []:
        second, _, name = path.name.partition("-")
        if int(second) <= until.timestamp():
            os.utime(path, (int(second), int(second)))
            os.replace(path, inbox / name)
            count += 1
    return count
