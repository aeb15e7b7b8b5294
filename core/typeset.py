"""PDF files that typst makes from our templates. What people wrote reaches typst only as JSON data, never as typst
source.
"""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import manimgx_fonts

from core.libraries import load_library
from core.printable import find_missing_character, remove_undrawable_characters, replace_characters_by_names

# Noto has emoji and the scripts that the fonts of typst lack, except for those of East Asia, whose fonts are six times
# as large.
FONT_PATHS = [Path(manimgx_fonts.__file__).parent]
# The number of scripts missing from our fonts that one document may contain. Beyond that, the PDF does not claim to be
# accessible.
MAX_SCRIPTS = 24
# typst caches its last compilations. Small batches therefore keep the cache small.
PAGES_AT_ONCE = 5
# The standard roles of PDF for the tags to which typst gives names of its own.
ROLES = b"/Datetime/Span/Terms/Part/Title/P/Strong/Span/Em/Span"

# The metadata of a part state its number of pages, which is wrong for the joined file. They are overwritten with
# spaces, because a stream declares its own length.
PART_PAGE_COUNT = re.compile(rb"<xmpTPg:NPages>\d+</xmpTPg:NPages>")


def typeset(template: Path, data: Any) -> bytes:
    """Return the document that the template makes of the data, as an accessible PDF (PDF/UA-1).

    The template may include files of its own folder only. The fonts are those of typst and of a pinned package, so the
    PDF is the same on every machine. A character that no font has is replaced by its script and its number, instead of
    an empty box. The PDF does not claim to be accessible if the characters that no font has belong to MAX_SCRIPTS
    scripts or more, or if typst refuses the claim for another reason.
    """
    data = remove_undrawable_characters(data)
    for _attempt in range(MAX_SCRIPTS):
        try:
            return compile_template(template, data, "ua-1")
        except load_library("typst").TypstError as error:
            if not (missing := find_missing_character(str(error))):
                break
            data = replace_characters_by_names(data, sample=missing)
    return compile_template(template, data, [])


def compile_template(template: Path, data: Any, standard: str | list[str]) -> bytes:
    """Return the PDF that typst makes of the template and the data. `standard` names the PDF standards to follow."""
    return bytes(
        load_library("typst").compile(
            template,
            root=template.parent,
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            pdf_standards=standard,
            font_paths=FONT_PATHS,
            ignore_system_fonts=True,
        )
    )


def draw_qr_code(address: str) -> str:
    """Return the QR code of an address as an SVG image. The page sets its size."""
    file = BytesIO()
    load_library("segno").make(address, error="m", micro=False).save(
        file, kind="svg", xmldecl=False, omitsize=True, border=2, svgclass="qr", lineclass=None
    )
    return file.getvalue().decode().strip()


class Sink(Protocol):
    """A file or a stream to which bytes are written."""

    def write(self, content: bytes, /) -> Any: ...


