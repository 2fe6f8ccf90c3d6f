"""What finance reads: the same rows in views, Parquet and finance.duckdb, whatever a crash left behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.close_run import published_run, set_run_of
from orchestration.errors import Refused
from orchestration.publish import publish, sync_published
from orchestration.publish.tables import finance_tables
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.small_company import FIRST_CLOSE, SECOND_CLOSE, clock, published_bytes, small_company  # noqa: F401

# Made of different table rows physically, equal by content.
TABLES = [contract.name for contract in finance_tables()]


@pytest.fixture(scope="module")
def twice_closed(small_company: ClosedCompany, tmp_path_factory) -> ClosedCompany:  # noqa: F811
    """The small company after its second close; tests leave it as they find it."""
    company = small_company.copy(tmp_path_factory.mktemp("twice"))
    with duckdb.connect(
        str(company.workspace.published / "finance.duckdb"), read_only=True
    ) as reader:
        close_through(company.workspace, SECOND_CLOSE, clock=clock)
        # A reader that had the file open through the swap goes on reading the old state.
        assert reader.execute("select count(*) from publications").fetchone() == (1,)
    return company


def contents(company: ClosedCompany) -> dict[str, list]:
    return {table: sorted(company.finance(f"from {table}"), key=repr) for table in TABLES}


def test_views_and_published_tables_have_the_columns_of_their_contract(twice_closed) -> None:
    for contract in finance_tables():
        expected = [
            (column.name, column.data_type.replace("text", "varchar").upper().replace(" ", ""))
            for column in contract.columns
        ]
        view = twice_closed.warehouse(f"describe finance.{contract.name}")
        table = twice_closed.finance(f"describe {contract.name}")
        assert [(row[0], row[1]) for row in view] == expected, contract.name
        assert [(row[0], row[1]) for row in table] == expected, contract.name


def test_views_and_published_tables_have_the_same_rows(twice_closed) -> None:
    for table in TABLES:
        view = sorted(twice_closed.warehouse(f"from finance.{table}"), key=repr)
        assert view == sorted(twice_closed.finance(f"from {table}"), key=repr), table


def test_parquet_files_of_all_publications_add_up_to_the_tables(twice_closed) -> None:
    folder = twice_closed.workspace.published / "parquet"
    for contract in finance_tables():
        if contract.meta["publish"]["rows"] in ("added", "moved"):
            with duckdb.connect() as con:
                files = con.execute(
                    f"from read_parquet('{folder}/{contract.name}/*.parquet')"
                ).fetchall()
            published = twice_closed.finance(f"from {contract.name}")
            assert sorted(files, key=repr) == sorted(published, key=repr), contract.name


def test_numbers_go_on_without_a_gap_and_due_dates_follow_the_terms(twice_closed) -> None:
    rows = twice_closed.finance(
        "select invoice_number, close_date, due_date - issue_date from invoices order by 1"
    )
    assert [row[0] for row in rows] == [f"US-{n:06}" for n in range(1, len(rows) + 1)]
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert {row[2] for row in rows} == {30}


def test_publications_form_a_chain(twice_closed) -> None:
    rows = twice_closed.finance(
        "select previous_publication_hash, publication_hash from publications order by publication_sequence"
    )
    assert rows[0][0] == ""
    assert rows[1][0] == rows[0][1] != rows[1][1]


@pytest.mark.parametrize("damage", ["missing", "broken", "older", "another shape"])
def test_a_damaged_finance_file_is_made_whole(twice_closed, tmp_path: Path, damage: str) -> None:
    company = twice_closed.copy(tmp_path)
    file = company.workspace.published / "finance.duckdb"
    whole = contents(company)
    if damage == "missing":
        file.unlink()
    elif damage == "broken":
        file.write_bytes(b"not a database")
    elif damage == "older":
        with duckdb.connect(str(file)) as con:
            for table in TABLES:
                con.execute(f"delete from {table}")
    else:
        with duckdb.connect(str(file)) as con:
            con.execute("alter table invoices drop column metadata")
    assert sync_published(company.workspace)
    assert contents(company) == whole
    assert not sync_published(company.workspace)


def test_the_log_of_a_killed_publication_is_not_played_back(
    small_company: ClosedCompany,  # noqa: F811
    twice_closed: ClosedCompany,
    tmp_path: Path,
) -> None:
    """Killed between commit and swap: the copy's log holds the second close, and would add it once more."""
    company = twice_closed.copy(tmp_path)
    file = company.workspace.published / "finance.duckdb"
    whole = contents(company)
    part, log = file.with_suffix(".part"), file.with_name("finance.part.wal")
    for place in (file, part):
        shutil.copyfile(small_company.workspace.published / "finance.duckdb", place)
    with duckdb.connect(str(part)) as con:
        con.execute("pragma disable_checkpoint_on_shutdown")
        con.execute(
            f"attach '{twice_closed.workspace.published / 'finance.duckdb'}' as later (read_only)"
        )
        for table in ("invoices", "publications"):
            con.execute(
                f"insert into {table} from later.{table} where close_date = '{SECOND_CLOSE}'"
            )
    assert log.stat().st_size > 0
    assert sync_published(company.workspace)
    assert contents(company) == whole
    assert not log.exists()


