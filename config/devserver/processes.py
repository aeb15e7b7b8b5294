"""Functions that stop our processes. They ask a process to end, wait, then force it."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE_SECONDS = 10


def stop_group(group: int, folder: Path) -> None:
    """Stop the members of a process group that run in this folder. Other processes are left alone, because the number
    of the group may have been reused.
    """
    members = [process for process in psutil.process_iter() if is_in_group(process, group, folder)]
    for signal_number in [signal.SIGTERM, signal.SIGKILL]:
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal_number)
        members = wait_for_end(members, PATIENCE_SECONDS)


def is_in_group(process: psutil.Process, group: int, folder: Path) -> bool:
    """Tell whether the process belongs to this process group and runs in this folder."""
    try:
        return os.getpgid(process.pid) == group and Path(process.cwd()) == folder
    except (OSError, psutil.Error):
        return False


def stop_process(pid: int, first_signal: signal.Signals) -> None:
    """Send `first_signal` to a process, then SIGQUIT if it does not end in time. SIGQUIT ends PostgreSQL at once
    without corrupting its data.
    """
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for sent_signal in [first_signal, signal.SIGQUIT]:
            process.send_signal(sent_signal)
            if not wait_for_end([process], 3 * PATIENCE_SECONDS):
                return


def wait_for_end(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for these processes to end, for `seconds` at most. Return those that have not ended."""
    deadline = time.monotonic() + seconds
    while (living := [process for process in processes if is_living(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return living


def is_living(process: psutil.Process) -> bool:
    """Tell whether the process runs. A zombie does not run, but stays for ever if process 1 of a container does not
    collect it.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
