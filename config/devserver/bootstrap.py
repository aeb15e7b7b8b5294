"""Creates .venv/ with the pinned requirements, using any Python 3. The Makefile runs it first.

Tocsin needs Python 3.12, but this file does not, because its work is to find one. It uses the uv of the PATH, or
installs one under .local/.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "made-of"
UV_HOME = ROOT / ".local" / "uv"
OLDEST = "3.12"
REQUIREMENTS = ROOT / "requirements-dev.txt"
# uv and pip have their own certificates. Only those of the system may include the one of a proxy that re-encrypts TLS.
REFUSED = "certificate"
SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "PIP_USE_FEATURE": "truststore"}
BEHIND_A_PROXY = (
    " Un mandataire rechiffre le TLS ? Donnez le fichier de son certificat : make run SSL_CERT_FILE=/chemin/ca.pem"
)


def main() -> None:
    requirements_digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if is_ready(requirements_digest):
        return
    write_line("Environnement Python… (une minute la première fois)")
    uv = find_uv()
    if not PYTHON.exists() or not can_run(
        str(PYTHON), "-c", f"import sys; assert sys.version_info >= {parse_minimum_python()}"
    ):
        run_or_exit(
            *uv,
            "venv",
            "--clear",
            "--python",
            f">={OLDEST}",
            str(VENV),
            failing=f"Il faut Python {OLDEST} ou plus récent.",
        )
    run_or_exit(
        *uv,
        "pip",
        "sync",
        "--python",
        str(PYTHON),
        "--require-hashes",
        str(REQUIREMENTS),
        failing="Installation impossible.",
    )
    STAMP.write_text(requirements_digest)
    write_line("Environnement Python… prêt")


def is_ready(requirements_digest: str) -> bool:
    """Tell whether the environment was made from these requirements and its Python runs."""
    was_made = STAMP.exists() and STAMP.read_text() == requirements_digest
    return was_made and PYTHON.exists() and can_run(str(PYTHON), "--version")


def parse_minimum_python() -> tuple[int, ...]:
    """Return `OLDEST`, the oldest version of Python that runs Tocsin, as a tuple of numbers."""
    return tuple(int(part) for part in OLDEST.split("."))


def find_uv() -> list[str]:
    """Return the command of uv. If uv is not installed, install it in a virtual environment, or in a plain folder if
    Python has no venv.
    """
    for uv in [["uv"], [str(UV_HOME / "bin" / "uv")]]:
        if can_run(*uv, "--version"):
            return uv
    if can_run(sys.executable, "-m", "venv", "--clear", str(UV_HOME)):
        run_or_exit(
            str(UV_HOME / "bin" / "python"), "-m", "pip", "install", "-q", "uv", failing="uv ne s’installe pas."
        )
        return [str(UV_HOME / "bin" / "uv")]
    shutil.rmtree(UV_HOME, ignore_errors=True)
    run_or_exit(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--target",
        str(UV_HOME),
        "uv",
        failing="Installez uv (docs.astral.sh/uv).",
    )
    return [str(UV_HOME / "bin" / "uv")]


def can_run(*command: str) -> bool:
    """Tell whether the command runs and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run_or_exit(*command: str, failing: str) -> None:
    """Run a command. If it refuses a certificate, run it again with the certificates of the system. On failure, exit
    with the message `failing`.
    """
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    if "SSL_CERT_FILE" in environment:  # uv reads this variable, pip reads another
        environment.setdefault("PIP_CERT", environment["SSL_CERT_FILE"])
    error = run_and_read_error(command, environment)
    if error and REFUSED in error.lower():
        error = run_and_read_error(command, environment | SYSTEM_CERTIFICATES)
    if error is None:
        return
    sys.stderr.write(error)
    sys.exit(f"\n{failing}{BEHIND_A_PROXY if REFUSED in error.lower() else ''}")


def run_and_read_error(command: tuple[str, ...], environment: dict[str, str]) -> str | None:
    """Run the command. Return its error output if it fails, or None if it succeeds."""
    process = subprocess.run(
        [*command, *list_quiet_options(command)],
        env=environment,
        cwd=ROOT,
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process.stderr if process.returncode else None


def list_quiet_options(command: tuple[str, ...]) -> list[str]:
    """Return the option that makes uv print less, or an empty list for another command."""
    return ["--quiet"] if "uv" in Path(command[0]).name else []


def write_line(text: str) -> None:
    """Print a line to stderr."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
