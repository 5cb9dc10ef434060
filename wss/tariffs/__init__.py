"""Electricity tariffs: their rows in a tenant's files, price of any moment, billing windows, and what a course of power costs."""

from wss.tariffs.bill import bill, charges, energy_rows, peak_charges, priced
from wss.tariffs.component import Component, Course
from wss.tariffs.components.demand_charge import DemandCharge
from wss.tariffs.components.energy import Period, Span
from wss.tariffs.prices import mean_price, periods, price, title, version_at
from wss.tariffs.tariff import COMPONENTS, Tariff, TariffVersion
from wss.tariffs.terms import PeakCharge, dues, together
from wss.tariffs.windows import Windows, begins

__all__ = [
    "COMPONENTS",
    "Component",
    "Course",
    "DemandCharge",
    "PeakCharge",
    "Period",
    "Span",
    "Tariff",
    "TariffVersion",
    "Windows",
    "begins",
    "bill",
    "charges",
    "dues",
    "energy_rows",
    "mean_price",
    "peak_charges",
    "periods",
    "price",
    "priced",
    "title",
    "together",
    "version_at",
]
