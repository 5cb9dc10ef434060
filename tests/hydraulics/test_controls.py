"""A network's own controls: which are removed, which stay, and what their clock means."""

import pandas as pd
import pytest

from wss.hydraulics import Engine

START = pd.Timestamp("2022-07-25T04:00")
HOUR = 3600


def hours(run, pump: str) -> list[tuple[float, float]]:
    """(hours since the start, speed) where the speed of `pump` changes."""
    speed = run.pump_speed.sel(pump=pump).to_series()
    changes = speed[speed.ne(speed.shift())]
    return [((t - START) / pd.Timedelta("1h"), v) for t, v in changes.items()]


def test_net3_loses_the_controls_of_pumps_and_bypass(net3):
    with Engine(net3, {"330": "335"}) as engine:
        assert len(engine.removed) == 18
        assert engine.removed[0] == "link 10: open at time 1:00"
        assert engine.removed[-1] == "link 330: open when node 1 is above 19.1"
    with Engine(net3) as engine:
        assert len(engine.removed) == 16  # those of the untied bypass are plant


def test_rules_on_pumps_go_and_others_stay(net3):
    rules = """[RULES]
RULE on_pump
IF TANK 1 LEVEL ABOVE 30
THEN PUMP 10 STATUS IS CLOSED

RULE on_pipe
IF TANK 1 LEVEL BELOW 30
THEN PIPE 40 STATUS IS OPEN
ELSE PIPE 40 STATUS IS CLOSED

"""
    with Engine(net3.replace("[RULES]", rules)) as engine:
        assert engine.removed[-1] == "rule on_pump: acts on 10"
        assert len([r for r in engine.removed if r.startswith("rule")]) == 1


@pytest.mark.parametrize(("clock_h", "on_h", "off_h"), [(0, 1, 15), (6, 19, 9), (14, 11, 1)])
def test_controls_at_a_time_act_every_day_at_that_time(net3, clock_h, on_h, off_h):
    """Net3 runs pump 10 from 1:00 to 15:00; `AT TIME 25` is one o'clock of the second day."""
    with Engine(net3, {"330": "335"}, own_controls=True) as engine:
        run = engine.simulate_own(None, None, clock_h * HOUR, START, 48 * HOUR, HOUR, HOUR)
    running = 1 <= clock_h < 15
    expected = [(0.0, float(running)), *sorted([(on_h, 1.0), (off_h, 0.0), (on_h + 24, 1.0), (off_h + 24, 0.0)])]
    assert hours(run, "10") == expected


def test_status_given_by_the_caller_holds_until_a_control_acts(net3):
    with Engine(net3, {"330": "335"}, own_controls=True) as engine:
        run = engine.simulate_own({"1": 5.5}, {"10": False, "335": True}, 6 * HOUR, START, 24 * HOUR, 60, HOUR, links=["330"])
    assert hours(run, "10") == [(0.0, 0.0), (19.0, 1.0)]
    first_off = next(h for h, v in hours(run, "335") if v == 0)
    assert first_off > 0.1
    assert float(run.flow.sel(link="330")[0]) == pytest.approx(0.0, abs=1e-6)  # the bypass is shut while its pump runs
    high = 19.1 * 0.3048
    assert float(run.level.sel(tank="1").max()) >= high


def test_bypass_follows_the_files_own_controls(net3):
    with Engine(net3, {"330": "335"}, own_controls=True) as engine:
        run = engine.simulate_own(None, None, 0, START, 72 * HOUR, 60, 60, links=["330", "335"])
    bypass, pump = run.flow.sel(link="330").values, run.flow.sel(link="335").values
    both = (abs(bypass) > 1) & (pump > 1)  # only in a minute in which one follows the other
    assert both.sum() <= len(hours(run, "335"))
    assert (bypass > 1).any()
    assert (pump > 1).any()


def test_speed_by_clock_is_taken_up_at_any_start(small):
    """A pump that a control sets to 0.95 at 5:00 and shuts at 20:00, begun at 6:00, at 21:00, and with its status told."""
    text = small().replace("[OPTIONS]", "[CONTROLS]\n LINK U 0.95 AT CLOCKTIME 5 AM\n LINK U CLOSED AT CLOCKTIME 8 PM\n[OPTIONS]")
    with Engine(text, own_controls=True) as engine:
        told = [(6, None), (21, None), (6, {"U": False})]
        runs = [engine.simulate_own({"T": 3.0}, status, h * HOUR, START, 4 * HOUR, HOUR, HOUR) for h, status in told]
    assert [float(run.pump_speed[0, 0]) for run in runs] == [0.95, 0.0, 0.0]


def test_a_pump_out_of_service_stays_off_and_its_bypass_open(net3):
    with Engine(net3, {"330": "335"}, own_controls=True) as engine:
        engine.take_out(["335"])
        run = engine.simulate_own({"1": 3.0}, {"335": True}, 0, START, 24 * HOUR, 60, HOUR, links=["330", "335"])
    assert hours(run, "335") == [(0.0, 0.0)]
    assert (run.flow.sel(link="335") == 0).all()
    assert (run.flow.sel(link="330") > 100).all(), "the bypass brings the river's water all day"
    assert hours(run, "10") == [(0.0, 0.0), (1.0, 1.0), (15.0, 0.0)], "the other pump keeps its clock"
