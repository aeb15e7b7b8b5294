"""Declarations that come by telephone."""
