"""What a responder saves during a telephone call with the declarant: a declaration, or more facts of a case."""
