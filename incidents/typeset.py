"""PDF, made by typst from a template of ours and data that stay inert: no word of a stranger is ever its source."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import segno
import typst

FOLDER = Path(__file__).parent / "typst"
# Characters that no font draws and JSON or PDF may refuse: controls, lone surrogates, private and unassigned ones.
UNDRAWABLE = {"Cc", "Cs", "Co", "Cn"}
# The cache of typst keeps the last compilations: small batches keep it small.
PAGES_AT_ONCE = 5


def typeset(template: str, data: Any, *, joinable: bool = False) -> bytes:
    """One PDF, with the fonts of typst alone: the same on every machine.

    Accessible (PDF/UA-1) unless a word holds a character that its fonts lack, such as an emoji: then it is tagged all
    the same, and the character is drawn as a box. `joinable` gives the plain form that `Joiner` reads.
    """
    standards: tuple[list[Any], ...] = (["1.4"],) if joinable else (["ua-1"], [])
    inputs = {"data": json.dumps(drawable(data))}
    for last, standard in enumerate(standards, start=1):
        try:
            return bytes(
                typst.compile(
                    FOLDER / f"{template}.typ",
                    root=FOLDER,
                    format="pdf",
                    sys_inputs=inputs,
                    pdf_standards=standard,
                    pdf_tags=not joinable,
                    ignore_system_fonts=True,
                )
            )
        except typst.TypstError:
            if last == len(standards):
                raise
    raise AssertionError


def drawable(data: Any) -> Any:
    """The same data without the characters that cannot be drawn."""
    if isinstance(data, dict):
        return {key: drawable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [drawable(value) for value in data]
    if isinstance(data, str):
        return "".join(c for c in data if c in "\n\t" or unicodedata.category(c) not in UNDRAWABLE)
    return data


def qr_code(address: str) -> str:
    """As SVG, without a size of its own: whoever shows it gives one."""
    file = BytesIO()
    segno.make(address, error="m", micro=False).save(
        file, kind="svg", xmldecl=False, omitsize=True, border=2, svgclass="qr", lineclass=None
    )
    return file.getvalue().decode().strip()


class Sink(Protocol):
    def write(self, content: bytes, /) -> Any: ...


class Joiner:
    """Puts PDFs one after the other into one file as they come, and keeps none of them in memory.

    It reads what `typeset(…, joinable=True)` writes and nothing else: PDF 1.4, whose objects stand in clear, one
    after the other, with a plain table of their places. Each keeps its own tree of pages, under a new root.
    """

    ROOT, CATALOG = 1, 2

    def __init__(self, file: Sink) -> None:
        self.file = file
        self.at = 0
        self.places = {0: 0}
        self.number = self.CATALOG
        self.trees: list[int] = []
        self.pages = 0
        self.write(b"%PDF-1.4\n%\x80\x80\x80\x80\n")

    def write(self, content: bytes) -> None:
        self.file.write(content)
        self.at += len(content)

    def write_object(self, number: int, content: bytes) -> None:
        self.places[number] = self.at
        self.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))

    def add(self, pdf: bytes) -> None:
        shift = self.number
        for number, content in objects_of(pdf):
            moved = shifted(content, shift)
            if moved.startswith(b"<</Type/Pages"):
                self.trees.append(number + shift)
                self.pages += int(moved.partition(b"/Count ")[2].partition(b"/")[0])
                moved = moved.replace(b"<</Type/Pages", b"<</Type/Pages/Parent %d 0 R" % self.ROOT, 1)
            self.write_object(number + shift, moved)
            self.number = max(self.number, number + shift)

    def finish(self) -> None:
        kids = b" ".join(b"%d 0 R" % tree for tree in self.trees)
        self.write_object(self.ROOT, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, kids))
        self.write_object(self.CATALOG, b"<</Type/Catalog/Pages %d 0 R/Lang(fr)>>" % self.ROOT)
        start, size = self.at, self.number + 1
        self.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            self.write(b"%010d 00000 n \n" % self.places[number])
        self.write(b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, self.CATALOG, start))


def objects_of(pdf: bytes) -> Iterator[tuple[int, bytes]]:
    """Each object of the table, in the order of the file, without its frame."""
    table = int(pdf.rpartition(b"startxref")[2].split()[0])
    entries = pdf[table:].partition(b"trailer")[0].split()[3:]
    places = [int(entries[at]) for at in range(0, len(entries), 3)]
    order = sorted((place, number) for number, place in enumerate(places) if number)
    ends = [place for place, _number in order[1:]] + [table]
    for (place, number), end in zip(order, ends, strict=True):
        yield number, pdf[place:end].partition(b"obj\n")[2].rpartition(b"\nendobj")[0]


def shifted(content: bytes, shift: int) -> bytes:
    """The object with each « 12 0 R » moved; what stands in its stream is left alone."""
    head, mark, stream = content.partition(b"stream\n")
    return b"".join(moved_words(head.split(b" 0 R"), shift)) + mark + stream


def moved_words(parts: list[bytes], shift: int) -> Iterable[bytes]:
    *named, last = parts
    for part in named:
        words = part.rstrip(b"0123456789")
        yield b"%s%d 0 R" % (words, int(part[len(words) :]) + shift)
    yield last
