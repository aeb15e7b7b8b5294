"""A program that does not start in time is reported with what it printed meanwhile."""

import os

import pytest

from tests.faults.deployment import Program, wait_until


def test_a_program_that_never_serves_is_reported_with_its_log(tmp_path):
    program = Program("web", ["echo", "the port is taken"], dict(os.environ), tmp_path)

    def is_serving():
        program.start()
        return program.process.wait()

    with pytest.raises(AssertionError, match="the port is taken"):
        wait_until(is_serving, seconds=0, what=program.read_log_end)
