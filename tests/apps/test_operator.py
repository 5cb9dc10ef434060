"""The operator's dashboard in a real browser: what it shows, an override from its cost to the new plan, and whom it asks."""

import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect

from wss.steps.plan import overrides
from wss.store import open_store
from wss.views.words import say

pytestmark = pytest.mark.slow


def test_page_shows_what_an_operator_needs(page, served):
    with open_store(served[0], "litoral") as store:
        rung = store.published()["plan"].summary["rung"]
    expect(page.locator(".badge")).to_have_text("SIMULATED")
    expect(page.locator(".pill")).to_have_count(4)
    expect(page.locator(".pill").last).to_contain_text(say(f"rung_{rung}"))
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".gauge")).to_have_count(3)
    for words in ("Next actions", "07:00", "Energy cost", "Journal"):
        expect(page.locator(".page")).to_contain_text(words)


def test_essentials_fit_the_control_room_screen(page):
    bottom = page.locator(".main .js-plotly-plot").bounding_box()
    assert bottom["y"] + bottom["height"] <= 1080
    for essential in (page.locator(".cards"), page.locator(".tanks"), page.get_by_role("button", name="Confirm and re-plan")):
        box = essential.bounding_box()
        assert box["y"] + box["height"] <= 1080


def test_why_stands_behind_each_bar_and_in_a_list_for_the_keyboard(page, served):
    with open_store(served[0], "litoral") as store:
        change = store.published()["plan"].summary["change"]
    bar = page.locator(".barlayer .trace").last.locator(".point path").first.bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    expect(page.locator(".hoverlayer .hovertext").first).to_contain_text("will run")
    expect(page.locator(".hoverlayer .hovertext").first).to_contain_text("60 min")
    summary = page.locator(".switches summary")
    expect(page.locator(".switches li").first).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".switches li").first).to_be_visible()
    expect(page.locator(".switches li small").first).to_contain_text("60 min")
    page.keyboard.press("Enter")
    expect(page.locator(".switches li").first).to_be_hidden()
    said = "Unchanged since" if not change["switches"] else f"{change['switches']} switch"
    expect(page.locator("h2", has_text="Next actions")).to_contain_text(said)


def test_accept_is_written_with_the_name(page, served):
    page.get_by_role("button", name="Accept plan").click()
    expect(page.locator(".notice.bad")).to_contain_text("2 to 200 characters")
    page.get_by_placeholder("Your name").fill("Maria")
    page.get_by_role("button", name="Accept plan").click()
    expect(page.locator(".side")).to_contain_text("accepted by Maria")
    with open_store(served[0], "litoral") as store:
        assert store.journal(kind="accept")["who"].tolist() == ["Maria"]


def test_override_from_its_cost_to_the_new_plan(page, served):
    workspace, _ = served
    with open_store(workspace, "litoral") as store:
        before = store.published()["plan"]
        confirm = page.get_by_role("button", name="Confirm and re-plan")
        expect(confirm).to_be_disabled()
        page.locator(".wss select").nth(0).select_option(label="Lake pump")
        page.get_by_placeholder("Your name").fill("Maria")
        page.get_by_placeholder("Reason").fill("intake <cleaned>")
        page.get_by_role("button", name="Show its cost").click()
        expect(page.locator(".notice", has_text="This override costs")).to_be_visible()
        assert store.journal(kind="override").empty, "a preview writes nothing"
        confirm.click()
        expect(page.locator(".notice", has_text="Re-planned.")).to_be_visible()
        after = store.published()["plan"]
        (held,) = overrides.active(store, after.now)
        orders = store.orders(after.id)
    assert after.id != before.id
    assert (held.pin.pump, held.pin.on, held.who, held.reason) == ("10", False, "Maria", "intake <cleaned>")
    lake = orders[orders["pump"] == "10"].set_index("time")["speed"]
    assert lake.asof(held.pin.start) == 0, "the new plan obeys"
    assert (lake[(lake.index >= held.pin.start) & (lake.index < held.pin.end)] == 0).all()
    expect(page.locator(".wss-held")).to_contain_text("Lake pump held off")
    expect(page.locator(".wss-held")).to_contain_text("intake <cleaned>")
    expect(page.locator(".entry").first).to_contain_text("Maria override")


def test_phone_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".card").first).to_be_visible()
    page.wait_for_function("document.querySelector('.main .js-plotly-plot').getBoundingClientRect().width <= 390")
    assert page.evaluate("document.querySelector('#rendered_cells').scrollWidth") <= 390


def test_page_says_when_it_hears_nothing_any_more(page):
    expect(page.locator(".lost")).to_be_hidden()
    page.clock.install()
    page.clock.fast_forward("10:00")
    expect(page.locator(".lost")).to_contain_text("CONNECTION LOST")


def test_no_request_leaves_the_machine(page, requests):
    hosts = {urllib.parse.urlsplit(address).hostname for address in requests if not address.startswith(("data:", "blob:"))}
    assert len(requests) > 20
    assert hosts == {"127.0.0.1"}


def test_nothing_without_the_token(served):
    address = served[1].url.split("?")[0]
    with urllib.request.urlopen(address) as answer:
        assert "/login" in answer.url
        assert "Litoral" not in answer.read().decode()
