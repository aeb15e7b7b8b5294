"""Services for the history of a case: events, earlier states, the search index, and erasure."""
