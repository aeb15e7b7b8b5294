"""The acts of a declarant on a case after declaring it, and of a responder who completes the case by telephone."""
