"""The transfer of a case to another centre."""
