"""What every search shares: the problem, its task in arrays, modes of stations, tables of EPANET snapshots, and the replay."""
