"""Handing files over, following what was handed over, opening it at the CSIRT."""
