"""Telephone calls: a declaration written down, a case completed, and a new follow-up code that is read out."""
