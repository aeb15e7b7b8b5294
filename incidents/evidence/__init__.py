"""Uploading evidence files, listing them, and downloading them at the CSIRT."""
