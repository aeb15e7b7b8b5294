"""The commands of README.md that write the secrets of an installation, run as they stand there."""

import os
import subprocess

import pytest
import yaml

from tests.backend import ROOT

README = (ROOT / "README.md").read_text()
SECRETS = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"])
INSTALL, CHANGE_ROLES = "    mkdir -m 700 secrets\n", "       for secret in owner_password app_password"
OPENSSL = "#!/bin/sh\necho new\n"


def run_commands(first, folder, shell="sh"):
    """Run the block of commands that begins with this line. Return the text of each secret."""
    program = folder / "openssl"
    program.write_text(OPENSSL)
    program.chmod(0o700)
    commands = README[README.index(first) :].partition("\n\n")[0]
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run([shell, "-c", commands], cwd=folder, env=environment, check=False, timeout=60, capture_output=True)
    return {path.name: path.read_text().strip() for path in (folder / "secrets").iterdir()}


def test_an_installation_has_each_of_its_secrets(tmp_path):
    secrets = run_commands(INSTALL, tmp_path)
    assert {*secrets} == SECRETS
    assert all(secrets.values())
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o644}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_commands_of_an_installation_overwrite_no_secret(tmp_path, shell):
    (tmp_path / "secrets").mkdir()
    for name in SECRETS:
        (tmp_path / "secrets" / name).write_text("former")
    assert {*run_commands(INSTALL, tmp_path, shell).values()} == {"former"}


def test_an_installation_that_had_one_role_changes_the_passwords_of_its_database_alone(tmp_path):
    (tmp_path / "secrets").mkdir()
    for name in SECRETS - {"owner_password", "app_password"}:
        (tmp_path / "secrets" / name).write_text("former")
    secrets = run_commands(CHANGE_ROLES, tmp_path)
    assert {*secrets} == SECRETS
    changed = {name for name, secret in secrets.items() if secret != "former"}
    assert changed == {"postgres_password", "owner_password", "app_password"}
    assert {(tmp_path / "secrets" / name).stat().st_mode & 0o777 for name in changed} == {0o644}
