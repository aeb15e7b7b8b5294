"""The queue of a centre: its order, its lines, its waves, and its pages."""
