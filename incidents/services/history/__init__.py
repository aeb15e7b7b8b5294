"""The history of a case: its events, its earlier facts, its search index, and the erasure of its texts."""
