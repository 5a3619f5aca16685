"""Tests with real processes that are killed, starved and lied to."""
