"""The page that sends a file about a case to a partner, and the files that could not be sent."""
