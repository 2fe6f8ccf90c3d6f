"""Which columns of a table are an event's own, by shape.

Belongs here: reading that from the dbt project, where the shapes stand. Does not belong here: what the shapes mean;
each is a model `stg_incoming__<name>`, and adding one needs no change here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import yaml

from orchestration.contracts import load_contracts
from orchestration.workspace import DBT_PROJECT


@dataclass(frozen=True)
class TableShape:
    """A shape that rows of a table may have: the column that marks it, and all columns of its own."""

    name: str
    marker: str
    columns: frozenset[str]


@lru_cache(maxsize=1)
def table_shapes() -> tuple[TableShape, ...]:
    """The shapes of the dbt var `event_shapes` that tables may have, in its order."""
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    contracts = load_contracts()
    shapes = []
    for shape in project["vars"]["event_shapes"]:
        model = contracts[f"landing.stg_incoming__{shape['name']}"]
        columns = frozenset(model.meta.get("table_columns", ()))
        if columns:
            shapes.append(TableShape(shape["name"], shape["marker"], columns))
    return tuple(shapes)


def own_columns(names: Collection[str]) -> frozenset[str]:
    """The columns of a table that are the event's own; all others are its properties.

    Of the shapes whose marker is a column, the one with most columns that only it has; of equals the last, which is
    the most general. A table of no shape keeps all its columns, and its rows are rejected for what they are.

    Example:
        >>> sorted(own_columns(["code", "transaction_id", "tokens"]))
        ['code', 'transaction_id']
    """
    present = frozenset(names)
    shapes = [shape for shape in reversed(table_shapes()) if shape.marker in present]

    def telling(shape: TableShape) -> int:
        others = frozenset().union(*(other.columns for other in shapes if other is not shape))
        return len((shape.columns - others) & present)

    best = max(shapes, key=telling, default=None)
    return present if best is None else best.columns & present
