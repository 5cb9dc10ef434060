"""The components of a tariff, a module each: energy, and what may be charged beside it."""
