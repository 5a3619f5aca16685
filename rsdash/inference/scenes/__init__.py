"""Class maps of whole scenes: windows are read, predicted, blended and written a few rows at a time."""
