"""What parts tell each other, as data: what is said of a plan, what a run sums up, and what its files hold."""
