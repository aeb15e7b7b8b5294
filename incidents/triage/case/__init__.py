"""The page of a case, block by block."""
