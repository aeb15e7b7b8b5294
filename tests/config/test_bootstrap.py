"""Making the virtual environment from nothing, even behind a proxy that re-encrypts TLS."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backend import ROOT

# Stands for uv behind such a proxy: it refuses the certificate unless the variable `trusts` is set.
UV = """#!{python}
import os, sys
from pathlib import Path
with Path({log!r}).open("a") as log:
    log.write(f"{{sys.argv[1]}} {{os.environ.get('UV_SYSTEM_CERTS', '')}}\\n")
if sys.argv[1] == "--version":
    sys.exit()
if not os.environ.get({trusts!r}):
    sys.exit("error: client error (Connect)\\n  cause: {cause}")
if sys.argv[1] == "venv":
    folder = Path(sys.argv[-2]) / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
"""
UNKNOWN = "invalid peer certificate: UnknownIssuer"


@pytest.fixture
def bootstrap(tmp_path: Path) -> Callable[..., tuple[subprocess.CompletedProcess[str], list[str]]]:
    """Run the script in a folder of its own, with that uv on the PATH. Return the process and the calls of uv."""

    def bootstrap(
        trusts: str, cause: str = UNKNOWN, **environment: str
    ) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        (tmp_path / "config" / "devserver").mkdir(parents=True)
        shutil.copy(ROOT / "config" / "devserver" / "bootstrap.py", tmp_path / "config" / "devserver")
        (tmp_path / "requirements-dev.txt").write_text("")
        log, uv = tmp_path / "log", tmp_path / "bin" / "uv"
        uv.parent.mkdir()
        uv.write_text(UV.format(python=sys.executable, log=str(log), trusts=trusts, cause=cause))
        uv.chmod(0o755)
        command = [sys.executable, str(tmp_path / "config" / "devserver" / "bootstrap.py")]
        environment = {"PATH": str(uv.parent)} | environment
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done, log.read_text().splitlines()

    return bootstrap


def test_the_certificates_of_the_system_are_tried_after_uvs_own(bootstrap, tmp_path):
    done, uv_calls = bootstrap("UV_SYSTEM_CERTS")
    assert done.returncode == 0, done.stderr
    assert "certificate" not in done.stderr
    assert uv_calls == ["--version ", "venv ", "venv 1", "pip ", "pip 1"]
    assert (tmp_path / ".venv" / "made-of").exists()


def test_each_step_is_tried_once_without_a_proxy(bootstrap):
    _done, uv_calls = bootstrap("PATH")
    assert uv_calls == ["--version ", "venv ", "pip "]


def test_an_unknown_certificate_ends_with_a_line_that_says_what_to_do(bootstrap):
    done, _uv_calls = bootstrap("NOTHING")
    assert done.returncode == 1
    assert UNKNOWN in done.stderr
    assert "make run SSL_CERT_FILE=/chemin/ca.pem" in done.stderr.splitlines()[-1]


def test_another_failure_is_reported_as_it_is(bootstrap):
    done, uv_calls = bootstrap("NOTHING", cause="no space left on device")
    assert uv_calls == ["--version ", "venv "]
    assert "no space left" in done.stderr
    assert "SSL_CERT_FILE" not in done.stderr


def test_a_certificate_given_in_the_environment_is_used(bootstrap):
    done, _uv_calls = bootstrap("PIP_CERT", SSL_CERT_FILE="/chemin/ca.pem")
    assert done.returncode == 0
