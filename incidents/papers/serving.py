"""A paper as a download: never shown in a page of ours, under a name that we give."""

from collections.abc import Iterator
from itertools import chain

from django.http import Http404, StreamingHttpResponse

from incidents.enums import PaperState
from incidents.models import Paper
from incidents.services.papers import content_of
from incidents.vault import NotReadable


def download(paper: Paper | None, name: str) -> StreamingHttpResponse:
    """Raises Http404 for a paper that is not made, or whose bytes do not open any more."""
    if paper is None or paper.state != PaperState.MADE:
        raise Http404
    return attached(readable(paper), name, paper.size)


def readable(paper: Paper) -> Iterator[bytes]:
    """The first frame is read before anything is answered: what does not open is said, not half sent."""
    content = content_of(paper)
    try:
        return chain([next(content, b"")], content)
    except NotReadable as error:
        raise Http404 from error


def attached(content: Iterator[bytes], name: str, size: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(size)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
