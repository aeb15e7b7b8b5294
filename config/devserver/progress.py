"""One line of progress for each step of a start: « PostgreSQL… prêt (0,6 s) »."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def print_progress(text: str, *, end: str = "\n") -> None:
    """Print a text to stderr at once."""
    sys.stderr.write(f"{text}{end}")
    sys.stderr.flush()


@contextmanager
def report_step(title: str) -> Iterator[None]:
    """Print the title of a step before the block runs, and its duration or its failure afterwards."""
    print_progress(f"  {title}… ", end="")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print_progress("échec")
        raise
    print_progress(f"prêt ({time.monotonic() - began:.1f} s)".replace(".", ","))
