"""Data in, figure or table out; nothing here reads the store. matplotlib for executed notebooks, Plotly for live screens."""

from wss.views.backtest import backtest_coverage_chart, backtest_error_chart, backtest_hour_chart, backtest_skill_chart
from wss.views.backtest_tables import backtest_story, backtest_table, worst_table
from wss.views.charts import demand_chart, forecast_chart, plan_chart
from wss.views.quality import forecast_error_chart, quality_chart
from wss.views.quality_tables import doubt_table, leaned_table
from wss.views.refit import skill_chart
from wss.views.story import change_story, forecast_story, plan_story, refit_story, summary_table
from wss.views.tables import actions_table, cost_table, kpi_table, margin_table, moves_table

__all__ = [
    "actions_table",
    "backtest_coverage_chart",
    "backtest_error_chart",
    "backtest_hour_chart",
    "backtest_skill_chart",
    "backtest_story",
    "backtest_table",
    "change_story",
    "cost_table",
    "demand_chart",
    "doubt_table",
    "forecast_chart",
    "forecast_error_chart",
    "forecast_story",
    "kpi_table",
    "leaned_table",
    "margin_table",
    "moves_table",
    "plan_chart",
    "plan_story",
    "quality_chart",
    "refit_story",
    "skill_chart",
    "summary_table",
    "worst_table",
]
