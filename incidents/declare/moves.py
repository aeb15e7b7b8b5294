"""Where a post leads: to a page of its own, which may be read again without sending anything again."""

from django.http import HttpResponseRedirect
from django.urls import reverse


class SeeOther(HttpResponseRedirect):
    status_code = 303


def see(route: str, **query: str) -> SeeOther:
    return SeeOther(reverse(route, query=query or None))
