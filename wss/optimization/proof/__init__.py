"""What is said of a plan: replays that prove it, the limits in the way of a change, and the rungs below an optimum."""
