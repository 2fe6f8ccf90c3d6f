"""The digest of drafts: what counts in it, and what does not.

Belongs here: digests of rows made up here. Does not belong here: what the gate and publication do with them
(`test_gate`, `test_publish`).
"""

from __future__ import annotations

import duckdb
import pytest

from orchestration.publish.digest import rows_digest

LATER = ("metric_code", "units")


@pytest.mark.parametrize(
    ("rows", "is_as_before"),
    [("(1, null, null), (2, null, null)", True), ("(1, null, null), (2, 'gpu', 5)", False)],
)
def test_a_later_column_counts_where_it_says_something(rows: str, is_as_before: bool) -> None:
    """So that a close of an earlier release, computed again, has the digest that it was published with."""
    with duckdb.connect() as con:
        con.execute("create table before as select * from (values (1), (2)) as t (amount)")
        con.execute(
            f"create table now as select * from (values {rows}) as t (amount, metric_code, units)"
        )
        assert (rows_digest(con, "now", LATER) == rows_digest(con, "before")) == is_as_before


def test_the_order_of_rows_does_not_count_and_null_is_no_empty_text() -> None:
    with duckdb.connect() as con:
        for name, rows in (("a", "(''), ('x')"), ("b", "('x'), ('')"), ("c", "('x'), (null)")):
            con.execute(f"create table {name} as select * from (values {rows}) as t (text)")
        digests = [rows_digest(con, name) for name in ("a", "b", "c")]
    assert digests[0] == digests[1] != digests[2]
