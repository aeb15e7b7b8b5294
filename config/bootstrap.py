"""Makes .venv/ with what the requirements pin, from nothing but some Python 3. Run by the Makefile before anything.

Tocsin needs Python 3.12; this file does not, since it is what goes looking for it. It uses uv: the one on the
PATH, else one installed under .local/.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "made-of"
UV_HOME = ROOT / ".local" / "uv"
OLDEST = "3.12"
REQUIREMENTS = ROOT / "requirements-dev.txt"


def main() -> None:
    made_of = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == made_of and works(str(PYTHON), "--version"):
        return
    say("Environnement Python… (une minute la première fois)")
    uv = find_uv()
    if not PYTHON.exists() or not works(str(PYTHON), "-c", f"import sys; assert sys.version_info >= {minimum()}"):
        run(
            *uv,
            "venv",
            "--clear",
            "--python",
            f">={OLDEST}",
            str(VENV),
            failing=f"Il faut Python {OLDEST} ou plus récent.",
        )
    run(
        *uv,
        "pip",
        "sync",
        "--python",
        str(PYTHON),
        "--require-hashes",
        str(REQUIREMENTS),
        failing="Installation impossible.",
    )
    STAMP.write_text(made_of)
    say("Environnement Python… prêt")


def minimum() -> tuple[int, ...]:
    return tuple(int(part) for part in OLDEST.split("."))


def find_uv() -> list[str]:
    """uv on the PATH; else in an environment of its own; else, where Python has no venv, in a plain folder."""
    for uv in [["uv"], [str(UV_HOME / "bin" / "uv")]]:
        if works(*uv, "--version"):
            return uv
    if works(sys.executable, "-m", "venv", "--clear", str(UV_HOME)):
        run(str(UV_HOME / "bin" / "python"), "-m", "pip", "install", "-q", "uv", failing="uv ne s’installe pas.")
        return [str(UV_HOME / "bin" / "uv")]
    shutil.rmtree(UV_HOME, ignore_errors=True)
    run(
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


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(*command: str, failing: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    if subprocess.run([*command, *quiet(command)], env=environment, cwd=ROOT, check=False).returncode:
        sys.exit(f"\n{failing}")


def quiet(command: tuple[str, ...]) -> list[str]:
    return ["--quiet"] if "uv" in Path(command[0]).name else []


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
