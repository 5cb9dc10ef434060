"""A real dashboard of the demo utility, and a real browser that records every request it makes."""

import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from wss.screens.server import Dashboard, dashboard
from wss.store import Workspace

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_S = 120
"""How long a loaded machine may take for one thing [s]."""


@pytest.fixture(scope="module")
def served(litoral_made, tmp_path_factory) -> tuple[Workspace, Dashboard]:
    """The demo utility's workspace, copied, and its dashboard, which runs until the tests end."""
    workspace = Workspace(tmp_path_factory.mktemp("served") / "home")
    shutil.copytree(litoral_made, workspace.home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = dashboard("litoral", port, workspace)
    page.environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    log = (workspace.home / "voila.log").open("w")
    process = page.start(stdout=log, stderr=log)
    try:
        _wait_for(port, process, Path(log.name))
        yield workspace, page
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Ends with the module: while it runs, its event loop counts as that of every test of this process."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """Address of every request that the page made."""
    return []


@pytest.fixture(scope="module")
def page(served, browser, requests):
    """The operator's page on a control-room screen, opened once."""
    opened = browser.new_page(viewport={"width": 1920, "height": 1080})
    opened.set_default_timeout(PATIENCE_S * 1000)
    expect.set_options(timeout=PATIENCE_S * 1000)
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(served[1].url)
    opened.wait_for_selector(".barlayer path")
    yield opened
    opened.close()


def _wait_for(port: int, process, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"the dashboard did not answer in {PATIENCE_S} s:\n{log.read_text()}")