def test_lost_parquet_files_come_back_to_the_byte(twice_closed, tmp_path: Path) -> None:
    company = twice_closed.copy(tmp_path)
    before = published_bytes(company)
    shutil.rmtree(company.workspace.published / "parquet")
    assert sync_published(company.workspace)
    assert published_bytes(company) == before


def test_a_file_made_again_has_the_same_bytes_whatever_was_stored_later(
    twice_closed, tmp_path: Path
) -> None:
    """Columns that held no NULL when a file was first written, and hold one now, are encoded as before."""
    company = twice_closed.copy(tmp_path)
    before = published_bytes(company)
    shutil.rmtree(company.workspace.published / "parquet")
    with connect(company.workspace) as con:
        for (table,) in con.execute(
            "select table_name from information_schema.columns "
            "where table_schema = 'issued' and column_name = 'publication_sequence' and table_name <> 'publications'"
        ).fetchall():
            con.execute(f"insert into issued.{table} by name select 99 as publication_sequence")
    assert sync_published(company.workspace)
    assert published_bytes(company) == before


def test_orphans_of_a_publication_without_its_row_are_not_seen(
    twice_closed, tmp_path: Path
) -> None:
    company = twice_closed.copy(tmp_path)
    before = company.warehouse("select count(*) from finance.invoices")
    with connect(company.workspace) as con:
        con.execute(
            "insert into issued.invoices by name select 99 as publication_sequence, 'US-000099' as invoice_number"
        )
    assert company.warehouse("select count(*) from finance.invoices") == before


def test_the_published_file_is_readable_by_old_clients(twice_closed) -> None:
    """Storage version v1.0.0 is number 64 in the file's header."""
    header = (twice_closed.workspace.published / "finance.duckdb").read_bytes()[:16]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:16], "little") == 64


def test_the_same_drafts_are_never_published_twice(twice_closed, tmp_path: Path) -> None:
    company = twice_closed.copy(tmp_path)
    with connect(company.workspace) as con:
        run = published_run(con, SECOND_CLOSE)
        set_run_of(con, run)
    before = published_bytes(company)
    with pytest.raises(
        Refused, match="2025-12-01 already is, and a published document never changes"
    ):
        publish(company.workspace, run)
    assert published_bytes(company) == before


def test_drafts_of_another_run_are_not_published(twice_closed, tmp_path: Path) -> None:
    company = twice_closed.copy(tmp_path)
    with connect(company.workspace) as con:
        run = published_run(con, SECOND_CLOSE)
        set_run_of(con, published_run(con, FIRST_CLOSE))
    with pytest.raises(Refused, match="holds the drafts of another run"):
        publish(company.workspace, run)


def test_a_close_repeated_from_a_copy_gives_the_same_files(
    small_company: ClosedCompany,  # noqa: F811
    twice_closed: ClosedCompany,
    tmp_path: Path,
) -> None:
    again = small_company.copy(tmp_path)
    close_through(again.workspace, SECOND_CLOSE, clock=clock)
    parquet = {
        name: data for name, data in published_bytes(again).items() if name.endswith(".parquet")
    }
    assert parquet == {
        name: data
        for name, data in published_bytes(twice_closed).items()
        if name.endswith(".parquet")
    }
    assert contents(again) == contents(twice_closed)
