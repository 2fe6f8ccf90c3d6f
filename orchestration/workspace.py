"""Where a company's folders are.

Belongs here: the four folders, the names of what lies in them, and how an option, an environment variable or a
default decides them. Does not belong here: opening, reading or locking anything (see `warehouse`).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
DBT_PROJECT = REPO / "dbt_project"
REFERENCE = REPO / "seeds" / "reference"

_DEFAULTS = {
    "catalog": REPO / "seeds",
    "landing": REPO / "var" / "landing",
    "warehouse": REPO / "var" / "warehouse",
    "published": REPO / "var" / "published",
}


@dataclass(frozen=True)
class Workspace:
    """The folders of one company: `catalog`, `landing`, `warehouse` and `published`, all absolute.

    `production` is the warehouse file that a scratch warehouse reads its inputs from; None for a company's own.
    """

    catalog: Path
    landing: Path
    warehouse: Path
    published: Path
    production: Path | None = None

    @classmethod
    def resolve(
        cls,
        catalog: Path | None = None,
        landing: Path | None = None,
        warehouse: Path | None = None,
        published: Path | None = None,
    ) -> Workspace:
        """Take each folder from the argument, else from `METERHOUSE_<NAME>`, else from the repository's default."""
        given = {
            "catalog": catalog,
            "landing": landing,
            "warehouse": warehouse,
            "published": published,
        }
        folders = {
            name: Path(value or os.environ.get(f"METERHOUSE_{name.upper()}") or _DEFAULTS[name])
            for name, value in given.items()
        }
        return cls(**{name: folder.expanduser().resolve() for name, folder in folders.items()})

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file; its name is fixed because it is the database's name in every model."""
        return self.warehouse / "warehouse.duckdb"

    def scratch(self, purpose: str) -> Workspace:
        """A warehouse beside this one, named by its `purpose`, that reads this one's inputs and never writes them."""
        folder = self.warehouse / purpose
        return replace(
            self, warehouse=folder, published=folder / "published", production=self.warehouse_file
        )

    @property
    def lock_file(self) -> Path:
        return self.warehouse / "warehouse.lock"

    @property
    def target_path(self) -> Path:
        """dbt's target folder: one per warehouse, because another warehouse path re-parses the project."""
        key = hashlib.sha256(str(self.warehouse).encode()).hexdigest()[:12]
        return REPO / "var" / "target" / key

    @property
    def dagster_home(self) -> Path:
        """`DAGSTER_HOME`, else a folder beside the warehouse: the history of runs belongs to the warehouse."""
        return Path(os.environ.get("DAGSTER_HOME") or self.warehouse / "dagster").resolve()
