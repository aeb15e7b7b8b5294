"""Upload of evidence files, their list, and their download at the CSIRT."""
