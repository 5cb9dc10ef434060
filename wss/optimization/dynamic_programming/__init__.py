"""Dynamic programming over tank levels, for up to three tanks, and the lower bound that it proves."""
