"""The command line: help, usage errors, exit codes, and how answers and refusals look.

Belongs here: the command with its work replaced. Does not belong here: the work (each module's own tests).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import orchestration.backfill
import orchestration.catalog
import orchestration.close
import orchestration.ingest
import orchestration.look.invoice
import orchestration.look.status
import orchestration.migrate
from orchestration import answers, cli
from orchestration.close_steps import CloseReport
from orchestration.errors import BadInput, OffenderTable, Refused
from orchestration.migrate import InitReport
from orchestration.workspace import REPO, Workspace

COMMANDS = (
    "init",
    "demo",
    "catalog load",
    "catalog check",
    "ingest",
    "close",
    "backfill",
    "status",
    "invoices",
    "invoice",
    "checks",
    "credit-notes",
    "periods",
    "preview",
    "lock-month",
    "unlock-month",
    "locks",
)
FOLDERS = ("catalog", "landing", "warehouse", "published")


@dataclass(frozen=True)
class Outcome:
    """What a command answered."""

    code: int
    out: str
    err: str


Meterhouse = Callable[..., Outcome]


@pytest.fixture
def meterhouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Meterhouse:
    """Run the command line in this process, in folders of the test's own."""
    for name in FOLDERS:
        monkeypatch.setenv(f"METERHOUSE_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["meterhouse", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def _raises(error: Exception) -> Callable[..., Any]:
    def work(*_: Any, **__: Any) -> Any:
        raise error

    return work


# --- help and usage -----------------------------------------------------------------------------------


def test_help_names_every_command(meterhouse: Meterhouse) -> None:
    outcome = meterhouse("--help")
    assert outcome.code == 0
    for command in COMMANDS:
        assert f" {command.split()[0]} " in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_example_and_takes_the_folders(
    meterhouse: Meterhouse, command: str
) -> None:
    outcome = meterhouse(*command.split(), "--help")
    assert outcome.code == 0
    assert f"meterhouse {command}" in outcome.out
    assert "Example" in outcome.out
    for name in FOLDERS:
        assert f"--{name}" in outcome.out
        assert f"METERHOUSE_{name.upper()}" in outcome.out
    assert "--json" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["bill"], "No such command 'bill'"),
        (["close"], "give either --through DATE"),
        (["close", "--through", "2026-01-01", "--date", "2026-01-01"], "give either --through"),
        (["close", "--through", "01.01.2026"], "'01.01.2026' is not a date"),
        (["close", "--through", "2026-02-30"], "'2026-02-30' is not a date"),
        (["close", "--until", "2026-01-01"], "No such option"),
        (["backfill", "2026-01-01"], "Missing argument"),
        (["backfill", "2026-01-01", "2025-12-31"], "give the earlier date first"),
        (["invoice"], "Missing argument"),
        (["catalog", "unload"], "No such command 'unload'"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    meterhouse: Meterhouse, arguments: list[str], word: str
) -> None:
    outcome = meterhouse(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, orchestration.cli;"
        "print([name for name in ('dbt', 'dagster', 'duckdb', 'pandas', 'great_expectations')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_command_is_installed() -> None:
    script = Path(sys.executable).with_name("meterhouse")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage: meterhouse" in done.stdout


# --- folders ------------------------------------------------------------------------------------------


def test_an_option_wins_over_the_environment(
    meterhouse: Meterhouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Workspace] = []
    monkeypatch.setattr(orchestration.look.status, "show", lambda ws, as_json: seen.append(ws))
    assert meterhouse("status", "--warehouse", str(tmp_path / "other")).code == 0
    assert seen[0].warehouse == tmp_path / "other"
    assert seen[0].catalog == tmp_path / "catalog"


def test_a_number_reaches_the_invoice_view(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        orchestration.look.invoice,
        "show",
        lambda ws, number, as_json: seen.append((number, as_json)),
    )
    assert meterhouse("invoice", "US-2025-0001", "--json").code == 0
    assert seen == [("US-2025-0001", True)]


# --- errors -------------------------------------------------------------------------------------------


def test_bad_input_is_one_line_and_exit_code_2(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "prices/plans.csv, row 3: amount is -1 [bold]; give a price of 0 or more"
    monkeypatch.setattr(orchestration.look.status, "show", _raises(BadInput(message)))
    outcome = meterhouse("status")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message + "\n")


def test_a_long_message_stays_on_one_line(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "a file: " + "what is wrong " * 30 + "and how to mend it"
    monkeypatch.setattr(orchestration.look.status, "show", _raises(BadInput(message)))
    assert meterhouse("status").err == message + "\n"


def test_a_refusal_shows_its_offenders_and_is_exit_code_1(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = OffenderTable("lots below zero", ("lot_id", "amount"), [("lot_1", Decimal("-0.10"))])
    names = [f"column_{number}" for number in range(30)]
    wide = OffenderTable("invoices [red]", names, [[f"value {n}" for n in range(30)], [None] * 30])
    refused = Refused("The close of 2026-01-01 is refused.", [narrow, wide])
    monkeypatch.setattr(orchestration.close, "close_through", _raises(refused))
    outcome = meterhouse("close", "--through", "2026-01-01")
    assert outcome.code == 1
    assert outcome.err.startswith("The close of 2026-01-01 is refused.\n")
    for word in (
        "lots below zero",
        "lot_1",
        "-0.10",
        "invoices [red]",
        "column_29",
        "value 29",
        "NULL",
    ):
        assert word in outcome.err, word
    assert "Traceback" not in outcome.err


def test_a_defect_shows_its_stack_trace(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestration.look.status, "show", _raises(ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError):
        meterhouse("status")


# --- answers ------------------------------------------------------------------------------------------


def _report(day: int) -> CloseReport:
    return CloseReport(date(2025, 11, day), day, "published", 2, {"USD": Decimal("1099.50")}, 1.25)


@dataclass(frozen=True)
class _Problem:
    file: str
    reason: str
    mend: str


@dataclass(frozen=True)
class _Usage:
    batch_number: int | None = 1
    files: tuple[str, ...] = ("a.jsonl",)
    line_count: int = 1234
    accepted: int = 1200
    duplicate: int = 20
    conflict: int = 4
    rejected: int = 10
    problems: tuple[_Problem, ...] = ()


CATALOG = orchestration.catalog.CatalogVersion("ab" * 32, 3, True, {"plans": 7, "charges": 1005})


def test_closes_are_shown_one_by_one(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = _Problem("b.jsonl.gz", "is cut off", "wait until it is written")

    def close_through(ws: Workspace, through: date, reporter: Any, **_: Any) -> None:
        assert through == date(2025, 12, 1)
        reporter.inputs_read(CATALOG, _Usage(problems=(problem,)))
        for day in (1, 2):
            reporter.close_begins(date(2025, 11, day))
            reporter.close_ended(_report(day))

    monkeypatch.setattr(orchestration.close, "close_through", close_through)
    outcome = meterhouse("close", "--through", "2025-12-01")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "catalog version 3 (abababababab): 1,012 rows in 2 tables",
        "batch 1: 1 files, 1,234 lines = 1,200 accepted + 20 duplicate + 4 conflicting + 10 rejected",
        "2025-11-01  2 invoices  USD 1,099.50  1.2 s",
        "2025-11-02  2 invoices  USD 1,099.50  1.2 s",
    ]
    assert outcome.err == "b.jsonl.gz: is cut off; wait until it is written\n"


def test_nothing_due_is_said_and_is_no_error(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestration.close, "close_through", lambda *_, **__: [])
    monkeypatch.setattr(orchestration.close, "close_date", lambda *_, **__: [])
    outcome = meterhouse("close", "--through", "2025-12-01")
    assert (outcome.code, outcome.out) == (0, "Nothing is due through 2025-12-01.\n")
    outcome = meterhouse("close", "--date", "2025-12-01")
    assert (outcome.code, outcome.out) == (0, "Nothing is due on 2025-12-01.\n")


def test_closes_as_json_also_tell_what_was_published_before_a_refusal(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close_through(ws: Workspace, through: date, reporter: Any, **_: Any) -> None:
        reporter.inputs_read(CATALOG, _Usage())
        reporter.close_ended(_report(1))
        raise Refused("The close of 2025-11-02 is refused.")

    monkeypatch.setattr(orchestration.close, "close_through", close_through)
    outcome = meterhouse("close", "--through", "2025-12-01", "--json")
    assert outcome.code == 1
    (report,) = json.loads(outcome.out)["closes"]
    assert (report["close_date"], report["totals"]) == ("2025-11-01", {"USD": "1099.50"})
    assert outcome.err == "The close of 2025-11-02 is refused.\n"


def test_a_backfill_tells_each_close_and_fails_if_one_differs(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backfill(ws: Workspace, first: date, last: date, reporter: Any, **_: Any) -> None:
        if first.year == 2024:
            return
        reporter.close_ended(replace(_report(1), outcome="differs"))
        reporter.close_ended(replace(_report(2), outcome="unchanged"))
        table = OffenderTable("2025-11-01 issued.invoices", ("side", "total"), [("published", "1")])
        raise Refused("2025-11-01: published, and computing it again gives other rows.", [table])

    monkeypatch.setattr(orchestration.backfill, "backfill", backfill)
    outcome = meterhouse("backfill", "2025-11-01", "2025-11-30")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "2025-11-01  2 invoices  USD 1,099.50  differs  1.2 s",
        "2025-11-02  2 invoices  USD 1,099.50  unchanged  1.2 s",
    ]
    assert "2025-11-01: published" in outcome.err
    assert "2025-11-01 issued.invoices" in " ".join(outcome.err.split())
    outcome = meterhouse("backfill", "2025-11-01", "2025-11-30", "--json")
    assert outcome.code == 1
    closes = json.loads(outcome.out)["closes"]
    assert [close["outcome"] for close in closes] == ["differs", "unchanged"]
    outcome = meterhouse("backfill", "2024-01-01", "2024-12-31")
    assert (outcome.code, outcome.out) == (
        0,
        "No close is published, and nothing is due, from 2024-01-01 to 2024-12-31.\n",
    )


def test_init_catalog_and_ingest_answer_as_text_and_json(
    meterhouse: Meterhouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = InitReport(("landing.files",), ("issued.invoices.note",))
    monkeypatch.setattr(orchestration.migrate, "init", lambda ws: made)
    monkeypatch.setattr(orchestration.catalog, "load_catalog", lambda ws: CATALOG)
    monkeypatch.setattr(orchestration.ingest, "ingest", lambda ws, progress: _Usage(None, ()))
    assert meterhouse("init").out.splitlines() == [
        "made landing.files",
        "added column issued.invoices.note",
        f"{tmp_path}/warehouse/warehouse.duckdb: ready.",
    ]
    assert json.loads(meterhouse("init", "--json").out)["created"] == ["landing.files"]
    assert meterhouse("catalog", "load").out.startswith("catalog version 3 (abababababab): 1,012")
    assert json.loads(meterhouse("catalog", "load", "--json").out)["version_number"] == 3
    assert meterhouse("ingest").out == "no new usage files\n"
    assert json.loads(meterhouse("ingest", "--json").out)["batch_number"] is None


def test_json_keeps_money_and_dates_as_text() -> None:
    value = {
        "a": Decimal("0.10"),
        "b": date(2026, 1, 1),
        "c": datetime(2026, 1, 1, 2),
        "d": (1, None),
    }
    assert answers.plain(value) == {
        "a": "0.10",
        "b": "2026-01-01",
        "c": "2026-01-01 02:00:00",
        "d": [1, None],
    }


# --- telemetry ----------------------------------------------------------------------------------------


def test_nothing_phones_home_unless_the_user_says_so(
    meterhouse: Meterhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in cli.TELEMETRY_OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "True")
    monkeypatch.setattr(orchestration.look.status, "show", lambda ws, as_json: None)
    assert meterhouse("status").code == 0
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "False"
    assert os.environ["GX_ANALYTICS_ENABLED"] == "True"
