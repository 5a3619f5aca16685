"""Tests: unit/ mirrors rsdash/, faults/ kills and corrupts, app/ and browser/ look at the pages."""
