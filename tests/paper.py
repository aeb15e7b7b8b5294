"""A PDF as its reader sees it: rendered, then read by an independent library."""

import re
from contextlib import closing

import pypdfium2
import zxingcpp

# The camera of a telephone sees a sheet of paper with at least this resolution.
DOTS_PER_INCH = 150
POINTS_PER_INCH = 72
FOOTER_BEGINS = 0.94
WHITE = 250


def count_pages(pdf: bytes) -> int:
    """Return the number of pages, without rendering them."""
    return len(re.findall(rb"/Type/Page\b", pdf))


def read_codes(pdf: bytes) -> list[list[str]]:
    """Return the texts of the QR codes, page by page."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return [read_page_codes(document[number]) for number in range(len(document))]


def measure_fill(pdf: bytes) -> list[float]:
    """Return, for each page, how far down it is filled above its footer. 1 means to the footer."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return [measure_filled_part(document[number]) for number in range(len(document))]


def measure_filled_part(page: pypdfium2.PdfPage) -> float:
    with closing(page), closing(page.render(scale=0.5, grayscale=True)) as drawn:
        dots = memoryview(bytes(drawn.buffer))
        rows = [min(dots[at : at + drawn.width]) for at in range(0, drawn.height * drawn.stride, drawn.stride)]
        end = int(len(rows) * FOOTER_BEGINS)
        return max(at for at, darkest in enumerate(rows[:end]) if darkest < WHITE) / end


def read_page_codes(page: pypdfium2.PdfPage) -> list[str]:
    with closing(page), closing(page.render(scale=DOTS_PER_INCH / POINTS_PER_INCH, grayscale=True)) as drawn:
        dots = memoryview(bytes(drawn.buffer)).cast("B", (drawn.height, drawn.stride))
        return [code.text for code in zxingcpp.read_barcodes(dots)]
