"""Duplicate declarations: the search for likely ones, and the page that merges two."""
