"""`make run`: starts all of Tocsin on one machine, keeps it running, and stops it on Ctrl-C.

  PostgreSQL, Valkey → schema, lists, demonstration → web, two workers, beat → one block with the addresses to open

The pids of its processes are written in .local/run.json, so that the next start after a kill -9 stops the processes
that remain.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from types import FrameType
from typing import IO

from config.devserver.processes import stop_group
from config.devserver.progress import print_progress, report_step
from config.devserver.servers import ServerRecord, is_port_free
from config.queues import HEAVY, URGENT

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
CHILDREN = LOCAL / "run.json"
THREADS = 8
START_SECONDS = 60
CELERY = [sys.executable, "-m", "celery", "-A", "config.celery"]
CLOCK = [sys.executable, "-m", "celery", "-A", "config.clock", "beat"]

READY = """
──────────────────────────────────────────────────────────────
  Tocsin est prêt : http://localhost:{port}
  (démonstration : tous les cas et tous les chiffres sont inventés)

  Comptes, sur http://localhost:{port}/connexion/ :
{accounts}
    codes du moment : http://localhost:{port}/demonstration/

  Chiffres publics, arrondis et vérifiés :
    http://localhost:{port}/statistiques/
  Mails, lus ici et envoyés nulle part : http://localhost:{port}/mails/
  Journaux : .local/*.log    Arrêter : Ctrl-C
──────────────────────────────────────────────────────────────
"""


class StartRefused(Exception):
    """The start cannot continue. The message tells the user what to do."""


class Child:
    """One process of ours, in a group of its own, started again when it dies.

    All children share one session. Linux may first share the processor between sessions, and `nice` then counts only
    inside each of them (man 7 sched, autogroup).
    """

    def __init__(self, name: str, command: list[str], **environment: str) -> None:
        self.name = name
        self.command = command
        self.environment = os.environ | environment
        self.log = LOCAL / f"{name}.log"
        self.started_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, process_group=0
            )
        self.started_at = time.monotonic()

    def revive(self) -> None:
        """Start the process again if it has ended. This happens at most once in two seconds, so that a process that
        cannot start does not use all the CPU.
        """
        if self.process and self.process.poll() is not None and time.monotonic() - self.started_at > 2:
            print_progress(f"  {self.name} s’est arrêté (voir {self.log.relative_to(ROOT)}) : il redémarre")
            stop_group(self.process.pid, ROOT)  # its children may still run
            self.start()

    def stop(self) -> None:
        if self.process:
            stop_group(self.process.pid, ROOT)
            self.process.wait()


class Supervisor:
    """Starts all of Tocsin, keeps it running, and stops it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stopping = False
        self.servers = None if {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys() else ServerRecord(LOCAL)
        self.preparation: subprocess.Popen[str] | None = None
        self.children = [
            Child("web", [*make_granian_command(port), "config.asgi:application"], DATABASE_POOL=str(THREADS)),
            Child("urgent", make_worker_command(URGENT)),
            Child("worker", ["nice", "-n", "19", *make_worker_command(HEAVY)]),
            Child("beat", [*CLOCK, "-l", "WARNING", "-s", str(LOCAL / "beat"), "--pidfile="]),
        ]

    def run(self) -> None:
        """Start everything, keep it running until a signal asks to stop, then stop everything."""
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
            signal.signal(number, self.handle_stop_signal)
        try:
            self.start()
            while not self.stopping:
                time.sleep(0.5)
                self.keep_alive()
        finally:
            self.stop()

    def start(self) -> None:
        """Start the servers, prepare the database, start the children, then print the ready block."""
        if self.servers:
            self.start_servers()
        accounts = self.run_module("config.devserver.prepare", failure="La base n’a pas pu être préparée")
        with report_step("Site, ouvriers, horloge"):
            for child in self.children:
                child.start()
                self.save_pids()
            self.wait_for_the_site()
        print_progress(READY.format(port=self.port, accounts=indent(accounts.rstrip(), "    ")))

    def start_servers(self) -> None:
        """Start the embedded servers that do not run. Another process does it, because the drivers of PostgreSQL and
        Valkey take 15 MB, which this process would keep.
        """
        self.run_module("config.devserver.embedded", "start", failure="Les serveurs ne démarrent pas")

    def run_module(self, *module: str, failure: str) -> str:
        """Run a module to its end, and return the text that it wrote to stdout. Raises StartRefused if it fails."""
        self.preparation = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.save_pids()
        output, _ = self.preparation.communicate()
        if self.preparation.returncode:
            raise StartRefused(f"{failure} (voir ci-dessus).")
        return output

    def wait_for_the_site(self) -> None:
        """Wait until the site answers. Raises StartRefused if the process of the site ends first, or if START_SECONDS
        pass.
        """
        web = self.children[0]
        deadline = time.monotonic() + START_SECONDS
        while not is_answering(self.port):
            if web.process is None or web.process.poll() is not None or time.monotonic() > deadline:
                raise StartRefused(f"Le site ne démarre pas :\n{web.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def keep_alive(self) -> None:
        """Start each server and each child again if it has stopped."""
        if self.servers and self.servers.list_silent_servers():
            print_progress("  Un serveur s’est arrêté\N{NO-BREAK SPACE}: il redémarre")
            self.start_servers()
        for child in self.children:
            child.revive()
        self.save_pids()

    def save_pids(self) -> None:
        """Save the pids of the processes. The file is replaced atomically, so that a kill never leaves half of it."""
        processes = [self.preparation, *(child.process for child in self.children)]
        new = CHILDREN.with_suffix(".new")
        new.write_text(json.dumps([process.pid for process in processes if process and process.returncode is None]))
        new.replace(CHILDREN)

    def handle_stop_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt at the first signal. Ignore later signals, because Tocsin is stopping."""
        if self.stopping:
            return
        self.stopping = True
        raise KeyboardInterrupt

    def stop(self) -> None:
        self.stopping = True
        print_progress("\n  Arrêt…")
        if self.preparation and self.preparation.returncode is None:
            stop_group(self.preparation.pid, ROOT)
        for child in reversed(self.children):
            child.stop()
        CHILDREN.unlink(missing_ok=True)
        stop_servers = [sys.executable, "-m", "config.devserver.embedded", "stop"]
        if self.servers and subprocess.run(stop_servers, check=False, cwd=ROOT, start_new_session=True).returncode:
            print_progress("  Un serveur ne s’arrête pas (voir ci-dessus).")
            return
        print_progress("  Tout est arrêté. Les données restent dans .local/.")


def make_granian_command(port: int) -> list[str]:
    """Return the command of the web server Granian."""
    return [
        *[sys.executable, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)],
        *["--workers", "1", "--respawn-failed-workers", "--no-ws"],
        *["--log-level", "warning"],
    ]


def make_worker_command(queue: str) -> list[str]:
    """Return the command of the worker of one queue."""
    name = ["-Q", queue, "-n", f"{queue}@%h"]
    return [*CELERY, "worker", *name, "-l", "WARNING", "-c", "1", "--without-gossip", "--without-mingle"]


def is_answering(port: int) -> bool:
    """Tell whether the site answers a request, even with an error. This process keeps no client of HTTP, which would
    take 4 MB.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /sante/vivant/ HTTP/1.0\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def stop_leftover_processes() -> None:
    """Stop the processes that an earlier run left. They are in the recorded process groups, and run in this folder."""
    if CHILDREN.exists():
        for group in json.loads(CHILDREN.read_text()):
            stop_group(group, ROOT)
        CHILDREN.unlink()


def choose_port() -> int:
    """Return the port that PORT names, or 8000. Raises StartRefused if PORT does not name a valid port.

    Raises StartRefused too if the port is in use on any address of localhost, because the browser could then reach
    another site.
    """
    port_text = os.environ.get("PORT") or "8000"
    if not port_text.isdecimal() or not 1024 <= int(port_text) <= 65535:
        raise StartRefused(f"PORT={port_text} n’est pas un port : donnez un nombre entre 1024 et 65535.")
    port = int(port_text)
    with suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        raise make_port_error(port)
    if not is_port_free(port):
        raise make_port_error(port)
    return port


def make_port_error(port: int) -> StartRefused:
    return StartRefused(f"Le port {port} est déjà pris. Choisissez-en un autre : make run PORT={port + 1}")


def lock_run() -> IO[str]:
    """Lock .local/ until this process ends, however it ends. Return the open lock file. Raises StartRefused if another
    run has locked it, or if another user owns it.
    """
    try:
        LOCAL.mkdir(exist_ok=True)
        lock = (LOCAL / "run.lock").open("w")
    except PermissionError:
        raise StartRefused(f"{LOCAL} appartient à un autre utilisateur : démarrez Tocsin sous son compte.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartRefused(
            "Tocsin tourne déjà depuis ce dossier : arrêtez-le d’abord (Ctrl-C dans son terminal)."
        ) from None
    return lock


def main() -> None:
    """Run Tocsin until Ctrl-C, after stopping what an earlier run left."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        with lock_run():
            stop_leftover_processes()
            Supervisor(choose_port()).run()
    except KeyboardInterrupt:
        sys.exit(0)
    except StartRefused as refusal:
        sys.exit(f"\n{refusal}")


if __name__ == "__main__":
    main()
