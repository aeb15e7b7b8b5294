"""Downloads of PDF documents, under a name that our code chooses. Our pages never display such a document."""

from collections.abc import Iterator
from itertools import chain

from django.http import Http404, StreamingHttpResponse

from incidents.enums import PaperState
from incidents.files.vault import NotReadable
from incidents.models import Paper
from incidents.services.papers.making import read_paper


def serve_paper(paper: Paper | None, name: str) -> StreamingHttpResponse:
    """Return the PDF of a document as a download. Raises Http404 if the PDF has not been made or cannot be
    decrypted.
    """
    if paper is None or paper.state != PaperState.MADE:
        raise Http404
    return build_pdf_download(start_reading_paper(paper), name, paper.size)


def start_reading_paper(paper: Paper) -> Iterator[bytes]:
    """Read the first bytes of the document and return its whole content. An unreadable document thus raises Http404
    before the download begins.
    """
    try:
        content = read_paper(paper)
        return chain([next(content, b"")], content)
    except NotReadable as error:
        raise Http404 from error


def build_pdf_download(content: Iterator[bytes], name: str, size: int) -> StreamingHttpResponse:
    """Return a response that the browser saves as a file with this name. `size` is in bytes."""
    response = StreamingHttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(size)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
