"""A case that goes to another centre."""
