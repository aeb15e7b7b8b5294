"""What responders judge of a case: verification, severity, qualification, closing."""
