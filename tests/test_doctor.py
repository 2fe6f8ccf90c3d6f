"""`meterhouse doctor`: each thing that may be wrong with a workspace, made so, and what it says about it.

Belongs here: workspaces that are well, and copies that are not. Does not belong here: what mends them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration import failures, health
from orchestration.cli import app
from orchestration.failures import Failure
from orchestration.publish.finance_db import FILE_NAME
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.small_company import small_company  # noqa: F401  a fixture

# A month after its first close nothing more is due.
NOW = datetime(2025, 11, 30, 12, tzinfo=UTC)


def told(ws: Workspace, now: datetime = NOW) -> dict[str, list[tuple[str, str]]]:
    """State and text with its mend, by subject."""
    found: dict[str, list[tuple[str, str]]] = {}
    for sign in health.signs(ws, now):
        found.setdefault(sign.subject, []).append(
            (sign.state, f"{sign.text}; {sign.mend}".rstrip("; "))
        )
    return found


def test_a_closed_company_is_well(small_company: ClosedCompany, tmp_path: Path) -> None:  # noqa: F811
    found = told(small_company.copy(tmp_path).workspace)
    assert [
        subject for subject, signs in found.items() if any(state != "ok" for state, _ in signs)
    ] == []
    assert list(found) == [
        "python", "packages", "space", "lock", "catalog", "warehouse", "freshness", "closes", "holds",
            "checks", "published",
    ]  # fmt: skip
    assert found["closes"] == [
        ("ok", "nothing is due by 2025-11-29; the last close is of 2025-11-01")
    ]
    assert found["published"] == [("ok", f"{FILE_NAME} shows all 1 publication")]


def test_a_new_workspace_says_what_is_not_there(tmp_path: Path) -> None:
    names = ("catalog", "landing", "warehouse", "published")
    ws = Workspace.resolve(**{name: tmp_path / name for name in names})
    found = told(ws)
    assert found["catalog"][0] == (
        "error",
        f"{ws.catalog} is not there; create it, or give another with --catalog",
    )
    assert found["warehouse"] == [
        ("ok", f"{ws.warehouse} is not there yet"),
        ("ok", "nothing is loaded yet"),
    ]
    assert not ws.warehouse.exists()


def new_file(ws: Workspace) -> None:
    (ws.landing / "more.jsonl").write_text("{}\n", encoding="utf-8")
    (ws.landing / "notes.txt").write_text("", encoding="utf-8")


def bad_catalog(ws: Workspace) -> None:
    with (ws.catalog / "accounts/customers.csv").open("a", encoding="utf-8") as file:
        file.write("caro,Caro,nobody,US,,,\n")


def older_warehouse(ws: Workspace) -> None:
    with connect(ws) as con:
        con.execute("alter table issued.payments drop column paid_on")


def refused_close(ws: Workspace) -> None:
    with connect(ws) as con:
        con.execute(
            "update control.closes set status = 'failed', message = 'tax rows do not add up'"
        )


def lost_file(ws: Workspace) -> None:
    (ws.published / FILE_NAME).unlink()


def damaged_file(ws: Workspace) -> None:
    file = ws.published / "parquet/invoice_lines/2025-11-01-1.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


ILLS: dict[str, tuple[Callable[[Workspace], None], str, list[tuple[str, str]]]] = {
    "usage that waits": (
        new_file,
        "usage",
        [
            (
                "warning",
                "notes.txt: its ending is none of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet; "
                "rename it if it is one of these formats, else move it out of the landing folder",
            ),
            (
                "warning",
                "1 file not loaded yet (more.jsonl); `meterhouse ingest` loads them, and so does the next close",
            ),
        ],
    ),
    "a catalog with an error": (
        bad_catalog,
        "catalog",
        [("error", "1 error; `meterhouse catalog check` names file, row and mend")],
    ),
    "a warehouse of an older release": (
        older_warehouse,
        "warehouse",
        [
            (
                "warning",
                "it is of an older release: 1 object missing (issued.payments.paid_on); "
                "`meterhouse init` adds them, and so does the next close",
            )
        ],
    ),
    "a close that was refused": (
        refused_close,
        "closes",
        [
            (
                "error",
                "2025-11-01 is failed: tax rows do not add up; "
                "mend what it says, then `meterhouse close --through 2025-11-01`",
            ),
            ("ok", "nothing is due by 2025-11-29; the last close is of 2025-11-01"),
        ],
    ),
    "a published file that is gone": (
        lost_file,
        "published",
        [
            (
                "warning",
                f"{FILE_NAME} shows 0 of 1 publication; the next close, or the same one again, writes what is missing",
            )
        ],
    ),
    "a published file with another bit": (
        damaged_file,
        "published",
        [
            (
                "error",
                "1 file not as published (parquet/invoice_lines/2025-11-01-1.parquet); "
                "delete what is named; the next close, or the same one again, writes it anew",
            ),
            ("ok", f"{FILE_NAME} shows all 1 publication"),
        ],
    ),
}


@pytest.mark.parametrize("ill", ILLS)
def test_what_is_wrong_is_told_with_its_mend(
    ill: str,
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    change, subject, expected = ILLS[ill]
    company = small_company.copy(tmp_path)
    change(company.workspace)
    assert told(company.workspace)[subject] == expected


def test_a_date_that_is_due_is_named(small_company: ClosedCompany, tmp_path: Path) -> None:  # noqa: F811
    found = told(small_company.copy(tmp_path).workspace, datetime(2025, 12, 2, tzinfo=UTC))
    assert found["closes"] == [
        (
            "warning",
            "1 date due and not closed: 2025-12-01; `meterhouse close --through 2025-12-01`",
        )
    ]


def test_usage_that_nobody_sends_any_more_is_told(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    ws = small_company.copy(tmp_path).workspace
    written = datetime.fromtimestamp((ws.landing / "usage.jsonl").stat().st_mtime, UTC)
    two_days = told(ws, written + timedelta(days=2, seconds=-1))["freshness"]
    said = "the newest file that is loaded was written {} ago; its last event is of 2025-12-30 23:59 UTC"
    assert two_days == [("ok", said.format("47 hours"))]
    later = told(ws, written + timedelta(days=2, seconds=1))["freshness"]
    assert later == [
        ("warning", said.format("2 days") + f"; find out why no usage reaches {ws.landing}")
    ]


def failed_run(job: str, *close_dates: str, failed_at: datetime = NOW) -> Failure:
    return Failure(failed_at, job, "0b7f", close_dates, "drafts", "it broke")


def test_a_run_that_failed_is_told_until_another_one_did_it(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    ws = small_company.copy(tmp_path).workspace
    now = datetime.now(UTC)
    # Published since, read since, and overtaken by a later failure of the same job.
    failures.write_down(ws, failed_run("close", "2025-11-01", failed_at=now))
    failures.write_down(ws, failed_run("ingest", failed_at=datetime(2025, 1, 1, tzinfo=UTC)))
    assert "runs" not in told(ws)
    failures.write_down(ws, failed_run("close", "2025-11-01", "2025-12-01"))
    with failures.failures_file(ws).open("a", encoding="utf-8") as file:
        file.write("{half a line\n")
    mend = (
        f"mend what it says and run it again; {ws.warehouse / 'failures.jsonl'} has all that failed"
    )
    assert told(ws)["runs"] == [
        (
            "warning",
            "close of 2025-11-01, 2025-12-01 failed at 2025-11-30 12:00:00 UTC in drafts: it broke; "
            + mend,
        )
    ]
    failures.write_down(ws, failed_run("ingest", failed_at=now))
    assert len(told(ws)["runs"]) == 2


def test_packages_that_are_not_as_pinned_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = tmp_path / "requirements.lock"
    pins.write_text("duckdb==0.0.1 \\\n    --hash=sha256:0\nnot-here==1\n", encoding="utf-8")
    monkeypatch.setattr(health, "_LOCK_FILE", pins)
    names = ("catalog", "landing", "warehouse", "published")
    ((state, text),) = told(Workspace.resolve(**dict.fromkeys(names, tmp_path)))["packages"]
    assert state == "warning"
    assert "duckdb" in text
    assert "(pinned: 0.0.1)" in text
    assert "not-here" not in text


HOLD = """
import sys
from pathlib import Path
from orchestration.warehouse import writer_lock
from orchestration.workspace import Workspace
folder = Path(sys.argv[1])
ws = Workspace.resolve(*(folder / name for name in ("catalog", "landing", "warehouse", "published")))
with writer_lock(ws, "close"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_writes_is_named_and_not_waited_for(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    ws = small_company.copy(tmp_path).workspace
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ws.warehouse.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "held\n"
        ((state, text),) = told(ws)["lock"]
        assert state == "warning"
        assert text.startswith(
            f"the warehouse is being written by process {writer.pid} (close) since "
        )
        writer.kill()
    # What a killed process leaves behind holds nothing.
    assert told(ws)["lock"] == [("ok", "nobody writes the warehouse")]


def test_the_command_tells_programs_and_exits_by_what_it_found(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    ws = small_company.copy(tmp_path).workspace
    options = [
        f"--{name}={getattr(ws, name)}" for name in ("catalog", "landing", "warehouse", "published")
    ]
    answer = CliRunner().invoke(app, ["doctor", "--json", *options])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["is_well"] is True
    bad_catalog(ws)
    answer = CliRunner().invoke(app, ["doctor", *options])
    assert answer.exit_code == 1
    assert "`meterhouse catalog check`" in answer.stdout
