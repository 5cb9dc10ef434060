"""Figures and tables of the notebooks show the numbers that they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from wss import views
from wss.quantities import Flag
from wss.views.quality import COLOURS, GOOD_COLOUR, SILENT_COLOUR
from wss.views.quality_tables import flags_text
from wss.views.words import say


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    assert not plt.get_fignums(), "a view must close its figure, or a long process keeps every one"


def lines(axis, label):
    return [line for line in axis.get_lines() if line.get_label() == label]


def test_plan_chart_shows_levels_and_hours_run(day):
    figure = views.plan_chart(
        day.plan,
        day.levels,
        day.tanks,
        day.tariff,
        pumps=day.pumps,
        baseline_levels=day.baseline_levels,
        band=day.band,
        past_levels=day.past_levels,
        time_zone=day.time_zone,
    )
    *tanks, gantt = figure.axes
    assert [axis.get_title(loc="left") for axis in tanks] == [t.title for t in day.tanks]
    for axis, tank in zip(tanks, day.tanks, strict=True):
        (planned,) = lines(axis, say("planned"))
        np.testing.assert_array_equal(planned.get_ydata(), day.levels["level"].sel(tank=tank.id))
        low, high = axis.get_ylim()
        assert low < tank.level_min_m
        assert high > tank.level_max_m
    hours = sum(bar.get_width() for bar in gantt.patches if bar.get_height() == pytest.approx(0.62)) * 24
    assert hours == pytest.approx(float((day.plan["pump_speed"] > 0).sum()) / 4)
    assert [t.get_text() for t in gantt.get_yticklabels()] == ["Lake pump", "River pump"]
    figure.canvas.draw()
    assert "Tue\n26/07" in [t.get_text() for t in gantt.get_xticklabels()]


def test_forecast_chart_has_a_panel_a_zone(day):
    figure = views.forecast_chart(day.forecast, day.observed, day.time_zone, "pt")
    assert [a.get_title(loc="left") for a in figure.axes] == ["norte", "sul"]
    (median,) = lines(figure.axes[0], say("forecast", "pt"))
    np.testing.assert_array_equal(median.get_ydata(), day.forecast["demand"].sel(zone="norte", quantile=0.5))


def test_forecast_error_is_zero_for_a_perfect_forecast(day):
    truth = day.forecast["demand"].sel(quantile=0.5, drop=True)
    figure = views.forecast_error_chart(day.forecast, truth, truth + 7.0)
    (model,), (naive,) = (lines(figure.axes[0], say(key)) for key in ("forecast", "naive"))
    assert np.allclose(model.get_ydata(), 0)
    assert np.allclose(naive.get_ydata(), 7.0)


def test_demand_chart_says_how_much_is_missing(day):
    titles = [a.get_title(loc="left") for a in views.demand_chart(day.observed, day.time_zone).axes]
    assert titles[0].endswith(f"{3 / 48:.1%} missing")
    assert titles[1].endswith("0.0% missing")


def test_quality_chart_counts_by_sensor():
    time = pd.date_range("2022-07-22", periods=48, freq="30min")
    frame = pd.concat(
        [
            pd.DataFrame({"time": time, "quantity": q, "item": "10", "flag": flag})
            for q, flag in (("flow", 0), ("power", np.arange(48) % 4 // 3))
        ]
    )
    axis = views.quality_chart(frame).axes[0]
    assert [t.get_text().split()[-1] for t in axis.get_yticklabels()] == ["100.0%", "75.0%"]


def test_quality_chart_counts_what_did_not_come():
    time = pd.date_range("2022-07-22", periods=48, freq="30min")
    frame = pd.DataFrame({"time": time, "quantity": "flow", "item": "10", "flag": 0})
    axis = views.quality_chart(frame[(frame.index < 12) | (frame.index >= 18)]).axes[0]
    assert axis.get_yticklabels()[0].get_text().endswith(f"{42 / 48:.1%}")


def hourly(flags, item="10", quantity="flow") -> pd.DataFrame:
    """Two readings an hour, of whose flags the list tells."""
    time = pd.date_range("2022-07-22", periods=len(flags), freq="30min")
    return pd.DataFrame({"time": time, "quantity": quantity, "item": item, "flag": [int(f) for f in flags]})


def colours(frame, **more) -> list:
    """Colour of each hour of the first sensor, None where there is no reading."""
    mesh = views.quality_chart(frame, **more).axes[0].collections[0]
    row = np.ma.atleast_2d(mesh.get_array())[0]
    return [None if value is np.ma.masked else mesh.cmap(mesh.norm(value)) for value in row]


def test_quality_chart_shows_the_worst_kind_of_each_hour():
    good, unit, gap = Flag.GOOD, Flag.UNIT, Flag.GAP
    seen = colours(hourly([good, good, unit, good, gap, gap, gap | Flag.STUCK, gap]))
    expected = [GOOD_COLOUR, COLOURS[unit], COLOURS[gap], COLOURS[Flag.STUCK]]
    assert seen == [to_rgba(colour) for colour in expected]


def test_quality_chart_tells_silence_from_missing_readings():
    frame = pd.concat([hourly([0] * 4), hourly([0] * 12, "11")])
    stale = pd.DataFrame(
        {
            "quantity": ["flow"],
            "item": ["10"],
            "flag": [int(Flag.STALE)],
            "start": [pd.Timestamp("2022-07-22 01:30:01")],
            "end": [pd.NaT],
        }
    )
    assert colours(frame, spans=stale)[2:] == [to_rgba(SILENT_COLOUR)] * 4
    assert colours(frame)[2:] == [None] * 4


@pytest.mark.parametrize("language", ["en", "pt"])
def test_quality_chart_explains_only_what_it_shows(language):
    legend = views.quality_chart(hourly([0, Flag.SPIKE]), language=language).legends[0]
    assert [t.get_text() for t in legend.get_texts()] == [say(k, language) for k in ("flag_spike", "no_reading")]


def test_every_flag_has_words_and_a_colour():
    for flag in Flag:
        if flag:
            assert flags_text(int(flag), "pt")
            assert flag in COLOURS or flag == Flag.STALE
    assert flags_text(int(Flag.STUCK | Flag.UNIT)) == "stuck, wrong unit"


def test_doubts_are_told_in_local_time_and_sensors_of_one_doubt_share_a_row():
    start = pd.Timestamp("2022-07-22 22:00")
    rows = [
        ("flow", "1", 1024, start, start + pd.Timedelta("2h"), pd.NA, "zone a"),
        ("level", "2", 1024, start, start + pd.Timedelta("2h"), pd.NA, "zone a"),
        ("flow", "1", 64, start, pd.NaT, pd.NA, "silent"),
        ("flow", "3", 16, start, start, 1, ""),
    ]
    spans = pd.DataFrame(rows, columns=["quantity", "item", "flag", "start", "end", "readings", "note"])
    table = views.doubt_table(spans, "Europe/Rome").data
    assert table.iloc[:, 0].tolist() == ["flow 1, level 2", "flow 1", "flow 3"]
    assert table["From"].tolist() == ["2022-07-23 00:00"] * 3
    assert table["To"].tolist() == ["2022-07-23 02:00", "goes on", "2022-07-23 00:00"]
    assert table["Readings"].tolist() == ["", "", "1"]
    assert "Nothing" in views.doubt_table(spans.iloc[:0]).data


def test_what_stood_in_is_summed_up_by_kind_of_run():
    rows = [
        ("forecast", "a", "flow", "1", 128, 12, 144, "profile"),
        ("forecast", "b", "flow", "1", 8, 13, 150, "profile"),
        ("optimize", "c", "level", "2", 8, 1, 3, "replay"),
    ]
    leaned = pd.DataFrame(rows, columns=["kind", "run", "quantity", "item", "flag", "hours", "readings", "instead"])
    table = views.leaned_table(leaned).data
    assert table.iloc[0].tolist() == ["forecast", "flow 1", "stuck, wrong unit", 2, 13, 150, "the usual profile"]
    assert table.iloc[1, -1] == "last good level, replayed"
    assert "No run" in views.leaned_table(leaned.iloc[:0]).data


def test_actions_table_is_local_and_in_words(day):
    table = views.actions_table(day.actions, day.time_zone, "en", day.pumps).data
    assert table.iloc[1].tolist() == [
        "Mon 07:45",
        "River pump",
        "Set to 90%",
        "Night",
        "holds the level of Tank South",
        "15 min earlier costs 1.10 EUR more; 15 min later is not possible",
    ]
    html = views.actions_table(day.actions, day.time_zone).to_html()
    assert "&lt;b&gt;" in html
    assert "fills the tanks <b>" not in html


def test_cost_table_adds_up(day):
    table = views.cost_table(day.summary, "EUR").data
    plan, baseline = table.iloc[-1, 1:3]
    assert (plan, baseline) == (pytest.approx(492.4), pytest.approx(591.4))
    assert table.iloc[-1, 3] == pytest.approx(-99.0)
    assert table.iloc[-1, 4] == pytest.approx(-100 * 99 / 591.4)


def test_cost_table_without_a_baseline_leaves_it_blank(day):
    unknown = dict.fromkeys(("baseline_cost", "baseline_energy_kwh", "baseline_demand_charge"))
    styled = views.cost_table(day.summary | unknown, "EUR")
    assert styled.data["level control"].isna().all()
    assert "nan" not in styled.to_html().lower()


def test_margin_table_against_hand(day):
    levels = day.levels["level"].copy(data=np.full(day.levels["level"].shape, 5.0)).to_dataset()
    levels["level"][10, 0] = 1.5
    table = views.margin_table(levels, day.tanks, day.time_zone).data
    assert table["Above lower limit [m]"].tolist() == pytest.approx([-0.5, 3.0, 3.0])
    assert table["Lowest at"][0] == "Mon 08:30"
    assert table["At the end [m]"].tolist() == [5.0, 5.0, 5.0]


def test_kpi_table_puts_sources_side_by_side(day):
    rows = [
        ("energy", "plan", 900.0, "kWh"),
        ("energy", "actual", 950.0, "kWh"),
        ("energy", "baseline", 990.0, "kWh"),
        ("starts", "actual/10", 3.0, "1"),
        ("starts", "plan/10", 2.0, "1"),
        ("minutes_outside_limits", "actual/1", 4.0, "min"),
        ("specific_energy", "plan", 0.0423, "kWh/m3"),
        ("energy_share", "plan/night", 0.615, "1"),
    ]
    kpis = pd.DataFrame(rows, columns=["name", "item", "value", "unit"]).assign(time=pd.Timestamp("2022-07-24"))
    shown = views.kpi_table(kpis, day.pumps, day.tanks)
    table = shown.data
    assert list(table.columns) == ["Figure", "Item", "Plan", "Actual", "Level control"]
    assert table.iloc[0].tolist() == ["Energy [kWh]", "", 900.0, 950.0, 990.0]
    assert table.iloc[1].tolist()[:4] == ["Pump starts", "Lake pump", 2.0, 3.0]
    text = shown.to_html()
    for cell in ("0.042", "62%", "3", "900.00"):
        assert f">{cell}</td>" in text


@pytest.mark.parametrize(("language", "heads"), [("en", ["Figure", "Item", "Actual"]), ("pt", ["Indicador", "Elemento", "Real"])])
def test_a_figure_that_the_table_lacks_is_shown_by_its_name(day, language, heads):
    """An older or newer store, or an engineer's own figure, by part or not."""
    rows = [
        ("cost_per_volume", "actual", 0.0512, "EUR/m3"),
        ("<i>own</i>", "actual/10", 1234.5, "1"),
        ("cost", "actual", np.nan, "EUR"),
    ]
    kpis = pd.DataFrame(rows, columns=["name", "item", "value", "unit"]).assign(time=pd.Timestamp("2022-07-24"))
    shown = views.kpi_table(kpis, day.pumps, day.tanks, language)
    assert list(shown.data.columns) == heads
    assert shown.data.iloc[:2].values.tolist() == [["cost_per_volume [EUR/m3]", "", 0.0512], ["<i>own</i>", "10", 1234.5]]
    text = shown.to_html()
    for cell in ("0.05", "1,234.50", "—", "&lt;i&gt;own&lt;/i&gt;"):
        assert f">{cell}</td>" in text


def test_two_tanks_of_one_title_are_not_added_up(day):
    tanks = [tank.model_copy(update={"title": "Tower"}) for tank in day.tanks]
    rows = [("minutes_outside_limits", f"actual/{tank.id}", 10.0, "min") for tank in tanks]
    kpis = pd.DataFrame(rows, columns=["name", "item", "value", "unit"]).assign(time=pd.Timestamp("2022-07-24"))
    assert views.kpi_table(kpis, day.pumps, tanks).data["Actual"].tolist() == [10.0] * len(tanks)
