"""The transfer of a case to another centre, and what its former centre may still read."""
