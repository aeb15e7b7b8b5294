"""The judgements of responders on a case: verification, severity, qualification, closing."""
