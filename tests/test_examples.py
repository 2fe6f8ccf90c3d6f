"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from orchestration.workspace import REPO

FOLDERS = ("orchestration", "tests/oracle", "tests/cases")


def module_name(file: Path) -> str:
    parts = file.relative_to(REPO).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = [
    module_name(file)
    for folder in FOLDERS
    for file in sorted((REPO / folder).rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
