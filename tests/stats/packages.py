"""A published package, unpacked and verified as a reader does."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from django.test import Client

RELEASES = "/statistiques/publications/"
HOME = f"{RELEASES}5/"
ARCHIVE = "tocsin-publication-5.zip"


def unpack(client: Client, path: str, folder: Path) -> Path:
    zipfile.ZipFile(io.BytesIO(client.get(path).content)).extractall(folder)
    return folder


def verify(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the verification program as a reader does, with none of our code on its path."""
    run = command or (sys.executable, "-I", "verify.py")
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
