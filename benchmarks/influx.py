"""InfluxDB 1.x with the readings of a long CSV, as a yardstick for the store. `python benchmarks/intake.py` runs it."""

import csv
import http.client
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import servers

BATCH = 10_000
"""Lines of a write: InfluxDB's own manual advises 5,000 to 10,000."""
SETTLED_S = 5
"""The server is at rest when it has used no CPU for so long."""


def run(path: Path, rows: int, week: tuple[pd.Timestamp, list[str]], tag: str) -> dict[str, float]:
    """Write the file into a server of its own and read from it: CPU seconds of server and client, bytes a reading."""
    with servers.influxdb() as (port, server, folder):
        client = http.client.HTTPConnection("127.0.0.1", port)
        query(client, "CREATE DATABASE bench")
        before, own = servers.cpu_of(server), time.process_time()
        lines = protocol(path)
        while body := "\n".join(islice(lines, BATCH)):
            client.request("POST", "/write?db=bench&precision=s", body)
            answer = client.getresponse()
            answer.read()
            assert answer.status == 204, answer.status
        own = time.process_time() - own
        stored = query(client, "SELECT count(value) FROM reading")[0]["values"][0][1]
        assert stored == rows, stored
        written = servers.cpu_of(server) - before
        _rest(server)
        found = {"server": written, "client": own, "settled": servers.cpu_of(server) - before}
        found |= {"rate": rows / (found["settled"] + own), "alone": rows / written}
        found["bytes"] = (servers.size_of(folder / "data") + servers.size_of(folder / "wal")) / rows
        end, tags = week
        since = int((end - pd.Timedelta(days=7)).timestamp())
        fifty = f"time >= {since}s AND time < {int(end.timestamp())}s AND sensor =~ /^({'|'.join(tags)})$/".replace(".", "\\.")
        reads = {
            "sensor": f"SELECT value FROM reading WHERE sensor = '{tag}'",
            "fifty": f"SELECT mean(value) FROM reading WHERE {fifty} GROUP BY time(15m), sensor",
            "latest": "SELECT last(value) FROM reading GROUP BY sensor",
        }
        return found | {name: _cost(server, lambda text=text: query(client, text)) for name, text in reads.items()}


def protocol(path: Path) -> Iterator[str]:
    """Lines of InfluxDB's protocol, in the order of the file; the quality is left out."""
    with path.open(newline="") as file:
        last, seconds = "", 0
        for stamp, tag, value, _ in islice(csv.reader(file), 1, None):
            if stamp != last:
                last, seconds = stamp, int(np.datetime64(stamp, "s").astype("int64"))
            yield f"reading,sensor={tag} value={value} {seconds}"


def query(client: http.client.HTTPConnection, text: str) -> list[dict]:
    """Series that answer a query."""
    client.request(
        "POST",
        "/query",
        urlencode({"db": "bench", "epoch": "s", "q": text}),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = json.loads(client.getresponse().read())
    assert "results" in answer, f"{answer} to {text}"
    found = answer["results"][0].get("series", [])
    for series in found:
        series["arrays"] = [np.array(column) for column in zip(*series["values"], strict=True)]
    return found


def _cost(server, do: Callable[[], object], times: int = 10) -> float:
    """CPU seconds of server and client for one read."""
    do()
    before = servers.cpu_of(server) + time.process_time()
    for _ in range(times):
        do()
    return (servers.cpu_of(server) + time.process_time() - before) / times


def _rest(server) -> None:
    """Wait until the server has ended what it does on its own after a write."""
    used = -1.0
    while servers.cpu_of(server) - used > 0.05:
        used = servers.cpu_of(server)
        time.sleep(SETTLED_S)
