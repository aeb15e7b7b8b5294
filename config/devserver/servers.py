"""The addresses of the embedded servers. The settings read them in each process, without loading the code that starts
the servers.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

NAME = "tocsin"  # of the database and of its owner
NOWHERE = 1  # the port of servers that have never started


class ServerRecord:
    """The file `servers.json` of a folder, which only its owner can read. It contains the ports and the password of
    the embedded servers.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "servers.json"

    @property
    def database_url(self) -> str:
        record = self.read()
        return f"postgresql://{NAME}:{record['password']}@127.0.0.1:{record['postgres']}/{NAME}"

    @property
    def redis_url(self) -> str:
        record = self.read()
        return f"redis://:{record['password']}@127.0.0.1:{record['valkey']}/0"

    def read(self) -> dict[str, Any]:
        """Return the ports and the password. Before the first start, the ports are NOWHERE and the
        password is empty.
        """
        if not self.path.exists():
            return {"password": "", "postgres": NOWHERE, "valkey": NOWHERE}
        return dict(json.loads(self.path.read_text()))

    def write(self, **values: object) -> None:
        """Save these values beside the others, and create the password if there is none. The file is replaced
        atomically.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        record = self.read() | values
        record["password"] = record["password"] or secrets.token_urlsafe(24)
        new = self.path.with_suffix(f".{os.getpid()}")
        with open(new, "w", opener=open_for_owner) as file:
            json.dump(record, file)
        new.replace(self.path)


def open_for_owner(path: str, flags: int) -> int:
    """Open a file that only its owner can read. It is an `opener` for `open`."""
    return os.open(path, flags, mode=0o600)
