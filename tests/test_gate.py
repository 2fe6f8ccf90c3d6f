"""The gate fails closed: what did not run has failed, and nothing is published without a receipt for these rows.

Belongs here: verdicts from manifests and results, the evidence written, and refusals end to end. Does not belong here:
what the checks look for (dbt tests) and how drafts are built.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.close_run import CloseRun, begin_close
from orchestration.close_steps import build_drafts, publish_drafts
from orchestration.dbt_runner import CLOSE_STAGES, DbtResult, NodeResult
from orchestration.errors import Refused
from orchestration.gate import (
    CheckOutcome,
    Judgement,
    check_outcomes,
    examine,
    offender_table,
    refusal_sentence,
    run_outcome,
)
from orchestration.gate_checks import Check, expected_checks, meaning_of
from orchestration.prepare import prepare_views
from orchestration.publish.digest import drafts_digest
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.replayed_dbt import REPLAYED
from tests.small_company import (
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)

RUN = CloseRun(3, date(2025, 12, 1), 2, "c" * 64)
RUN_ROW = ("close", date(2025, 12, 1), 2, "c" * 64, 3)


def model(name: str, group: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "unique_id": f"model.meterhouse.{name}",
        "name": name,
        "config": {"group": group},
        "depends_on": {"nodes": []},
    }


def data_test(name: str, *parents: str, severity: str = "ERROR") -> dict[str, Any]:
    return {
        "resource_type": "test",
        "unique_id": f"test.meterhouse.{name}",
        "name": name,
        "config": {"severity": severity},
        "depends_on": {"nodes": [f"model.meterhouse.{parent}" for parent in parents]},
        "description": "",
        "raw_code": "-- Tax rows add up.\n-- Grain: one row per document.\nselect 1",
    }


def manifest(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {node["unique_id"]: node for node in nodes}}


def node(name: str, status: str, failures: int | None = 0, kind: str = "test") -> NodeResult:
    return NodeResult(f"{kind}.meterhouse.{name}", name, kind, status, failures, None, None)


STAGED = manifest(
    model("stg_usage", "staging"),
    model("fct_lines", "invoicing"),
    model("fct_invoices", "settlement"),
    data_test("staging_only", "stg_usage"),
    data_test("lines_unique", "fct_lines"),
    data_test("sums_to_lines", "fct_lines", "fct_invoices"),
    data_test("unusual", "fct_invoices", severity="warn"),
)
BUILT = (node("fct_lines", "success", kind="model"), node("fct_invoices", "success", kind="model"))


def judged(*results: NodeResult, of: dict[str, Any] = STAGED, success: bool = True) -> Judgement:
    result = DbtResult(success, results, None)
    return examine(RUN, of, result, run_outcome(RUN, [RUN_ROW]), lambda: "d" * 64)


def test_a_check_belongs_to_the_last_stage_it_looks_at() -> None:
    found = {check.name: check.stage for check in expected_checks(STAGED)}
    assert found == {
        "lines_unique": "invoicing",
        "sums_to_lines": "settlement",
        "unusual": "settlement",
    }


def test_all_checks_passed_give_a_receipt_bound_to_the_drafts() -> None:
    results = [node(name, "pass") for name in ("lines_unique", "sums_to_lines", "unusual")]
    receipt = judged(*BUILT, *results).receipt
    assert (receipt.is_passed, receipt.checks_expected, receipt.checks_run) == (True, 3, 3)
    assert receipt.drafts_digest == "d" * 64


@pytest.mark.parametrize("status", ["skipped", "error", "runtime error", "no-op"])
def test_a_blocking_check_that_did_not_run_counts_as_failed(status: str) -> None:
    judgement = judged(*BUILT, node("lines_unique", "pass"), node("sums_to_lines", status))
    assert not judgement.receipt.is_passed
    assert judgement.receipt.checks_run == 2
    assert judgement.receipt.drafts_digest == ""


def test_a_blocking_check_that_dbt_does_not_report_counts_as_failed() -> None:
    judgement = judged(*BUILT, node("lines_unique", "pass"), node("unusual", "pass"))
    assert [outcome.check.name for outcome in judgement.refusing] == ["sums_to_lines"]
    assert "1 blocking check did not run (sums_to_lines)" in refusal_sentence(judgement)


@pytest.mark.parametrize("status", ["fail", "warn"])
def test_a_blocking_check_that_finds_rows_refuses_whatever_its_thresholds_say(status: str) -> None:
    judgement = judged(*BUILT, node("lines_unique", status, 4), node("sums_to_lines", "pass"))
    assert [outcome.result for outcome in judgement.refusing] == ["fail"]
    assert judgement.refusing[0].offender_count == 4


def test_a_warning_is_recorded_and_does_not_refuse() -> None:
    passed = [node("lines_unique", "pass"), node("sums_to_lines", "pass")]
    judgement = judged(*BUILT, *passed, node("unusual", "warn", 7))
    assert judgement.receipt.is_passed
    warning = next(outcome for outcome in judgement.outcomes if outcome.check.name == "unusual")
    assert (warning.result, warning.offender_count) == ("warn", 7)


def test_a_model_that_broke_its_contract_refuses_though_every_check_passed() -> None:
    checks = [node("lines_unique", "pass"), node("sums_to_lines", "pass")]
    broken = node("fct_invoices", "error", None, kind="model")
    judgement = judged(*checks, broken, success=False)
    assert not judgement.receipt.is_passed
    assert "1 model failed (fct_invoices)" in refusal_sentence(judgement)


def test_a_project_without_blocking_checks_is_refused() -> None:
    judgement = judged(*BUILT, of=manifest(model("fct_invoices", "settlement")))
    assert not judgement.receipt.is_passed
    assert "no blocking check" in refusal_sentence(judgement)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [RUN_ROW, RUN_ROW],
        [("close", date(2025, 11, 1), 2, "c" * 64, 3)],
        [("due_check", date(2025, 12, 1), 2, "c" * 64, 3)],
    ],
    ids=["none", "two", "another date", "another kind"],
)
def test_drafts_of_any_but_exactly_this_close_are_refused(rows: list[tuple[Any, ...]]) -> None:
    checks = [node("lines_unique", "pass"), node("sums_to_lines", "pass")]
    result = DbtResult(True, (*BUILT, *checks), None)
    judgement = examine(RUN, STAGED, result, run_outcome(RUN, rows), lambda: "d" * 64)
    assert not judgement.receipt.is_passed
    assert "drafts_are_of_this_close" in refusal_sentence(judgement)


def test_what_a_failure_skipped_is_counted_but_not_named() -> None:
    judgement = judged(*BUILT, node("lines_unique", "fail", 1), node("sums_to_lines", "skipped"))
    sentence = refusal_sentence(judgement)
    assert "1 blocking check failed (lines_unique), so 1 more did not run." in sentence


def test_a_check_that_broke_is_named_before_those_that_it_skipped() -> None:
    broken = replace(node("lines_unique", "error", None), message="Parser Error:\n  at line 3")
    judgement = judged(*BUILT, broken, node("sums_to_lines", "skipped"))
    sentence = refusal_sentence(judgement)
    assert (
        "1 blocking check broke (lines_unique: Parser Error: at line 3), so 1 more did not run."
        in sentence
    )


def test_an_unexpected_result_does_not_count_as_a_check() -> None:
    outcomes = check_outcomes(expected_checks(STAGED), [node("someone_elses", "pass")])
    assert {outcome.result for outcome in outcomes} == {"not_run"}


def test_the_first_five_offenders_are_shown_in_a_fixed_order() -> None:
    con = duckdb.connect()
    con.execute("create schema checks")
    con.execute(
        "create table checks.bad as select 'invoice/' || i as document_key,"
        " cast(i as decimal(20, 4)) as amount from range(9, 0, -1) as r(i)"
    )
    check = Check("test.x", "chk_amounts", "settlement", True, "Amounts that are wrong.")
    table = offender_table(con, CheckOutcome(check, "fail", 9, '"checks"."bad"', ""))
    assert table.columns == ("document_key", "amount")
    assert len(table.rows) == 5
    assert table.rows[0] == ("invoice/1", Decimal("1.0000"))
    assert table.title == ("chk_amounts (settlement): Amounts that are wrong. (first 5 of 9 rows)")


def test_offenders_that_cannot_be_read_do_not_hide_the_refusal() -> None:
    check = Check("test.x", "chk_amounts", "settlement", True, "")
    table = offender_table(duckdb.connect(), CheckOutcome(check, "fail", 1, "checks.gone", ""))
    assert table.columns == ("message",)


def test_a_check_means_its_description_else_the_comment_above_its_sql() -> None:
    assert meaning_of(data_test("x", "fct_lines")) == "Tax rows add up."
    assert meaning_of({"description": "One row\n per line.", "raw_code": ""}) == "One row per line."


@pytest.fixture(scope="module")
def company(small_company: ClosedCompany, tmp_path_factory) -> ClosedCompany:  # noqa: F811
    """A copy of the small company with drafts of its second date, judged and not published."""
    copied = small_company.copy(tmp_path_factory.mktemp("gate"))
    with REPLAYED.patched(copied.workspace.warehouse_file):
        prepare_views(copied.workspace)
        build_drafts(copied.workspace, SECOND_CLOSE, clock)
    return copied


def test_the_evidence_names_every_check_and_the_receipt_the_rows(company: ClosedCompany) -> None:
    results = company.warehouse(
        "select check_name, stage, result, offender_count from control.gate_results"
        " where close_sequence = 2"
    )
    assert {result for _, _, result, _ in results} == {"pass"}
    assert {count for _, _, _, count in results} == {0}
    assert {stage for _, stage, _, _ in results} == {"staging", *CLOSE_STAGES}
    assert len({name for name, _, _, _ in results}) == len(results)
    ((passed, expected, run, digest),) = company.warehouse(
        "select is_passed, checks_expected, checks_run, drafts_digest from control.gate_receipts"
        " where close_sequence = 2"
    )
    assert passed
    assert expected == run == len(results)
    with connect(company.workspace, read_only=True) as con:
        assert digest == drafts_digest(con)


def test_drafts_changed_after_the_receipt_are_not_published(company: ClosedCompany) -> None:
    before = published_bytes(company)
    change = "update settlement.fct_invoices set purchase_order = {}"
    with connect(company.workspace) as con:
        con.execute(change.format("'smuggled in'"))
    with pytest.raises(Refused) as refused:
        publish_drafts(company.workspace, SECOND_CLOSE, clock)
    assert refused.value.exit_code == 1
    assert published_bytes(company) == before
    ((status, message),) = company.warehouse(
        f"select status, message from control.closes where close_date = '{SECOND_CLOSE}'"
    )
    assert status == "failed"
    assert message == str(refused.value)


def test_a_failed_receipt_publishes_nothing(company: ClosedCompany) -> None:
    before = published_bytes(company)
    with connect(company.workspace) as con:
        con.execute("update control.gate_receipts set is_passed = false where close_sequence = 2")
    with pytest.raises(Refused, match="the gate has not"):
        publish_drafts(company.workspace, SECOND_CLOSE, clock)
    assert published_bytes(company) == before


def test_a_receipt_does_not_outlive_the_attempt_that_earned_it(company: ClosedCompany) -> None:
    with connect(company.workspace) as con:
        begin_close(con, date(2025, 11, 30), clock())
        assert (
            con.execute("select * from control.gate_receipts where close_sequence = 2").fetchall()
            == []
        )
    with pytest.raises(Refused, match="the gate has not"):
        publish_drafts(company.workspace, date(2025, 11, 30), clock)
