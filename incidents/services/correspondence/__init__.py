"""The messages between the declarant and the centre, and the message templates of a centre."""
