"""The indicators of a case on its pages."""
