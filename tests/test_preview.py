"""What the next invoices would say, and that a preview changes nothing of production."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration import preview as previews
from orchestration.cli import app
from orchestration.dbt_runner import DbtResult, preview_check_args, run_dbt
from orchestration.errors import BadInput
from orchestration.look import preview as look
from orchestration.preview import PreviewReport, preview
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.previewed_company import (
    LAST_CLOSE,
    NEXT_MONTH,
    NEXT_WEEK,
    NEXT_YEAR,
    now,
    previewed_company,  # noqa: F401  a fixture
)
from tests.small_company import published_bytes


@pytest.fixture(scope="module")
def bytes_before(previewed_company: ClosedCompany) -> dict[str, bytes]:  # noqa: F811
    """Production as it was before any preview: the warehouse file and every published one."""
    return _bytes(previewed_company)


@pytest.fixture(scope="module")
def drafted(
    previewed_company: ClosedCompany,  # noqa: F811
    bytes_before: dict[str, bytes],
) -> PreviewReport:
    return preview(previewed_company.workspace, clock=now)


def _bytes(company: ClosedCompany) -> dict[str, bytes]:
    file = company.workspace.warehouse_file
    # A file of DuckDB's beside it would hold rows that are not in it yet.
    assert sorted(file.parent.glob("warehouse.duckdb*")) == [file]
    published = published_bytes(company)
    published.pop("preview.duckdb", None)
    return {"warehouse": file.read_bytes(), **published}


def drafts(company: ClosedCompany, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on `preview.duckdb`."""
    with duckdb.connect(str(company.workspace.published / "preview.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_each_subscription_is_drafted_for_its_own_running_period(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
) -> None:
    assert drafted.close_dates == (NEXT_WEEK, NEXT_MONTH, NEXT_YEAR)
    assert drafted.failed_checks == ()
    found = {
        (row["payer_customer_id"], row["close_date"], row["invoice_type"]): row["total_amount"]
        for row in drafted.invoices
    }
    assert found == {
        # One week of 7.00, 3 calls of it so far and the one that is dated ahead.
        ("weekly", NEXT_WEEK, "subscription"): Decimal(11),
        # The whole year of 365.00 and 2 + 1 calls: it is billed when it has ended.
        ("yearly", NEXT_YEAR, "subscription"): Decimal(368),
        # April's 30.00 in advance and March's 5 calls, with 10 % tax.
        ("advance", NEXT_MONTH, "subscription"): Decimal("38.50"),
        # March's 10.00, and February's late call.
        ("late", NEXT_MONTH, "subscription"): Decimal(11),
        # It is over: 4 late calls of February, at the first close of the next month.
        ("ended", NEXT_MONTH, "subscription"): Decimal(4),
        # His week and his year, each at its own date; what is sold once comes with the first of them.
        ("mixed", NEXT_WEEK, "subscription"): Decimal(8),
        ("mixed", NEXT_WEEK, "one_off"): Decimal(50),
        ("mixed", NEXT_YEAR, "subscription"): Decimal(367),
    }


def test_tax_and_prepaid_credit_are_applied(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
) -> None:
    # 80.00 less 33.00 for February and 33.00 for March leaves 14.00 of prepaid credit.
    (row,) = (row for row in drafted.invoices if row["payer_customer_id"] == "advance")
    assert (row["fees_amount"], row["tax_amount"]) == (Decimal(35), Decimal("3.50"))
    assert (row["prepaid_credit_amount"], row["amount_due"]) == (Decimal(14), Decimal("24.50"))
    assert drafts(
        previewed_company, "select lot_id, used_amount, closing_amount from preview_credit_draws"
    ) == [("bonus", Decimal(14), Decimal(0))]
    assert drafts(
        previewed_company,
        "select tax_name, tax_rate, taxable_amount, tax_amount from preview_invoice_taxes",
    ) == [("VAT", Decimal(10), Decimal(35), Decimal("3.50"))]


def test_the_tables_say_that_they_are_drafts_and_as_of_what(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
) -> None:
    assert drafts(
        previewed_company,
        "select distinct is_draft, previewed_at, cutoff_batch, catalog_version from preview_invoices",
    ) == [(True, datetime(2025, 3, 12, 12), 2, drafted.catalog_version)]
    lines = drafts(
        previewed_company,
        "select lines.subscription_id, lines.fee_type, lines.quantity, lines.amount, lines.is_draft"
        " from preview_invoice_lines as lines inner join preview_invoices using (document_key)"
        " where close_date = '2025-03-17' order by 1, 2",
    )
    assert lines == [
        ("mixed_week", "charge", Decimal(1), Decimal(1), True),
        ("mixed_week", "subscription", Decimal(1), Decimal(7), True),
        ("weekly", "charge", Decimal(4), Decimal(4), True),
        ("weekly", "subscription", Decimal(1), Decimal(7), True),
        (None, "add_on", Decimal(1), Decimal(50), True),
    ]
    assert drafts(
        previewed_company,
        "select distinct due_date - close_date, issue_date - close_date from preview_invoices",
    ) == [(14, 0)]
    # What is issued shows nothing of them.
    tables = {
        name for (name,) in previewed_company.finance("select table_name from duckdb_tables()")
    }
    assert not [name for name in tables if name.startswith("preview")]
    assert previewed_company.finance("select max(close_date) from invoices") == [(LAST_CLOSE,)]


def test_production_is_as_it_was(
    previewed_company: ClosedCompany,  # noqa: F811
    bytes_before: dict[str, bytes],
    drafted: PreviewReport,
) -> None:
    assert _bytes(previewed_company) == bytes_before
    assert drafted.file == previewed_company.workspace.published / "preview.duckdb"


def test_one_customer_is_drafted_alone_and_read_as_an_invoice(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    bytes_before: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    published = previewed_company.workspace.published / "preview.duckdb"
    before = published.read_bytes()
    with patch.object(previews, "preview", lambda ws, customer: preview(ws, customer, clock=now)):
        look.show(previewed_company.workspace, "advance")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for expected in (
        "│ Example GmbH DRAFT invoice │",
        "│ to Advance would be issued 1 April 2025 │",
        "│ advance due 15 April 2025 │",
        "Ahead 1 Apr – 30 Apr 2025 30.00",
        "Calls 1 Mar – 31 Mar 2025 5 1 5.00",
        "VAT 10 % on 35.00 3.50",
        "Prepaid credit bonus (0.00 left) -14.00",
        "Amount due EUR 24.50",
    ):
        assert expected in lines, expected
    # The drafts of all stay as they were published, and production too.
    assert published.read_bytes() == before
    assert _bytes(previewed_company) == bytes_before


def test_the_table_has_totals_and_json_has_all_of_it(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with patch.object(previews, "preview", lambda ws, customer: drafted):
        look.show(previewed_company.workspace, None)
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert "2025-03-17 Weekly EUR 11.00 0.00 11.00 11.00" in lines
        assert "2025-03-17 Mixed EUR 50.00 0.00 50.00 50.00 one-off" in lines
        # 11 + 8 + 50 + 35 + 11 + 4 + 368 + 367, 3.50 of tax, 14.00 of credit.
        assert "8 drafts EUR 854.00 3.50 857.50 843.50" in lines
        look.show(previewed_company.workspace, None, as_json=True)
    shown = json.loads(capsys.readouterr().out, parse_float=lambda text: Decimal(text))
    assert shown["is_draft"] is True
    assert (shown["cutoff_batch"], shown["failed_checks"]) == (2, [])
    assert shown["totals"] == [
        {
            "currency": "EUR",
            "invoice_count": 8,
            "fees_amount": "854",
            "tax_amount": "3.5",
            "total_amount": "857.5",
            "amount_due": "843.5",
        }
    ]
    assert len(shown["invoices"]) == 8


def test_who_is_unknown_or_has_nothing_open_is_told_so(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ws = previewed_company.workspace
    with pytest.raises(BadInput, match=r"No customer weakly .*did you mean weekly"):
        preview(ws, "weakly", clock=now)
    # Its subscription begins in June.
    with patch.object(previews, "preview", lambda ws, customer: preview(ws, customer, clock=now)):
        look.show(ws, "coming")
    assert "coming: nothing is open" in capsys.readouterr().out


def test_a_failed_check_is_shown_and_stops_nothing(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Totals that are one too high, put in between drafts and checks."""
    ws = previewed_company.workspace

    def tampered(scratch: Workspace, args: Sequence[str]) -> DbtResult:
        if args == preview_check_args():
            with connect(scratch) as con:
                con.execute("update settlement.fct_invoices set total_amount = total_amount + 1")
        return run_dbt(scratch, args)

    with patch("orchestration.preview.run.run_dbt", tampered):
        report = preview(ws, "weekly", clock=now)
    blocking = [check for check in report.failed_checks if check.is_blocking]
    assert {check.close_date for check in blocking} == {NEXT_WEEK}
    assert all(check.offender_count for check in blocking if check.result == "fail")
    assert [row["payer_customer_id"] for row in report.invoices] == ["weekly"]
    with patch.object(previews, "preview", lambda ws, customer: report):
        look.show(ws, "weekly")
    shown = capsys.readouterr()
    assert "DRAFT invoice" in shown.out
    assert f"The close of 2025-03-17 would be refused: {blocking[0].check_name}" in shown.err


PREVIEW = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.preview import run
from orchestration.workspace import Workspace
folder = Path(sys.argv[1])
ws = Workspace.resolve(*(folder / name for name in ("catalog", "landing", "warehouse", "published")))
make = run.make_scratch
def killed_after(ws):
    scratch = make(ws)
    scratch.warehouse_file.write_bytes(b"half written")
    (scratch.warehouse / "preview.duckdb").write_bytes(b"half written")
    print("in the middle", flush=True)
    sys.stdin.read()
run.make_scratch = killed_after
run.preview(ws, clock=lambda: datetime(2025, 3, 12, 12, tzinfo=UTC))
"""


def test_one_at_a_time_and_a_killed_one_is_repaired(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    bytes_before: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ws = previewed_company.workspace
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.1")
    with subprocess.Popen(
        [sys.executable, "-c", PREVIEW, str(ws.warehouse.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in the middle\n"
        # Another preview, and whoever writes, wait for a bounded time and are told for whom.
        with pytest.raises(
            BadInput, match=rf"process {first.pid} \(preview\) since .* waited 0.1 s"
        ):
            preview(ws, "weekly", clock=now)
        with pytest.raises(BadInput, match=r"\(preview\) since"), writer_lock(ws, "close"):
            pass
        os.kill(first.pid, signal.SIGKILL)
    assert _bytes(previewed_company) == bytes_before
    report = preview(ws, "weekly", clock=now)
    assert [row["total_amount"] for row in report.invoices] == [Decimal(11)]
    # What is published of the drafts of all was never touched.
    assert len(drafts(previewed_company, "from preview_invoices")) == 8


def test_a_reader_of_the_warehouse_is_no_obstacle_and_a_writer_is_named(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ws = previewed_company.workspace
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.1")
    holding = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r');"
    for mode in ("r", "w"):
        with subprocess.Popen(
            [sys.executable, "-c", f"{holding} print(1, flush=True); sys.stdin.read()",
             str(ws.warehouse_file), mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as other:  # fmt: skip
            assert other.stdout is not None
            other.stdout.readline()
            if mode == "r":
                assert preview(ws, "coming", clock=now).invoices == ()
            else:
                with pytest.raises(BadInput, match=f"the file is held by process {other.pid}"):
                    preview(ws, "coming", clock=now)
            other.kill()


def test_a_preview_needs_a_warehouse_with_a_catalog(tmp_path: Path) -> None:
    folders = ("catalog", "landing", "warehouse", "published")
    options = [f"--{name}={tmp_path / name}" for name in folders]
    result = CliRunner().invoke(app, ["preview", *options])
    assert isinstance(result.exception, BadInput)
    assert "there is no warehouse yet; run `meterhouse init`" in str(result.exception)
    assert CliRunner().invoke(app, ["init", *options]).exit_code == 0
    result = CliRunner().invoke(app, ["preview", *options])
    assert "no catalog has been loaded" in str(result.exception)


def test_the_close_bills_what_was_drafted(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    tmp_path: Path,
) -> None:
    """With no more usage, the invoices of the next week and month come out as their drafts, line by line."""
    company = previewed_company.copy(tmp_path)
    close_through(company.workspace, NEXT_MONTH, clock=lambda: now().replace(month=5))
    columns = (
        "subscription_id, fee_type, charge_code, service_period_start, service_period_end, quantity, unit_amount,"
        " amount, tax_rate, cause"
    )
    expected = drafts(
        previewed_company,
        f"select close_date, {columns} from preview_invoice_lines join preview_invoices using (document_key)"
        " where close_date <= '2025-04-01' and invoice_type = 'subscription' order by all",
    )
    issued = company.finance(
        f"select close_date, {columns} from invoice_lines join invoices using (invoice_number)"
        " where close_date in ('2025-03-17', '2025-04-01') and invoice_type = 'subscription' order by all"
    )
    assert len(expected) == 10
    assert issued == expected
    amounts = "fees_amount, tax_amount, total_amount, prepaid_credit_amount, amount_due, due_date"
    by_payer = f"select payer_customer_id, {amounts} from {{}} where close_date in ('2025-03-17', '2025-04-01')"
    by_payer += " and invoice_type = 'subscription' order by all"
    assert company.finance(by_payer.format("invoices")) == drafts(
        previewed_company, by_payer.format("preview_invoices")
    )


def test_the_ingest_job_drafts_anew_after_new_files(
    previewed_company: ClosedCompany,  # noqa: F811
    drafted: PreviewReport,
    tmp_path: Path,
) -> None:
    import dagster as dg

    from orchestration.dagster_graph.instance import open_instance
    from orchestration.dagster_graph.location import INGEST_JOB, build_definitions
    from orchestration.dagster_graph.preview import PREVIEW_JOB
    from orchestration.dagster_graph.session import CloseSession
    from orchestration.dagster_graph.specs import PREVIEW_INVOICES
    from orchestration.prepare import ensure_manifest
    from tests.previewed_company import event, write_usage

    ws = previewed_company.copy(tmp_path).workspace
    session = CloseSession()
    definitions = build_definitions(ws, ensure_manifest(ws), session)
    instance = open_instance(ws)
    session.begin(now)
    write_usage(ws, "more.jsonl", [event("w3", "weekly", "2025-03-12T08:00:00Z", 2)])
    result = definitions.resolve_job_def(INGEST_JOB).execute_in_process(
        instance=instance,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=True,
    )
    assert result.success
    event_of = instance.get_latest_materialization_event(PREVIEW_INVOICES)
    assert event_of is not None
    metadata = event_of.asset_materialization.metadata
    assert (metadata["draft_count"].value, metadata["cutoff_batch"].value) == (8, 3)
    # 857.50 as before, and two calls more.
    assert metadata["total_eur"].value == "859.5000"
    assert metadata["close_dates"].value == "2025-03-17, 2025-04-01, 2026-01-01"
    graph = definitions.get_repository_def().asset_graph
    node = graph.get(PREVIEW_INVOICES)
    assert node.partitions_def is None
    assert {key.to_user_string() for key in node.parent_keys} == {
        "catalog_version",
        "landing_usage",
    }
    job = definitions.resolve_job_def(PREVIEW_JOB)
    assert job.asset_layer.selected_asset_keys == {dg.AssetKey("preview_invoices")}
