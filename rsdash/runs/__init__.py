"""The run folder: states, lock, event log and the reading of all three. Written by the worker, read by all."""
