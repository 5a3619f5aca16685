"""The run folder: states, lock, event log, and the reading of all three."""
