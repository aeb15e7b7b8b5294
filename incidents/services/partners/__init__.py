"""The sending of a file about a case to a partner. The case stays in its centre."""
