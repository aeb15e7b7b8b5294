"""A case that goes to another centre or to a partner."""
