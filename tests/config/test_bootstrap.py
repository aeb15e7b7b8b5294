"""The environment is made from nothing, behind a proxy that re-encrypts TLS too."""

import shutil
import subprocess
import sys

import pytest

from tests.ground import ROOT

# Stands for uv behind such a proxy: it refuses what it is shown, unless it is told to look where `trusts` says.
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
def bootstrap(tmp_path):
    """Run it in a folder of its own, with such a uv on the PATH. Gives what it said and what uv was asked."""

    def bootstrap(trusts, cause=UNKNOWN, **environment):
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


def test_it_works(bootstrap, tmp_path):
    """The certificates of the system are tried when uv's own do not do, and only then."""
    done, asked = bootstrap("UV_SYSTEM_CERTS")
    assert done.returncode == 0, done.stderr
    assert "certificate" not in done.stderr
    assert asked == ["--version ", "venv ", "venv 1", "pip ", "pip 1"]
    assert (tmp_path / ".venv" / "made-of").exists()


def test_without_a_proxy_nothing_is_tried_twice(bootstrap):
    _done, asked = bootstrap("PATH")
    assert asked == ["--version ", "venv ", "pip "]


def test_a_proxy_whose_certificate_nobody_knows(bootstrap):
    """One line says what to do."""
    done, _asked = bootstrap("NOTHING")
    assert done.returncode == 1
    assert UNKNOWN in done.stderr
    assert "make run SSL_CERT_FILE=/chemin/ca.pem" in done.stderr.splitlines()[-1]


def test_another_failure_is_said_as_it_is(bootstrap):
    done, asked = bootstrap("NOTHING", cause="no space left on device")
    assert asked == ["--version ", "venv "]
    assert "no space left" in done.stderr
    assert "SSL_CERT_FILE" not in done.stderr


def test_the_certificate_that_one_gives(bootstrap):
    done, _asked = bootstrap("PIP_CERT", SSL_CERT_FILE="/chemin/ca.pem")
    assert done.returncode == 0
