"""Acts on many cases, each carried out by a task."""
