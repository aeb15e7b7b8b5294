"""Pages are compressed for browsers that accept it; other answers are not."""

import gzip

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from config.pages.compress import CompressedPages

TAKES_GZIP = {"Accept-Encoding": "gzip, deflate, br"}
LONG = b"Nos fichiers ne s'ouvrent plus. " * 100


def test_a_page_is_compressed_for_a_browser_that_accepts_gzip(db, client):
    plain = client.get("/accessibilite/")
    page = client.get("/accessibilite/", headers=TAKES_GZIP)

    assert "Content-Encoding" not in plain.headers
    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert gzip.decompress(page.content) == plain.content
    assert len(page.content) < len(plain.content) / 2


def test_two_compressed_responses_of_one_page_differ_in_length(db, client):
    lengths = {len(client.get("/accessibilite/", headers=TAKES_GZIP).content) for _ in range(20)}

    assert len(lengths) > 1


@pytest.mark.parametrize(
    "response",
    [
        lambda: HttpResponse(LONG, content_type="application/pdf"),
        lambda: HttpResponse(LONG, content_type="application/json"),
        lambda: StreamingHttpResponse([LONG], content_type="text/html"),
        lambda: FileResponse(iter([LONG]), content_type="application/octet-stream"),
    ],
    ids=["pdf", "json", "stream", "file"],
)
def test_a_response_that_is_no_page_is_not_compressed(response):
    request = RequestFactory().get("/", headers=TAKES_GZIP)

    answer = CompressedPages(lambda _request: response())(request)

    assert "Content-Encoding" not in answer.headers
    assert b"".join(answer) == LONG


def test_an_error_page_is_compressed(db, client):
    lost = client.get("/nulle-part/", headers=TAKES_GZIP)

    assert lost.status_code == 404
    assert "Cette page" in gzip.decompress(lost.content).decode()
