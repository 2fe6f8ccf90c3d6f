"""What a fresh machine relies on: the lock file, the Makefile, and that nothing phones home.

Belongs here: the files of the set-up, read and run as far as that installs nothing. Does not belong here: an
installation, which is what ran before these tests could.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from orchestration.cli import TELEMETRY_OFF
from orchestration.workspace import REPO

LOCK = (REPO / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = ("help", "run", "test", "test-deep", "ui", "lint", "lock", "clean")


def locked() -> dict[str, list[str]]:
    """The hashes of every `name==version [; marker]` of the lock file."""
    entries: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        head, *rest = [line.strip(" \\") for line in entry.splitlines()]
        entries[head] = rest
    return entries


def test_every_package_is_pinned_and_hashed() -> None:
    entries = locked()
    assert len(entries) > 100
    for head, hashes in entries.items():
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==\S+( ; .+)?$", head), head
        assert hashes, head
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), head


def test_the_lock_file_names_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"(?m)^\s*(-i|--index-url|--extra-index-url|--find-links|-e)\b", LOCK)


def test_the_lock_file_holds_what_the_project_asks_for() -> None:
    pinned: dict[str, set[Version]] = {}
    for head in locked():
        name, version = head.split(" ;")[0].split("==")
        pinned.setdefault(canonicalize_name(name.split("[")[0]), set()).add(Version(version))
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted += PROJECT["build-system"]["requires"]
    for text in wanted:
        requirement = Requirement(text)
        versions = pinned.get(canonicalize_name(requirement.name))
        assert versions, f"{text} is not in requirements.lock; run make lock"
        assert all(version in requirement.specifier for version in versions), text


def test_the_environment_is_the_locked_one() -> None:
    from importlib.metadata import version

    for name in ("dbt-core", "dbt-duckdb", "duckdb", "dagster", "pandas", "typer"):
        assert f"\n{name}=={version(name)} " in f"\n{LOCK}"


def _make(
    *arguments: str, cwd: Path = REPO, **environment: str
) -> subprocess.CompletedProcess[str]:
    # The variables of an outer make would have this one print where it goes.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    inherited.pop("MFLAGS", None)
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_the_targets_one_line_each() -> None:
    listed = _make()
    assert listed.returncode == 0
    lines = listed.stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(TARGETS)
    assert all(len(line) <= 120 for line in lines)
    assert listed.stdout == _make("help").stdout


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    """What set-up reads, in a folder without an environment, and a PATH on which no python will do."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(REPO / name, tmp_path / name)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "sed", "awk", "touch"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    return tmp_path


def test_without_a_fitting_python_set_up_says_what_is_needed(bare_copy: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "lint"],
        cwd=bare_copy,
        env={"PATH": str(bare_copy / "tools"), "found": "/from/outside"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Meterhouse needs Python 3.11 or 3.12" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (bare_copy / ".venv").exists()


def test_a_second_call_installs_nothing(bare_copy: Path) -> None:
    """With the stamp newer than lock file and project, set-up has no step; a changed lock file brings it back."""
    stamp = bare_copy / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()
    assert "up to date" in _make(".venv/.installed", cwd=bare_copy).stdout
    later = stamp.stat().st_mtime + 10
    os.utime(bare_copy / "requirements.lock", (later, later))
    planned = _make("--dry-run", ".venv/.installed", cwd=bare_copy).stdout
    assert "--require-hashes" in planned


def test_ci_runs_make_test_and_nothing_else() -> None:
    lines = (REPO / ".ci/run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]
    assert os.access(REPO / ".ci/run", os.X_OK)


def test_the_licence_is_there_and_named() -> None:
    text = (REPO / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"


def test_python_3_11_and_3_12_are_what_it_runs_on() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.13"
    assert (3, 11) <= sys.version_info < (3, 13)


def test_nothing_phones_home() -> None:
    """Off for dbt in the project and the environment, for Dagster in its settings, for GX in the environment."""
    dbt_project = yaml.safe_load((REPO / "dbt_project/dbt_project.yml").read_text("utf-8"))
    assert dbt_project["flags"]["send_anonymous_usage_stats"] is False
    dagster = yaml.safe_load((REPO / "orchestration/dagster.yaml").read_text("utf-8"))
    assert dagster["telemetry"]["enabled"] is False
    assert dagster["nux"]["enabled"] is False
    assert TELEMETRY_OFF["GX_ANALYTICS_ENABLED"] == "False"
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for name, value in TELEMETRY_OFF.items():
        assert f"export {name} := {value}\n" in makefile


def test_dagster_finds_the_definitions() -> None:
    tool = PROJECT["tool"]
    assert tool["dagster"]["module_name"] == "orchestration.definitions"
    assert tool["dg"]["project"]["code_location_target_module"] == "orchestration.definitions"
    assert (REPO / "orchestration/definitions.py").exists()
