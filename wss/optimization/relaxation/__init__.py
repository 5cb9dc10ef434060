"""Successive linear programs over shares of modes, rounded to the decision grid; relax-and-fix window by window."""
