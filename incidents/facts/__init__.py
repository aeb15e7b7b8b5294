"""What a declaration says, described once: forms, the shapes of the API, sheets and erasing are made from it."""
