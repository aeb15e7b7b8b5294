"""The thread between the declarant and the centre."""
