"""From the words of a body to a case: drafts, checks, limits."""
