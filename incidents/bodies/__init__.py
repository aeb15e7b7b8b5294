"""Adding a body that no list holds during a declaration, which then goes on as with any other body."""
