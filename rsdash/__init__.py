"""Train, compare and use image classifiers for remote-sensing scenes."""

__version__ = "0.1.0"
