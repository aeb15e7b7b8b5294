"""What responders do with a case."""
