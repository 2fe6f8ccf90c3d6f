"""Runs that failed: what is told of one, and what becomes of the notice.

Belongs here: failures read from Dagster's events, and the command that is run. Does not belong here: that the daemon
notices a failed run (`test_daemon`), and for how long the doctor tells it (`test_doctor`).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import failures
from orchestration.dagster_graph.failures import failure_of_run
from orchestration.failures import Failure

AT = datetime(2026, 1, 2, 0, 15, 9, tzinfo=UTC)
FAILURE = Failure(AT, "close", "0b7f", ("2026-01-01",), "drafts", "1 model failed")


@dg.resource
def broken_writer(_) -> None:
    raise OSError("the disk is full")


@dg.op
def refuses() -> None:
    raise dg.Failure(description="1 model failed:\n  fct_invoices", allow_retries=False)


@dg.op
def breaks() -> None:
    raise ValueError("no such column")


@dg.op(required_resource_keys={"writer"})
def writes() -> None: ...


@pytest.mark.parametrize(
    ("op", "step", "message"),
    [
        (refuses, "refuses", "1 model failed: fct_invoices"),
        (breaks, "breaks", "ValueError: no such column"),
        (writes, "", "the disk is full"),
    ],
)
def test_a_failure_says_who_what_when_and_why(op: dg.OpDefinition, step: str, message: str) -> None:
    job = dg.GraphDefinition("close", node_defs=[op]).to_job(
        resource_defs={"writer": broken_writer}, executor_def=dg.in_process_executor
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags={"dagster/partition": "2026-01-01"},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        event = result.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            "record_failures", event, instance, result.dagster_run
        ).for_run_failure()
        failure = failure_of_run(context, AT)
    assert (failure.job, failure.close_dates, failure.step) == ("close", ("2026-01-01",), step)
    assert message in failure.message
    assert "\n" not in failure.message


def test_the_command_of_the_variable_gets_the_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(failures.NOTIFY_VARIABLE, raising=False)
    assert failures.notify(FAILURE) is None
    told = tmp_path / "told"
    program = f"import sys; open({str(told)!r}, 'w').write(sys.stdin.read())"
    monkeypatch.setenv(failures.NOTIFY_VARIABLE, f'{sys.executable} -c "{program}"')
    assert failures.notify(FAILURE) is None
    assert told.read_text(encoding="utf-8") == (
        "close of 2026-01-01 failed at 2026-01-02 00:15:09 UTC in drafts: 1 model failed\n"
    )


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("/no/such/program", "No such file"),
        ('program "without an end', "No closing quotation"),
        (
            f"{sys.executable} -c \"import sys; sys.exit('nobody home')\"",
            "exit code 1: nobody home",
        ),
    ],
)
def test_a_command_that_fails_is_told_and_does_no_harm(
    command: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(failures.NOTIFY_VARIABLE, command)
    assert problem in (failures.notify(FAILURE) or "")
