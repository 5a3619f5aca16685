"""Training one run: the loop, recipes, checkpoints, control and the worker process. Imports torch."""
