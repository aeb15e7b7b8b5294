"""The page that adds a body that no official list contains, so that its declaration continues like any other."""
