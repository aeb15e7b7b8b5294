"""The names of the inputs and of the query parameters that several pages of the declaration share."""

TYPE, BODY = "quoi", "collectivite"
# The query parameter that names the page to return to, and its value for the express page.
BACK, TO_EXPRESS = "retour", "rappel"
# The input in which a page that asks to wait proves since when (`core/request_counter.py::has_waited`).
WAIT_PROOF = "attente"
