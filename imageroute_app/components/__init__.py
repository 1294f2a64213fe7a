"""Functions that return components; no services."""
