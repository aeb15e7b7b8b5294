"""The history of a case: its events, its earlier facts, and the centres that had it."""
