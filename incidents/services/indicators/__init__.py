"""Indicators of a case, which are proposed, saved or ignored."""
