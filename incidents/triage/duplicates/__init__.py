"""Several declarations of one incident: those that are likely, and the page that merges two of them."""
