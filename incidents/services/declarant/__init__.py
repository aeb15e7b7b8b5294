"""The acts of a declarant on a case after declaring it."""
