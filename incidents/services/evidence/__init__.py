"""Evidence files: their upload in slices, their recording, and the sweep of their store."""
