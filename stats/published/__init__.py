"""What the public pages say: figures read from the blocks of one release, and from nothing else."""

from stats.published.page import Page, read_page
from stats.published.reading import Asked, UnknownSelectionError

__all__ = ["Asked", "Page", "UnknownSelectionError", "read_page"]
