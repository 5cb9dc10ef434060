"""The operator's page on a real store, without a browser: what it shows, and that its buttons trust nobody."""

import json
import re
import stat
from pathlib import Path

import pandas as pd
import pytest

from wss import tariffs, times
from wss.errors import NotFoundError, StoreError
from wss.screens.gather import read_situation
from wss.screens.operator import OperatorPage
from wss.screens.server import TENANT, TOKEN_FILE, dashboard, tenant_of_process
from wss.steps.plan import overrides
from wss.steps.plan.publish import ORDERS
from wss.steps.run import open_run


@pytest.fixture
def page(litoral):
    return OperatorPage(open_run("litoral"))


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_situation_is_what_the_store_says(litoral):
    run = open_run("litoral")
    shown = read_situation(run)
    record = run.store.published()["plan"]
    assert (shown.plan.run_id, shown.plan.now) == (record.id, record.now)
    assert shown.data_time == run.store.last_time(known_by=run.now)
    assert shown.past_level.sizes["tank"] == 3
    assert float(shown.past_level.notnull().mean()) > 0.8
    assert {bill.key for bill in shown.bills} >= {"bill_today", "bill_horizon", "bill_yesterday"}
    horizon = next(bill for bill in shown.bills if bill.key == "bill_horizon")
    assert horizon.cost == record.summary["plan_cost"]


def test_rest_of_today_is_less_than_the_horizon(litoral):
    bills = {bill.key: bill for bill in read_situation(open_run("litoral")).bills}
    assert 0 <= bills["bill_today"].cost <= bills["bill_horizon"].cost


def test_spent_today_is_power_times_price(litoral):
    """A day of hourly steps against the sum of its readings, which come every few minutes."""
    run = open_run("litoral", "2022-07-24T21:00")
    spent = next(bill for bill in read_situation(run).bills if bill.key == "bill_spent")
    midnight, _ = times.local_day("2022-07-24", run.tenant.time_zone)
    readings = run.store.read(["power"], midnight, run.now, known_by=run.now)
    until = readings.groupby("item")["time"].max().min().floor("h")
    readings = readings[(readings["flag"] == 0) & (readings["time"] < until)]
    price = tariffs.price(run.configuration.tariff, pd.DatetimeIndex(readings["time"])).values
    hours = (until - midnight) / times.HOUR
    by_hand = (readings["value"] * price).groupby(readings["item"]).mean().sum() * hours
    assert spent.cost == pytest.approx(by_hand, rel=0.05)
    assert spent.baseline is None


def test_page_shows_rung_actions_and_levels(page):
    shown = page.situation
    assert "SIMULATED" in page.top.value
    assert "Next actions" in page.cards.value
    pumps = {p.title for p in shown.tenant.system.pumps}
    assert any(title in page.cards.value for title in pumps) or "Nothing to switch" in page.cards.value
    assert page.ready.value.count("gauge") == 3
    assert len(json.loads(page.figure.figure)["data"]) == 2 + 5 * 3


def test_refresh_sends_nothing_when_nothing_changed(page):
    sent = []
    for widget in (page.figure, page.top, page.cards, page.money):
        widget.observe(sent.append)
    page.refresh()
    assert [change["name"] for change in sent] == ["beat"], "only that it is still true"


def test_an_alarm_stays_until_a_refresh_succeeds(page):
    page._alarm("the store is <locked>")
    assert "may be old" in page.alarm.value
    assert "&lt;locked&gt;" in page.alarm.value
    page.refresh()
    assert page.alarm.value == ""


def test_accept_needs_a_name_and_writes_the_journal(page, litoral):
    page.accept.click()
    assert "2 to 200 characters" in page.news.value
    assert page.run.store.journal(kind="accept").empty
    (litoral.outbox("litoral") / ORDERS).unlink(missing_ok=True)
    page.who.value = "Maria"
    page.accept.click()
    (entry,) = page.run.store.journal(kind="accept").itertuples()
    assert (entry.who, entry.run_id) == ("Maria", page.situation.plan.run_id)
    assert (litoral.outbox("litoral") / ORDERS).is_file()
    assert page.accept.disabled
    page.accept.click()
    assert len(page.run.store.journal(kind="accept")) == 1, "a disabled button still fires; it must do nothing"


def test_override_only_after_its_cost_was_shown(page):
    form = page.form
    page.who.value, form.reason.value = "Maria", "intake cleaned"
    form.confirm.click()
    assert "Show the cost first" in form.answer.value
    form.pump.value, form.state.value = "10", False
    form.show.click()
    assert "This override costs" in form.answer.value
    assert not form.confirm.disabled
    form.state.value = True
    assert form.confirm.disabled
    assert form.answer.value == ""
    form.confirm.disabled = False
    form.confirm.click()
    assert "Show the cost first" in form.answer.value
    assert page.run.store.journal().empty


def test_override_is_written_listed_and_cancelled(page):
    form = page.form
    page.who.value, form.reason.value = "Maria", "<b>intake</b>"
    form.pump.value, form.state.value = "10", False
    form.show.click()
    form.confirm.click()
    (held,) = overrides.active(page.run.store, page.run.now)
    assert (held.pin.pump, held.pin.on, held.who, held.reason) == ("10", False, "Maria", "<b>intake</b>")
    body = page.run.store.journal(kind="override")["body"].iloc[0]
    assert isinstance(body["preview"]["cost_difference"], float)
    (row,) = form.held.children
    words, button = row.children
    assert "&lt;b&gt;intake" in words.value
    assert "next cycle" in page.news.value
    button.click()
    assert overrides.active(page.run.store, page.run.now) == ()
    assert form.held.children == ()


def test_form_offers_the_decision_grid(page):
    step = pd.Timedelta(minutes=page.run.tenant.plan.decision_minutes)
    moments = pd.DatetimeIndex([value for _, value in page.form.start.options])
    assert moments[0] == times.floor(page.run.now, step)
    assert (moments[1:] - moments[:-1] == step).all()


def test_server_tells_its_process_alone(litoral):
    prepared = dashboard("litoral", 8871, litoral)
    token_file = Path(prepared.environment[TOKEN_FILE])
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    token = token_file.read_text().strip()
    assert len(token) >= 32
    assert token not in " ".join(prepared.command)
    assert prepared.url == f"http://127.0.0.1:8871/?token={token}"
    assert dashboard("litoral", 8871, litoral).url == prepared.url
    assert [p.name for p in prepared.folder.iterdir()] == ["operator.ipynb"]
    assert prepared.environment[TENANT] == "litoral"


def test_server_refuses_who_is_not_there(litoral, monkeypatch):
    with pytest.raises((NotFoundError, StoreError), match="nobody"):
        dashboard("nobody", 8871, litoral)
    monkeypatch.delenv(TENANT, raising=False)
    with pytest.raises(NotFoundError, match="WSS_TENANT"):
        tenant_of_process()
