"""Data in, figure or table out; nothing here reads the store. matplotlib for executed notebooks, Plotly for live screens."""

from wss.views.charts import demand_chart, forecast_chart, plan_chart
from wss.views.quality import forecast_error_chart, quality_chart
from wss.views.quality_tables import doubt_table, leaned_table
from wss.views.refit import skill_chart
from wss.views.story import forecast_story, plan_story, refit_story, summary_table
from wss.views.tables import actions_table, cost_table, kpi_table, margin_table

__all__ = [
    "actions_table", "cost_table", "demand_chart", "doubt_table", "forecast_chart", "forecast_error_chart",
    "forecast_story", "kpi_table",
    "leaned_table", "margin_table", "plan_chart", "plan_story", "quality_chart", "refit_story", "skill_chart", "summary_table",
]
