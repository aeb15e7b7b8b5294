"""Large libraries, which only the processes that use them load.

`banned-module-level-imports` in pyproject.toml lists them. Only the audit of releases imports the one that it needs by
itself, because its text is published as a program of its own.
"""

from importlib import import_module
from typing import Any


def load_library(name: str) -> Any:
    """Return a library, which is imported at its first use in the process. Each takes 1 to 13 MB of memory."""
    return import_module(name)
