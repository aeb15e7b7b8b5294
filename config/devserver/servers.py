"""The addresses of the embedded servers. The settings and the supervisor read them, without loading the code that
starts the servers.
"""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from config.database.roles import APPLICATION, OWNER

NAME = "tocsin"  # of the database and of the superuser of its server
NOWHERE = 1  # the port of servers that have never started
SERVERS = ("postgres", "valkey")


class ServerRecord:
    """The file `servers.json` of a folder, which only its owner can read. It contains the ports and the passwords
    of the embedded servers.
    """

    # Of Valkey and of the superuser of PostgreSQL, then of the two roles with which processes connect.
    passwords = ("password", f"{OWNER}_password", f"{APPLICATION}_password")

    def __init__(self, home: Path) -> None:
        self.path = home / "servers.json"

    @property
    def database_url(self) -> str:
        return self.make_database_url(APPLICATION)

    @property
    def owner_url(self) -> str:
        return self.make_database_url(OWNER)

    def make_database_url(self, role: str, database: str = NAME) -> str:
        """Return the URL of a database for OWNER or APPLICATION."""
        record = self.read()
        return f"postgresql://{role}:{record[f'{role}_password']}@127.0.0.1:{record['postgres']}/{database}"

    @property
    def redis_url(self) -> str:
        record = self.read()
        return f"redis://:{record['password']}@127.0.0.1:{record['valkey']}/0"

    def list_silent_servers(self) -> list[str]:
        """Return the names of the servers on whose port nothing listens."""
        record = self.read()
        return [name for name in SERVERS if record[name] == NOWHERE or is_port_free(record[name])]

    def read(self) -> dict[str, Any]:
        """Return the ports and the passwords. Before the first start, the ports are NOWHERE and the passwords are
        empty.
        """
        unknown = dict.fromkeys(self.passwords, "") | dict.fromkeys(SERVERS, NOWHERE)
        return unknown | (json.loads(self.path.read_text()) if self.path.exists() else {})

    def write(self, **values: object) -> None:
        """Save these values beside the others, and create the passwords that are missing. The file is replaced
        atomically.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        record = self.read() | values
        record |= {name: record[name] or secrets.token_urlsafe(24) for name in self.passwords}
        new = self.path.with_suffix(f".{os.getpid()}")
        with open(new, "w", opener=open_for_owner) as file:
            json.dump(record, file)
        new.replace(self.path)


def open_for_owner(path: str, flags: int) -> int:
    """Open a file that only its owner can read. It is an `opener` for `open`."""
    return os.open(path, flags, mode=0o600)


def is_port_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
