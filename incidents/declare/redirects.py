"""Redirections after a post, to a page that can be reloaded without posting again."""

from django.http import HttpResponseRedirect
from django.urls import reverse


class SeeOther(HttpResponseRedirect):
    """A redirection with status 303, which the browser always follows with GET."""

    status_code = 303


def redirect_to_route(route: str, **query: str) -> SeeOther:
    """Redirect to the URL that has the name `route`, with the query parameters `query`."""
    return SeeOther(reverse(route, query=query or None))
