"""Indicators: proposed, kept, ignored."""
