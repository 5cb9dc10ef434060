"""Frozen models of a tenant's files; load and validate."""

from wss.calendars import Calendar, holiday_dates
from wss.config.load import load, own_files, read_folder
from wss.config.profile import ImportProfile
from wss.config.sensors import Limits, Sensor, SensorFile
from wss.config.system import Pressure, Pump, System, Tank, TiedLink, Zone
from wss.config.tenant import Configuration, Forecast, Intake, Plan, Tenant
from wss.schema import Frozen
from wss.tariffs import DemandCharge, Period, Span, Tariff, TariffVersion

__all__ = [
    "Calendar",
    "Configuration",
    "DemandCharge",
    "Forecast",
    "Frozen",
    "ImportProfile",
    "Intake",
    "Limits",
    "Period",
    "Plan",
    "Pressure",
    "Pump",
    "Sensor",
    "SensorFile",
    "Span",
    "System",
    "Tank",
    "Tariff",
    "TariffVersion",
    "Tenant",
    "TiedLink",
    "Zone",
    "holiday_dates",
    "load",
    "own_files",
    "read_folder",
]
