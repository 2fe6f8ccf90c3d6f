"""The digest of drafts: what counts in it, and what does not.

Belongs here: digests of rows made up here. Does not belong here: what the gate and publication do with them
(`test_gate`, `test_publish`).
"""

from __future__ import annotations

import duckdb

from orchestration.contracts import load_contracts
from orchestration.publish.digest import rows_digest
from orchestration.publish.tables import DRAFTS, LATER_COLUMNS


def test_a_column_that_older_releases_had_not_leaves_their_digest_alone() -> None:
    """So that a close of an earlier release, computed again, has the digest that it was published with."""
    with duckdb.connect() as con:
        con.execute("create table before as select * from (values (1), (2)) as t (amount)")
        con.execute(
            "create table now as select * from (values (1, 'gpu', 5), (2, null, null)) as t (amount, code, units)"
        )
        before = rows_digest(con, "before")
        assert rows_digest(con, "now", ("code", "units")) == before
        assert rows_digest(con, "now", ("units",)) != before != rows_digest(con, "now")


def test_the_drafts_of_a_close_have_every_later_column() -> None:
    contracts = load_contracts()
    for table, columns in LATER_COLUMNS.items():
        assert set(columns) <= {column.name for column in contracts[DRAFTS[table]].columns}


def test_the_order_of_rows_does_not_count_and_null_is_no_empty_text() -> None:
    with duckdb.connect() as con:
        for name, rows in (("a", "(''), ('x')"), ("b", "('x'), ('')"), ("c", "('x'), (null)")):
            con.execute(f"create table {name} as select * from (values {rows}) as t (text)")
        digests = [rows_digest(con, name) for name in ("a", "b", "c")]
    assert digests[0] == digests[1] != digests[2]
