"""Room on the stack for deep calls.

CPython keeps the frames of a thread in chunks of 16 KiB. Before 3.13.13, a call that crosses the end of a chunk asks
the kernel for another and gives it back when it returns, which takes 8 µs instead of 0.05
(https://github.com/python/cpython/issues/142183). A page requested by a test is deep enough for that, a page requested
from the server is not.
"""

from collections.abc import Callable

WORDS = 2**16  # of 8 bytes: the frame needs a chunk of 1 MiB, and half of it remains for the calls below


def call_with_room[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function with a chunk so large that no call below it crosses its end."""
    return function(*args, **kwargs)


call_with_room.__code__ = call_with_room.__code__.replace(co_stacksize=WORDS)
