"""A PDF as whoever holds the sheet reads it: drawn, then read by a library that is not ours."""

from contextlib import closing

import pypdfium2
import zxingcpp

# A telephone before a sheet of paper sees at least this.
DOTS_PER_INCH = 150
POINTS_PER_INCH = 72


def codes_of(pdf):
    """What the QR codes of each page say, page by page."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return [codes_on(document[number]) for number in range(len(document))]


def codes_on(page):
    with closing(page), closing(page.render(scale=DOTS_PER_INCH / POINTS_PER_INCH, grayscale=True)) as drawn:
        dots = memoryview(bytes(drawn.buffer)).cast("B", (drawn.height, drawn.stride))
        return [code.text for code in zxingcpp.read_barcodes(dots)]
