"""Files that say for whole slots of time one value each, so that every answer of a store can be held against them."""

import random
from dataclasses import dataclass

import numpy as np
import pandas as pd

TAGS = [f"FT{i}" for i in range(10)]
STEP_S, ROWS = 20, 10
"""Readings of a slot: every 20 s, ten of each tag."""
MOST = 2000
"""Files that are planned; a feeder that has sent them all is done."""
DELIVERED = 1_646_136_000
"""Delivery of file 0 [s since 1970]; file n is delivered n seconds later."""
FIRST = DELIVERED - 47 * 3600
"""Time of the first reading [s since 1970]: of no file so long before its delivery that it would be a backfill."""
SPAN = pd.Timestamp(FIRST, unit="s"), pd.Timestamp(FIRST, unit="s") + pd.Timedelta(days=4)


@dataclass(frozen=True)
class Plan:
    """What each file says: of a slot of time one value for all its readings."""

    files: tuple[dict[int, int], ...]
    """By number, which is the order of delivery: slot -> value."""

    def body(self, number: int) -> str:
        """A file's text."""
        lines = ["time,tag,value"]
        for slot, value in sorted(self.files[number].items()):
            first = FIRST + slot * ROWS * STEP_S
            moments = pd.to_datetime(np.arange(first, first + ROWS * STEP_S, STEP_S), unit="s").strftime("%Y-%m-%dT%H:%M:%S")
            lines += [f"{moment},{tag},{value}" for moment in moments for tag in TAGS]
        return "\n".join([*lines, ""])


def plan(seed: int) -> Plan:
    """Files with new slots (value: the file's number), with slots said again, and with corrections of earlier ones."""
    rng, now, files = random.Random(seed), {}, []
    for number in range(MOST):
        new = range(len(now), len(now) + rng.choice((1, 1, 2)))
        kind = rng.random() if len(now) > 3 and len(now) < 1200 else 0.0 if len(now) < 1200 else 1.0
        if kind < 0.5:
            says = dict.fromkeys(new, number)
        elif kind < 0.75:
            says = {slot: now[slot] for slot in range(len(now) - 2, len(now))} | {new[0]: number}
        else:
            says = dict.fromkeys(rng.sample(range(max(0, len(now) - 30), len(now)), rng.choice((1, 2, 3))), number)
        now |= says
        files.append(says)
    return Plan(tuple(files))


def held_against(plan: Plan, frame: pd.DataFrame, before, after, first: int, limit: int) -> list[str]:
    """What is wrong with readings from slot `first` on, of the files up to `limit`.

    `before` and `after` are the files that were in the store before and after the readings were read.
    """
    seconds = (frame["time"] - SPAN[0]).dt.total_seconds().to_numpy(dtype="int64")
    by_slot = frame["value"].groupby(seconds // (ROWS * STEP_S)).agg(["size", "min", "max"])
    torn = by_slot[(by_slot["size"] != ROWS * len(TAGS)) | (by_slot["min"] != by_slot["max"])]
    faults = [f"slot {slot} has {row['size']} readings from {row['min']} to {row['max']}" for slot, row in torn.iterrows()]
    faults += ["a sensor has two readings of one time"] if frame.duplicated(["item", "time"]).any() else []
    seen = by_slot["min"].astype(int).to_dict()
    said: dict[int, list[int]] = {}
    for n in sorted(n for n in after if n <= limit):
        for slot, value in plan.files[n].items():
            if seen.get(slot) == value:
                said.setdefault(slot, []).append(n)
    due = {slot: n for n in sorted(before) if n <= limit for slot in plan.files[n] if slot >= first}
    faults += [
        f"slot {slot} shows {seen.get(slot)}, file {n} was there" for slot, n in due.items() if max(said.get(slot, [-1])) < n
    ]
    for slot in seen:
        whole = any(all(max(said.get(s, [-1])) >= n for s in plan.files[n] if s >= first) for n in said.get(slot, ()))
        faults += [] if whole else [f"slot {slot} shows {seen[slot]} of no file that is there as a whole"]
    return faults
