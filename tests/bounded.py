"""Limits on what a function may cost, for tests that feed it with hostile bytes. A function that costs too much is
stopped at once, so that a failing test does not hang.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TooCostly(BaseException):
    """The function was stopped at its limit. It is no Exception, because parsers catch every Exception."""


@contextmanager
def limit_calls(most: int) -> Iterator[None]:
    """Raise TooCostly once the block has called `most` functions. Unlike a time, this number does not depend on the
    machine.
    """
    calls = 0

    def count_call(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")
        if calls > most:
            sys.setprofile(None)
            raise TooCostly(f"more than {most} calls")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextmanager
def limit_cpu(seconds: float) -> Iterator[None]:
    """Raise TooCostly once this process has used so much CPU time in the block. Only the main thread may call it."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooCostly(f"more than {seconds} s of CPU time")

    before: Callable[[int, FrameType | None], Any] | int | None = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
