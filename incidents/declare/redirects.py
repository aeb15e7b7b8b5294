"""Redirections after a post, to a page that can be reloaded without posting again."""

from django.http import HttpResponseRedirect
from django.urls import reverse


class SeeOther(HttpResponseRedirect):
    status_code = 303


def redirect_to_route(route: str, **query: str) -> SeeOther:
    return SeeOther(reverse(route, query=query or None))
