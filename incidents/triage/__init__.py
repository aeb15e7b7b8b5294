"""The pages of the responders of a centre: their queue, their cases, and the search in them."""
