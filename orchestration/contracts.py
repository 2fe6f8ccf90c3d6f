"""The tables' contracts and the project's variables, read from the dbt project's YAML, where each stands once.

Belongs here: finding the YAML and turning it into plain data, without importing dbt (which costs seconds). Does not
belong here: creating tables from contracts (`migrate`) and validating rows against them (`catalog`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.workspace import DBT_PROJECT

MODELS = DBT_PROJECT / "models"
# The same YAML, read by C where PyYAML has it: the project's files take seconds otherwise.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class ColumnContract:
    """One column. `data_type` is DuckDB's word in lower case; `meta` holds required, allowed, minimum, references …"""

    name: str
    data_type: str
    description: str
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableContract:
    """One table. `is_source` tells a dbt source from a model; `meta` is the table's `config.meta`."""

    schema: str
    name: str
    description: str
    columns: tuple[ColumnContract, ...]
    meta: Mapping[str, Any]
    is_source: bool
    materialized: str = ""

    @property
    def full_name(self) -> str:
        """`schema.table`, as SQL names it."""
        return f"{self.schema}.{self.name}"


@lru_cache(maxsize=4)
def load_contracts(models: Path = MODELS) -> Mapping[str, TableContract]:
    """Every source table and model of the dbt project by `schema.table`.

    A model's schema is the folder of its stage. Columns keep the order of the YAML.

    Example:
        >>> load_contracts()["control.run"].columns[0].name
        'run_kind'
    """
    contracts: dict[str, TableContract] = {}
    for file in sorted(models.rglob("*.yml")):
        document = _read(file)
        stage = file.relative_to(models).parts[0]
        for contract in (*_sources(document), *_models(document, stage)):
            contracts[contract.full_name] = contract
    return contracts


@lru_cache(maxsize=1)
def project_vars() -> Mapping[str, Any]:
    """The variables of dbt_project.yml, by name.

    Example:
        >>> project_vars()["custom_aggregations"]
        ['tiers_by_property']
    """
    return _read(DBT_PROJECT / "dbt_project.yml")["vars"]


def _read(file: Path) -> dict[str, Any]:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER) or {}


def _sources(document: Mapping[str, Any]) -> Iterator[TableContract]:
    for source in document.get("sources", ()):
        for table in source.get("tables", ()):
            yield _contract(source.get("schema", source["name"]), table, is_source=True)


def _models(document: Mapping[str, Any], stage: str) -> Iterator[TableContract]:
    for model in document.get("models", ()):
        yield _contract(stage, model, is_source=False)


def _contract(schema: str, node: Mapping[str, Any], *, is_source: bool) -> TableContract:
    config = node.get("config", {})
    columns = tuple(
        ColumnContract(
            column["name"],
            str(column.get("data_type", "")).lower(),
            column.get("description", ""),
            column.get("config", {}).get("meta", {}),
        )
        for column in node.get("columns", ())
    )
    return TableContract(
        schema,
        node["name"],
        node.get("description", ""),
        columns,
        config.get("meta", {}),
        is_source,
        config.get("materialized", ""),
    )
