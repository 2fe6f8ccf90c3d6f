"""Which columns of a table are an event's own, by shape.

Belongs here: reading that from the dbt project, where the shapes stand. Does not belong here: what the shapes mean;
each is a model `stg_incoming__<name>`, and adding one needs no change here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from orchestration.contracts import load_contracts, project_vars

PROPERTIES = "properties"


@dataclass(frozen=True)
class TableShape:
    """A shape that rows of a table may have: the columns that mark it, all columns of its own, and where others go.

    `properties` is the column that holds a JSON object of properties, and the key under which other columns stand.
    """

    name: str
    markers: frozenset[str]
    columns: frozenset[str]
    properties: str


@dataclass(frozen=True)
class OwnColumns:
    """The columns of one table that are the event's own, and the key of its properties."""

    columns: frozenset[str]
    properties: str


@lru_cache(maxsize=1)
def table_shapes() -> tuple[TableShape, ...]:
    """The shapes of the dbt var `event_shapes` that tables may have, in the order in which they first occur there."""
    contracts = load_contracts()
    markers: dict[str, set[str]] = {}
    for shape in project_vars()["event_shapes"]:
        markers.setdefault(shape["name"], set()).add(shape["marker"])
    shapes = []
    for name, marked_by in markers.items():
        meta = contracts[f"landing.stg_incoming__{name}"].meta
        columns = frozenset(meta.get("table_columns", ()))
        if columns:
            properties = meta.get("table_properties", PROPERTIES)
            shapes.append(TableShape(name, frozenset(marked_by), columns, properties))
    return tuple(shapes)


def own_columns(names: Collection[str]) -> OwnColumns:
    """The columns of a table that are the event's own; all others are its properties.

    Of the shapes of which a marker is a column, the one with most columns that only it has; of equals the last, which
    is the most general. A table of no shape keeps all its columns, and its rows are rejected for what they are.

    Example:
        >>> sorted(own_columns(["code", "transaction_id", "tokens"]).columns)
        ['code', 'transaction_id']
    """
    present = frozenset(names)
    shapes = [shape for shape in reversed(table_shapes()) if shape.markers & present]

    def telling(shape: TableShape) -> int:
        others = frozenset().union(*(other.columns for other in shapes if other is not shape))
        return len((shape.columns - others) & present)

    best = max(shapes, key=telling, default=None)
    if best is None:
        return OwnColumns(present, PROPERTIES)
    return OwnColumns(best.columns & present, best.properties)
