"""One parse of the dbt project for all workspaces of a test run.

Belongs here: handing what dbt parsed for one warehouse to the next. Does not belong here: the product's own rule, by
which every workspace parses for itself. dbt would parse anew, because the path of the warehouse is a part of the
profile; no model reads it, and what dbt does with files that changed since is as ever.
"""

from __future__ import annotations

import ast
import os
import pprint
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from orchestration import dbt_runner
from orchestration.workspace import DBT_PROJECT, Workspace

_PARSE = "partial_parse.msgpack"
_MANIFEST = ("manifest.json", "manifest.digest")

_invoke = dbt_runner._invoke


class SharedParse:
    """Lets a workspace that dbt has not seen begin with the parse of the last one that it has."""

    def __init__(self) -> None:
        self._parsed: bytes | None = None
        self._profile_hash = ""

    def invoke(self, args: list[str]) -> dbt_runner.DbtResult:
        """`dbt_runner._invoke`, which gives dbt a parse before and takes it after."""
        if _named_in(args, "--project-dir") != str(DBT_PROJECT):
            return _invoke(args)
        file = Path(_named_in(args, "--target-path")) / _PARSE
        profile_hash = _hash_of_profile(os.environ["METERHOUSE_WAREHOUSE_FILE"])
        if self._parsed and not file.exists():
            # A hash of the same length: no byte around it moves.
            file.write_bytes(
                self._parsed.replace(self._profile_hash.encode(), profile_hash.encode())
            )
        try:
            return _invoke(args)
        finally:
            if not self._parsed and file.exists():
                self._parsed, self._profile_hash = file.read_bytes(), profile_hash
                assert self._parsed.count(profile_hash.encode()) == 1, "dbt hashes profiles anew"

    def patched(self) -> Any:
        """A context in which dbt shares its parse."""
        return patch.object(dbt_runner, "_invoke", self.invoke)


def _named_in(args: list[str], flag: str) -> str:
    return args[args.index(flag) + 1]


def _hash_of_profile(warehouse_file: str) -> str:
    """What dbt writes into its parse for the profile of a warehouse."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    profiles = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    profile = profiles["meterhouse"]["outputs"]["duckdb"]
    fields = {name: value for name, value in profile.items() if name not in ("type", "threads")}
    attached = ast.literal_eval(os.environ["METERHOUSE_ATTACHED"])
    credentials = DuckDBCredentials.from_dict(
        {**fields, "path": warehouse_file, "attach": attached}
    )
    info = sorted(credentials.connection_info())
    return sha256(pprint.pformat(info).encode()).hexdigest()


def carry_manifest(source: Workspace, copy: Workspace) -> None:
    """Let a copied warehouse, in which views stand as in the original, have the manifest that they were built by."""
    for name in _MANIFEST:
        file = source.target_path / name
        if file.exists():
            copy.target_path.mkdir(parents=True, exist_ok=True)
            (copy.target_path / name).write_bytes(file.read_bytes())
