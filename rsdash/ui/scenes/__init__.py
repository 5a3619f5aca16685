"""The Scenes page: a GeoTIFF in, a map of its classes out."""
