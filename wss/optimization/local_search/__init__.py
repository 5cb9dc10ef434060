"""Local search on plans: moves whose effects are predicted, combinations, large neighbourhoods, each kept only after a replay."""
