"""Figures and tables of a backtest and of a refit show the numbers that they were given."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from wss import views
from wss.quantities import Flag
from wss.records import ForecastSummary, LevelRisk, PlanSummary
from wss.views.story import forecast_story, model_sentences, refit_story, risk_sentences
from wss.views.words import LANGUAGES, say

ZONES = ["norte", "sul", ""]
SPANS = [(0, 6), (6, 24), (24, 48)]


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    assert not plt.get_fignums(), "a view must close its figure, or a long process keeps every one"


@pytest.fixture
def by_lead() -> pd.DataFrame:
    frame = pd.DataFrame([(zone, lead) for lead in range(48) for zone in ZONES], columns=["zone", "lead_h"])
    share = 0.02 + 0.001 * frame["lead_h"] + 0.01 * frame["zone"].map(ZONES.index)
    return frame.assign(
        wape_forecast=share,
        wape_profile=share + 0.01,
        wape_naive=share + 0.03,
        inside_80=0.7 + share,
        inside_90=0.8 + share,
        known=10,
    )


@pytest.fixture
def by_span() -> pd.DataFrame:
    frame = pd.DataFrame([(zone, *span) for span in SPANS for zone in ZONES], columns=["zone", "from_h", "to_h"])
    skill = 0.3 - 0.1 * frame.index / len(frame)
    return frame.assign(
        skill_naive=skill,
        skill_profile=skill - 0.25,
        mae_forecast=1234.5,
        pinball=321.0,
        wape_forecast=0.05,
        inside_80=[0.7, 0.8, 0.75] * 3,
        inside_90=0.91,
        known=[1, 2, 3] * 3,
    )


def line(axis, key: str, language="en") -> np.ndarray:
    (found,) = (li for li in axis.get_lines() if li.get_label() == say(key, language))
    return found.get_ydata()


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_chart_has_a_panel_a_zone_after_that_of_all(by_lead, language):
    figure = views.backtest_error_chart(by_lead, language)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [say("all_zones", language), "norte", "sul"]
    for name in ("forecast", "profile", "naive"):
        shown = line(figure.axes[2], f"backtest_{name}", language)
        np.testing.assert_allclose(shown, by_lead.loc[by_lead["zone"] == "sul", f"wape_{name}"])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        say(f"backtest_{name}", language) for name in ("naive", "profile", "forecast")
    ]


def test_error_chart_of_one_zone_and_of_many(by_lead):
    one = views.backtest_error_chart(by_lead[by_lead["zone"] != "sul"])
    assert [axis.get_title(loc="left") for axis in one.axes] == ["norte"]
    norte, every = (by_lead[by_lead["zone"] == zone] for zone in ("norte", ""))
    many = pd.concat([*(norte.assign(zone=f"z{k}") for k in range(30)), every])
    assert len(views.backtest_error_chart(many).axes) == 9


def test_error_ticks_are_told_apart(by_lead):
    for scale in (0.02, 0.2, 1, 8):
        figure = views.backtest_error_chart(
            by_lead.assign(**{f"wape_{n}": scale * by_lead[f"wape_{n}"] for n in ("forecast", "profile", "naive")})
        )
        figure.canvas.draw()
        labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
        assert len(labels) == len(set(labels)) >= 3, labels


def test_hour_chart_has_a_panel_a_kind_of_day():
    frame = pd.DataFrame([(day, hour) for day in ("sunday", "workday") for hour in range(24)], columns=["day", "hour"])
    frame = frame.sample(frac=1, random_state=1).assign(wape_forecast=lambda f: f["hour"] / 100, wape_profile=0.1, wape_naive=0.2)
    figure = views.backtest_hour_chart(frame)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["Working days", "Sundays and holidays"]
    np.testing.assert_allclose(line(figure.axes[1], "backtest_forecast"), np.arange(24) / 100)


def test_backtest_skill_is_a_bar_a_span_and_zone(by_span):
    naive, profile = views.backtest_skill_chart(by_span).axes
    for axis, name in ((naive, "skill_naive"), (profile, "skill_profile")):
        assert [bar.get_height() for bar in axis.patches] == pytest.approx(by_span[name].tolist())
        assert [t.get_text() for t in axis.get_xticklabels()] == ["norte", "sul", "all zones"]
    assert [t.get_text() for t in naive.figure.legends[0].get_texts()] == ["0–6 h", "6–24 h", "24–48 h"]


def test_coverage_is_shown_beside_what_the_bands_say(by_lead, by_span):
    left, right = views.backtest_coverage_chart(by_lead, by_span).axes
    every = by_lead[by_lead["zone"] == ""]
    for axis in (left, right):
        assert {float(li.get_ydata()[0]) for li in axis.get_lines() if li.get_linestyle() == "--"} == {0.8, 0.9}
    (inside,) = (li for li in left.get_lines() if li.get_label() == say("band_of", percent=80))
    np.testing.assert_allclose(inside.get_ydata(), every["inside_80"])
    dots = [li.get_ydata() for li in right.get_lines() if li.get_marker() == "o"]
    np.testing.assert_allclose(dots[0], [0.7, 0.8])
    np.testing.assert_allclose(dots[1], [0.91, 0.91])


def test_a_backtest_without_truth_still_draws(by_lead, by_span):
    nothing = by_lead.assign(**{c: np.nan for c in by_lead if c.startswith(("wape", "inside"))})
    unknown = by_span.assign(known=0, **{c: np.nan for c in by_span if c.startswith(("skill", "inside", "wape", "mae"))})
    views.backtest_error_chart(nothing)
    views.backtest_skill_chart(unknown)
    views.backtest_coverage_chart(nothing, unknown).canvas.draw()
    assert "nan" not in views.backtest_table(unknown).to_html().lower()


def test_backtest_table_ends_with_all_zones(by_span):
    table = views.backtest_table(by_span, "pt")
    assert table.data.iloc[:, 0].tolist() == ["norte"] * 3 + ["sul"] * 3 + ["todas as zonas"] * 3
    assert table.data.iloc[:, 1].tolist() == ["0–6", "6–24", "24–48"] * 3
    html = table.to_html()
    assert "1\u202f234,5" in html
    assert "5,0 %" in html
    assert "75,0 %" in html


def test_worst_origins_say_what_was_special():
    rows = [
        (pd.Timestamp("2022-08-12T22:00"), 0.2, 0.25, 0.1, "<b>", 2 / 3, ["2022-08-15"], [], [], []),
        (
            pd.Timestamp("2022-07-12T22:00"),
            0.15,
            0.15,
            0.1,
            "sul",
            1.0,
            [],
            ["2022-07-13"],
            [f"r{k}" for k in range(6)],
            [("flow 10", 7, int(Flag.STUCK | Flag.SPIKE))],
        ),
        (pd.Timestamp("2022-07-13T22:00"), 0.15, 0.15, 0.1, "sul", 1.0, [], [], [], []),
    ]
    columns = ["origin", "wape", "wape_profile", "usual", "zone", "share", "holidays", "bridges", "repairs", "doubts"]
    worst = pd.DataFrame(rows, columns=columns)
    table = views.worst_table(worst, "Europe/Rome")
    assert table.data.iloc[0].tolist() == [
        "Sat 2022-08-13 00:00",
        "20.0 %",
        "25.0 %",
        "10.0 %",
        "<b>, 67 %",
        "holiday 2022-08-15",
    ]
    assert table.data.iloc[1, -1] == (
        "bridge day 2022-07-13; repaired: r0, r1, r2, r3, and 2 more; doubtful: flow 10 (7: stuck, spike)"
    )
    assert table.data.iloc[2, -1] == "—"
    assert "&lt;b&gt;" in table.to_html()
    assert "No origin" in views.worst_table(worst.iloc[:0]).data


def test_backtest_story_says_what_failed():
    summary = {"origins": 10, "failed": 2, "new": 8, "hours": 48, "every_hours": 6.0, "models": {"median_profile": 8}}
    text = views.backtest_story(summary).data
    assert text.startswith("8 moments of the past, 6 h apart, were forecast again over 48 h")
    assert "median_profile (8)" in text
    assert "2 of 10 could not be forecast" in text
    assert "não puderam" not in views.backtest_story(summary | {"failed": 0}, "pt").data


def test_skill_chart_of_a_refit_has_a_column_a_mode():
    skill = pd.DataFrame(
        [
            (mode, zone, hours, 0.1 * k + hours / 1000)
            for k, mode in enumerate(("none", "weather"))
            for zone in ("norte", "sul")
            for hours in (0, 6, 24)
        ],
        columns=["mode", "zone", "from_h", "skill"],
    )
    weights = pd.DataFrame(
        [
            (mode, zone, part, 0.5, 0.2, 0.3)
            for mode in ("none", "weather")
            for zone in ("norte", "sul")
            for part in ("near", "far")
        ],
        columns=["mode", "zone", "part", "profile", "linear", "boosted"],
    )
    figure = views.skill_chart(skill, weights, "pt")
    assert len(figure.axes) == 4
    assert [axis.get_title(loc="left") for axis in figure.axes[:2]] == [say(f"mode_{mode}", "pt") for mode in ("none", "weather")]
    (norte,) = (li for li in figure.axes[1].get_lines() if li.get_label() == "norte")
    np.testing.assert_allclose(norte.get_ydata(), [0.1, 0.106, 0.124])
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0 h", "6 h", "24 h"]
    bars = figure.axes[2].patches
    assert sum(bar.get_height() for bar in bars) == pytest.approx(4.0), "the weights of each zone and part add up to 1"
    assert max(bar.get_y() + bar.get_height() for bar in bars) == pytest.approx(1.0)


def test_skill_chart_without_a_model_is_empty():
    figure = views.skill_chart(
        pd.DataFrame(columns=["mode", "zone", "from_h", "skill"]),
        pd.DataFrame(columns=["mode", "zone", "part", "profile", "linear", "boosted"]),
    )
    assert not any(axis.patches for axis in figure.axes)
    assert figure.get_size_inches()[1] < 2


def test_risks_are_told_with_titles_in_local_time(day):
    risks = [
        LevelRisk("1", "low", limit_m=2, paths=3, of=40, worst_m=1.856, first="2022-07-25T04:45:00Z"),
        LevelRisk("9", "high", limit_m=9.0, paths=1, of=40, worst_m=9.1, first="2022-07-25T22:00:00Z"),
    ]
    low, high = risk_sentences(risks, day.tanks, day.time_zone)
    for word in ("3", "40", "Tank West", "2.00", "1.86", "Mon 06:45"):
        assert word in low
    for word in ("9", "9.10", "Tue 00:00"):
        assert word in high
    (low, _) = risk_sentences(risks, day.tanks, day.time_zone, "pt")
    assert "1,86" in low
    assert "seg 06:45" in low
    assert (
        low
        in views.plan_story(
            replace(PlanSummary.of(day.summary), level_risks=tuple(risks)), "EUR", "pt", day.tanks, day.time_zone
        ).data
    )
    assert risk_sentences([], day.tanks, day.time_zone) == []


def test_a_forecast_says_its_model_and_weather():
    fitted = {
        "model": "fitted to 2022-01-01 to 2022-07-01",
        "model_age_days": 2.5,
        "model_reason": "",
        "weather": "forecast",
        "weather_share": "88%",
        "repairs": ["sul: 4 value(s) taken as unknown (stuck), 2022-07-01"],
    }
    model, weather = model_sentences(ForecastSummary.of(fitted))
    assert "2022-07-01" in model
    assert "2.5" in model
    assert "88%" in weather
    assert "sul: 4 value(s)" in forecast_story(fitted).data
    plain = {"model": "median_profile", "model_age_days": None, "model_reason": "no refit has been run yet", "weather": "none"}
    assert "no refit has been run yet" in forecast_story(plain).data
    assert forecast_story(plain, "pt").data.endswith("A meteorologia não é usada.")
    assert model_sentences(ForecastSummary()) == []


def test_a_refit_says_what_it_learnt_from_or_why_not():
    learnt = {"model": "fitted", "reason": "", "days": 99, "first_day": "2022-04-18", "last_day": "2022-07-24", "modes": ["none"]}
    assert all(word in refit_story(learnt).data for word in ("99", "2022-04-18", "2022-07-24", "none"))
    assert "12 days" in refit_story({"model": "none", "reason": "12 days of demand are known; a model takes 90"}).data
