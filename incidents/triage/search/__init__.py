"""The search of a centre: what was typed, how it is found, the page of hits."""