class PdfJoiner:
    """A writer that joins PDFs into one file, one after the other, and keeps none of them in memory.

    It reads only what `typeset` writes: uncompressed objects, one after the other, with a plain cross-reference table.
    The pages of each part keep their own tree, and so do its tags. These trees are attached to new roots. The catalog
    of the first part is used, with its title, language and conformance claims.
    """

    PAGES, TAGS, CATALOG = 1, 2, 3

    def __init__(self, file: Sink) -> None:
        self.file = file
        self.at = 0
        self.places = {0: 0}
        self.number = self.CATALOG
        self.pages = 0
        self.trees: list[int] = []
        self.documents: list[int] = []
        # The keys by which a viewer finds the tags of each page and of each link, with the numbers of the objects that
        # contain these tags.
        self.keyed: list[tuple[int, int]] = []
        self.catalog = b""
        self.write(b"%PDF-1.7\n%\x80\x80\x80\x80\n")

    def write(self, content: bytes) -> None:
        self.file.write(content)
        self.at += len(content)

    def write_object(self, number: int, content: bytes) -> None:
        """Write an object, and remember where it is for the cross-reference table."""
        self.places[number] = self.at
        self.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))

    def add(self, pdf: bytes) -> None:
        """Append a PDF, with its objects renumbered."""
        shift, keys = self.number, len(self.keyed)
        for place, content in list_pdf_objects(pdf):
            number = place + shift
            self.write_object(number, self.attach_to_roots(number, shift_references(content, shift, keys)))
            self.number = max(self.number, number)

    def attach_to_roots(self, number: int, content: bytes) -> bytes:
        """Return the object, changed to a child of a new root if it is the root of the pages or tags of a part.

        The number of pages is removed from the metadata. The first catalog is saved for the end.
        """
        if content.startswith(b"<</Type/Pages"):
            self.trees.append(number)
            self.pages += int(content.partition(b"/Count ")[2].partition(b"/")[0])
            return content.replace(b"<</Type/Pages", b"<</Type/Pages/Parent %d 0 R" % self.PAGES, 1)
        if content.startswith(b"<</Type/StructTreeRoot"):
            self.documents.append(number)
            return self.convert_tag_root(content)
        if content.startswith(b"<</Type/Catalog"):
            self.catalog = self.catalog or content
        return PART_PAGE_COUNT.sub(lambda match: b" " * len(match[0]), content)

    def convert_tag_root(self, tree: bytes) -> bytes:
        """Return the root of the tags of a part, changed to a `Document` tag whose parent is the new root.

        The keys of the part (see `keyed`) are renumbered to come after those of the earlier parts.
        """
        keys = tree.partition(b"/Nums[")[2].partition(b"]")[0]
        offset = len(self.keyed)
        self.keyed += [(offset + int(key), int(tags)) for key, tags in re.findall(rb"(\d+) (\d+) 0 R", keys)]
        kids = tree.partition(b"/K[")[2].partition(b"]")[0]
        return b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (self.TAGS, kids)

    def finish(self) -> None:
        """Write the new roots, the catalog and the cross-reference table."""
        self.write_object(
            self.PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, format_references(self.trees))
        )
        keys = b" ".join(b"%d %d 0 R" % pair for pair in self.keyed)
        self.write_object(
            self.TAGS,
            b"<</Type/StructTreeRoot/RoleMap<<%s>>/K[%s]/ParentTree<</Nums[%s]>>/ParentTreeNextKey %d>>"
            % (ROLES, format_references(self.documents), keys, len(self.keyed)),
        )
        roots = {b"Pages": self.PAGES, b"StructTreeRoot": self.TAGS}
        for name, number in roots.items():
            self.catalog = re.sub(rb"/%s \d+ 0 R" % name, b"/%s %d 0 R" % (name, number), self.catalog)
        self.write_object(self.CATALOG, self.catalog)
        self.write_reference_table()

    def write_reference_table(self) -> None:
        """Write the cross-reference table and the trailer, which end the file."""
        start, size = self.at, self.number + 1
        self.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            self.write(b"%010d 00000 n \n" % self.places[number])
        self.write(b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, self.CATALOG, start))


def format_references(numbers: list[int]) -> bytes:
    """Return the references to these objects: « 3 0 R 7 0 R »."""
    return b" ".join(b"%d 0 R" % number for number in numbers)


def list_pdf_objects(pdf: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the content of each object, in the order of the file.

    The content is without `obj` and `endobj`.
    """
    table = int(pdf.rpartition(b"startxref")[2].split()[0])
    entries = pdf[table:].partition(b"trailer")[0].split()[3:]
    places = [int(entries[at]) for at in range(0, len(entries), 3)]
    order = sorted((place, number) for number, place in enumerate(places) if number)
    ends = [place for place, _number in order[1:]] + [table]
    for (place, number), end in zip(order, ends, strict=True):
        yield number, pdf[place:end].partition(b"obj\n")[2].rpartition(b"\nendobj")[0]


def shift_references(content: bytes, shift: int, keys: int) -> bytes:
    """Return the object with `shift` added to its references (« 12 0 R ») and `keys` to the keys of its tags.

    The content of a stream does not change. Outside of streams, an object holds only our own texts and addresses,
    never the name of a body. So no text of a stranger can look like a reference.
    """
    head, mark, stream = content.partition(b"stream\n")
    head = re.sub(rb"(\d+) 0 R", lambda match: b"%d 0 R" % (int(match[1]) + shift), head)
    head = re.sub(rb"(/StructParents? )(\d+)", lambda match: b"%s%d" % (match[1], int(match[2]) + keys), head)
    return head + mark + stream
