"""Orders from the outbox: when they hold, what they say, what is wrong with them."""

import json

import pandas as pd
import pytest

from wss.demo import orders
from wss.demo.orders import Orders
from wss.errors import DataError

PUMPS = ["10", "335"]
DAY = pd.Timedelta(days=1)


def at(text):
    return pd.Timestamp(f"2022-07-25 {text}")


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "plan.csv"
        path.write_text("time,pump,speed\n" + "".join(f"{line}\n" for line in lines))
        return path

    return write


def test_without_a_plan_own_controls_act(tmp_path):
    none = Orders().fetch(tmp_path / "plan.csv", PUMPS, DAY)
    assert none.spans(at("06:00"), at("07:00")) == [(at("06:00"), at("07:00"), False)]


def test_plan_holds_from_its_first_moment_to_its_horizon(write):
    path = write("2022-07-25T06:15:00Z,10,1", "2022-07-25T06:15:00Z,335,0", "2022-07-25T08:00:00Z,335,1")
    plan = Orders().fetch(path, PUMPS, DAY)
    assert plan.spans(at("06:00"), at("07:00")) == [(at("06:00"), at("06:15"), False), (at("06:15"), at("07:00"), True)]
    assert plan.spans(at("06:00") + DAY, at("07:00") + DAY)[-1] == (at("06:15") + DAY, at("07:00") + DAY, False)
    speeds = plan.speeds(at("07:00"), at("09:00"), PUMPS)
    assert speeds.get_index("time").tolist() == [at("07:00"), at("08:00")]
    assert speeds.values.tolist() == [[1, 0], [1, 1]]


def test_next_plan_leaves_the_former_in_force_until_it_begins(write):
    path = write("2022-07-25T06:00:00Z,10,1", "2022-07-25T06:00:00Z,335,1", "2022-07-25T09:00:00Z,335,0")
    first = Orders().fetch(path, PUMPS, DAY)
    both = first.fetch(write("2022-07-25T08:00:00Z,10,0", "2022-07-25T08:00:00Z,335,1"), PUMPS, DAY)
    assert both.speeds(at("07:30"), at("10:00"), PUMPS).values.tolist() == [[1, 1], [0, 1]]
    assert both.since(at("08:30")).speeds(at("08:30"), at("10:00"), PUMPS).values.tolist() == [[0, 1]]
    assert both.fetch(write("2022-07-25T08:00:00Z,10,0", "2022-07-25T08:00:00Z,335,1"), PUMPS, DAY).table == both.table


def test_orders_survive_json(write):
    plan = Orders().fetch(write("2022-07-25T06:15:00Z,10,1", "2022-07-25T06:30:00Z,335,0.9"), PUMPS, DAY)
    back = orders.from_json(json.loads(json.dumps(orders.to_json(plan))))
    assert back == plan
    assert orders.from_json(orders.to_json(Orders())) == Orders()


def test_all_faults_of_a_plan_at_once(write):
    path = write("soon,10,1", "2022-07-25T06:15:00Z,11,1", "2022-07-25T06:15:00Z,335,fast", "2022-07-25T06:15:00Z,335,1.8")
    with pytest.raises(DataError) as error:
        orders.read_plan(path, PUMPS)
    for fault in ("4 faults", "pump '11'", "line 2: 'soon'", "line 4: 'fast'", "line 5:"):
        assert fault in str(error.value)
    path.write_text("when,pump,speed\n")
    with pytest.raises(DataError, match="no column time"):
        orders.read_plan(path, PUMPS)
    with pytest.raises(DataError, match="no order"):
        orders.read_plan(write(), PUMPS)
