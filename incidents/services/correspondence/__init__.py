"""The messages between the declarant and the centre."""
