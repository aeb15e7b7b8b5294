"""A process of the web server that dies is replaced by the server itself."""

from time import monotonic

import pytest

from tests.faults.deployment import run_deployment, wait_until

pytestmark = pytest.mark.proof
# A new process loads all modules, in two or three seconds on an idle machine.
MAX_SECONDS = 12


def test_a_dead_process_of_the_site_is_replaced(tmp_path):
    with run_deployment(tmp_path) as deployment:
        deployment.web.start()
        deployment.wait_for_web()
        deployment.web.kill_child()
        died_at = monotonic()
        wait_until(lambda: not deployment.web_answers(), seconds=5, what="the child that was killed did not serve")
        deployment.wait_for_web()
        assert monotonic() - died_at < MAX_SECONDS
        assert deployment.web.process.poll() is None
