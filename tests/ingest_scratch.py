"""A company that has nothing but usage files, for the tests of ingest.

Belongs here: one warehouse path for all of them, because dbt parses the project once per path. Does not belong here:
what any one test puts into the landing folder.
"""

from __future__ import annotations

import atexit
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest import IngestReport, ingest
from orchestration.ingest.run import Progress
from orchestration.migrate import init
from orchestration.workspace import Workspace
from tests.replayed_dbt import REPLAYED

MODIFIED_NS = 1_759_276_800_123_456_000  # 2025-10-01T00:00:00.123456Z


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="meterhouse-ingest-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = _workspace(folder).target_path
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    return folder


def _workspace(folder: Path) -> Workspace:
    return Workspace.resolve(
        catalog=folder / "catalog",
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        published=folder / "published",
    )


class Scratch:
    """An empty landing folder and a warehouse without a batch; the one before is gone."""

    # What dbt did for another scratch is repeated without it; not where a test meddles with dbt.
    repeats_dbt = True

    def __init__(self) -> None:
        self.ws = _workspace(_folder())
        shutil.rmtree(self.ws.landing, ignore_errors=True)
        shutil.rmtree(self.ws.warehouse, ignore_errors=True)
        self.ws.landing.mkdir()
        init(self.ws)

    def put(
        self, name: str, content: bytes | str | Iterable[Any], modified_ns: int = MODIFIED_NS
    ) -> Path:
        """Write a file of bytes, of text, or of lines: objects as JSON, texts as they are."""
        if not isinstance(content, bytes | str):
            lines = (line if isinstance(line, str) else json.dumps(line) for line in content)
            content = "".join(f"{line}\n" for line in lines)
        data = content.encode() if isinstance(content, str) else content
        file = self.ws.landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        os.utime(file, ns=(modified_ns, modified_ns))
        return file

    def metrics(self, version: str, metrics: Mapping[str, str | None]) -> None:
        """Load a catalog version of metrics only: their codes with the field that each sums, None for a count."""
        with duckdb.connect(str(self.ws.warehouse_file)) as con:
            con.execute(
                "insert into catalog.versions (catalog_version, version_number)"
                " select ?, count(*) + 1 from catalog.versions",
                [version],
            )
            con.executemany(
                "insert into catalog.billable_metrics (catalog_version, metric_code, field_name)"
                " values (?, ?, ?)",
                [(version, code, field_name) for code, field_name in metrics.items()],
            )

    def ingest(self, progress: Progress | None = None) -> IngestReport:
        """As `orchestration.ingest.ingest`."""
        repeating = REPLAYED.patched(self.ws.warehouse_file)
        with repeating if self.repeats_dbt else nullcontext():
            return ingest(self.ws, progress=progress)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.ws.warehouse_file)) as con:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(sql).fetchall()

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that ingest keeps, in a fixed order."""
        tables = self.rows(
            "select table_name from information_schema.tables where table_schema = 'landing'"
            " and (table_name like 'fct%' or table_name in ('batches', 'files', 'aggregated_batches',"
            " 'incoming_lines', 'incoming_files')) order by all"
        )
        return {name: self.rows(f"select * from landing.{name} order by all") for (name,) in tables}


def flat(event_id: str, /, **changes: Any) -> dict[str, Any]:
    """A good event in the flat shape, with some keys changed; a key that is None is left out."""
    event = {
        "transaction_id": event_id,
        "external_subscription_id": "sub_1",
        "code": "tokens",
        "timestamp": "2025-10-01T12:00:00Z",
        "properties": {"tokens": 5},
    }
    return {key: value for key, value in (event | changes).items() if value is not None}
