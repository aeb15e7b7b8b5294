"""The transfer of a case to another centre, and the sending of a file about a case to a partner."""
