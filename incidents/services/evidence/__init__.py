"""Files: handed over, received in slices, swept from the store."""
