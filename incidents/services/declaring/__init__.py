"""The declaration of an incident: drafts, checks, limits, and new bodies."""
