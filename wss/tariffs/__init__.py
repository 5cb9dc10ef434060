"""Electricity tariffs: period and price of any moment, billing windows, and what a course of power costs."""

from wss.tariffs.bill import bill, demand_charge, peak_charges
from wss.tariffs.prices import periods, price, title
from wss.tariffs.terms import PeakCharge, dues, together
from wss.tariffs.windows import Windows, begins

__all__ = [
    "PeakCharge",
    "Windows",
    "begins",
    "bill",
    "demand_charge",
    "dues",
    "peak_charges",
    "periods",
    "price",
    "title",
    "together",
]
