"""The acts of responders on one case of their centre."""
