"""What parts tell each other, as data: what is said of a plan, what a run sums up, and what its files hold."""

from wss.records.epanet_warning import EpanetWarning
from wss.records.fact import Fact, Reason, Violation, as_one, reason_of, sentence
from wss.records.plan_summary import RECORDS, LevelRisk, PlanChange, PlanSummary, Rung
from wss.records.saved import Group, Table
from wss.records.summaries import BacktestSummary, ForecastSummary, KpiSummary, RefitSummary

__all__ = [
    "RECORDS",
    "BacktestSummary",
    "EpanetWarning",
    "Fact",
    "ForecastSummary",
    "Group",
    "KpiSummary",
    "LevelRisk",
    "PlanChange",
    "PlanSummary",
    "Reason",
    "RefitSummary",
    "Rung",
    "Table",
    "Violation",
    "as_one",
    "reason_of",
    "sentence",
]
