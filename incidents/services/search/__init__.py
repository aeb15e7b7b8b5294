"""The index in which responders search."""
