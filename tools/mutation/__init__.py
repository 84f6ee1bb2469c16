"""Breaks `components` in one place after the other and counts how often the unit tests notice."""
