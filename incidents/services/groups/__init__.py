"""Groups of cases: what is done to all of them, and the messages that they receive."""
