"""Documents that a check names are held: nothing of them shows, nothing is billed twice, and a decision ends it.

Belongs here: hold, release and discard of one company, with amounts by hand. Does not belong here: which documents are
held together (`test_hold_groups`).

Each month of atlas costs 99.00, two calls at 0.01 and 1501 tokens: 1000 x 0.002 + 501 x 0.001 = 2.501, so 101.52. Its
lot of 250.00 pays October and November, and 46.96 of December. January has no usage: 99.00.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.close_steps import mend_publication, publish_drafts
from orchestration.errors import BadInput, Refused
from orchestration.holds import decisions
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.held_company import CHECK, add_usage, begun, close, close_again, naming
from tests.small_company import FIRST_CLOSE, SECOND_CLOSE, clock, published_bytes

THIRD_CLOSE = date(2026, 1, 1)
FOURTH_CLOSE = date(2026, 2, 1)
MONTH = Decimal("101.52")
HELD = "invoice/2025-12-01/us/atlas/USD/subscription"
WHO = ("A. Lovelace", "Volume confirmed by telephone")
INVOICES = """
    select invoice_number, close_date, publication_no, issue_date, due_date, fees_amount, prepaid_credit_amount
    from invoices where payer_customer_id = 'atlas' order by invoice_number
"""
# Every table that finance reads of documents, by the column that could show atlas' held invoice.
LEAKS = {
    "invoices": "close_date = date '2025-12-01' and payer_customer_id = 'atlas'",
    "invoice_lines": "invoice_number is null or subscription_id = 'sub_atlas'"
    " and service_period_start >= timestamp '2025-11-01'",
    "usage_daily": "subscription_id = 'sub_atlas' and usage_date >= date '2025-11-01'",
    "credit_ledger": "close_date = date '2025-12-01' and used_amount <> 0",
    "credit_movements": "invoice_number is null and movement_kind = 'used'",
    "wallet_draws": "invoice_number is null",
    "invoice_balances": "payer_customer_id = 'atlas' and issue_date > date '2025-11-01'",
}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Two closes; the second holds the invoice of atlas."""
    company = begun(tmp_path_factory.mktemp("held"))
    (report,) = close(company.workspace, SECOND_CLOSE, "atlas")
    assert report.held_count == 1
    assert "1 held, see `meterhouse holds`" in report.line()
    return company


@pytest.fixture(scope="module")
def later(held: ClosedCompany, tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """A third close while the document is held."""
    company = held.copy(tmp_path_factory.mktemp("later"))
    close(company.workspace, THIRD_CLOSE)
    return company


@pytest.fixture
def waiting(later: ClosedCompany, tmp_path: Path) -> ClosedCompany:
    return later.copy(tmp_path / "waiting")


def test_only_what_the_check_names_is_held(held: ClosedCompany) -> None:
    """borea's November goes out, under the number after those of October."""
    assert held.finance(
        "select invoice_number, payer_customer_id from invoices where close_date = date '2025-12-01'"
    ) == [("US-000003", "borea")]
    assert held.finance(
        f"select result, offender_count from close_checks where check_name = '{CHECK}'"
        " and close_date = date '2025-12-01'"
    ) == [("held", 1)]
    with connect(held.workspace, read_only=True) as con:
        (hold,) = decisions.active_holds(con)
    assert (hold.name, hold.document_keys, hold.follows) == ("H-1", (HELD,), ())


@pytest.mark.parametrize("table", sorted(LEAKS))
def test_nothing_of_it_shows(held: ClosedCompany, table: str) -> None:
    assert held.finance(f"select * from {table} where {LEAKS[table]}") == []


def test_its_period_is_registered_and_its_credit_reserved(later: ClosedCompany) -> None:
    """December bills December only, and draws what 250.00 - 2 x 101.52 leaves: 46.96."""
    assert later.finance(
        "select fees_amount, prepaid_credit_amount from invoices"
        " where close_date = date '2026-01-01' and payer_customer_id = 'atlas'"
    ) == [(MONTH, Decimal("46.96"))]


def test_a_release_publishes_it_as_it_was_judged(waiting: ClosedCompany) -> None:
    before = published_bytes(waiting)
    done = decisions.release(waiting.workspace, "H-1", *WHO, decided_on=date(2026, 1, 20))
    assert (done.numbers, done.discarded) == (("US-000006",), ())
    assert waiting.finance(INVOICES)[-1] == (
        "US-000006",
        SECOND_CLOSE,
        2,
        date(2026, 1, 20),
        date(2026, 2, 19),
        MONTH,
        MONTH,
    )
    assert waiting.finance(
        "select close_date, used_amount, closing_amount from credit_ledger where used_amount <> 0"
        " order by closing_amount desc"
    ) == [
        (FIRST_CLOSE, MONTH, Decimal("148.48")),
        (THIRD_CLOSE, Decimal("46.96"), Decimal("101.52")),
        (SECOND_CLOSE, MONTH, Decimal(0)),
    ]
    assert waiting.finance(
        "select close_date, publication_no, check_name, offender_count, decided_by, reason from close_checks"
        " where result = 'released'"
    ) == [(SECOND_CLOSE, 2, CHECK, 1, *WHO)]
    # What was there stays to the byte; the new publication has files of its own.
    after = published_bytes(waiting)
    kept = {name for name in before if name.endswith(".parquet")}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert "parquet/invoices/2025-12-01-2.parquet" in after


def test_what_was_closed_before_a_release_is_computed_again_as_it_was(
    waiting: ClosedCompany,
) -> None:
    ws = waiting.workspace
    decisions.release(ws, HELD, *WHO)
    close(ws, FOURTH_CLOSE)
    assert [
        close_again(ws, FIRST_CLOSE),
        close_again(ws, SECOND_CLOSE, "atlas"),
        close_again(ws, THIRD_CLOSE),
        close_again(ws, FOURTH_CLOSE),
    ] == ["unchanged"] * 4
    # January alone: what was released is billed and paid.
    assert waiting.finance(
        "select fees_amount, prepaid_credit_amount from invoices"
        " where close_date = date '2026-02-01' and payer_customer_id = 'atlas'"
    ) == [(Decimal(99), Decimal(0))]


def test_after_a_discard_the_next_close_bills_its_periods(waiting: ClosedCompany) -> None:
    """November and January: 101.52 + 99.00; the 101.52 that were reserved are free for them."""
    ws = waiting.workspace
    done = decisions.discard(ws, HELD, *WHO)
    assert [hold.name for hold in done.discarded] == ["H-1"]
    close(ws, FOURTH_CLOSE)
    assert waiting.finance(
        "select fees_amount, prepaid_credit_amount from invoices"
        " where close_date = date '2026-02-01' and payer_customer_id = 'atlas'"
    ) == [(Decimal("200.52"), MONTH)]
    assert waiting.finance(
        "select sum(amount) from invoice_lines where subscription_id = 'sub_atlas'"
    ) == [(3 * MONTH + 99,)]
    assert [
        close_again(ws, SECOND_CLOSE, "atlas"),
        close_again(ws, THIRD_CLOSE),
        close_again(ws, FOURTH_CLOSE),
    ] == ["unchanged"] * 3
    assert waiting.warehouse("select outcome, decided_by, reason from issued.hold_ends") == [
        ("discarded", *WHO)
    ]


def test_what_a_discard_frees_of_a_lapsed_lot_pays_its_own_period(tmp_path: Path) -> None:
    """Of 350.00, three months draw 304.56 and 45.44 lapse; November's 101.52 are free for November, not for January."""
    company = begun(tmp_path, "350", "2025-12-15")
    ws = company.workspace
    close(ws, SECOND_CLOSE, "atlas")
    close(ws, THIRD_CLOSE)
    lapsed = "select amount, close_date from credit_movements where movement_kind = 'expired'"
    assert company.finance(lapsed) == [(Decimal("45.44"), THIRD_CLOSE)]
    decisions.discard(ws, HELD, *WHO)
    close(ws, FOURTH_CLOSE)
    assert company.finance(
        "select fees_amount, prepaid_credit_amount from invoices"
        " where close_date = date '2026-02-01' and payer_customer_id = 'atlas'"
    ) == [(Decimal("200.52"), MONTH)]
    assert company.finance("select remaining_amount from wallet_lots") == [(Decimal(0),)]
    assert company.finance(lapsed) == [(Decimal("45.44"), THIRD_CLOSE)]
    assert close_again(ws, THIRD_CLOSE) == close_again(ws, FOURTH_CLOSE) == "unchanged"


def test_what_corrects_a_held_document_waits_for_it(held: ClosedCompany, tmp_path: Path) -> None:
    """Three late calls of November: December's invoice bills them too, and cannot name November's. So it is held."""
    company = held.copy(tmp_path / "late")
    ws = company.workspace
    add_usage(ws, "late", *["2025-11-20T10:00:00Z"] * 3)
    close(ws, THIRD_CLOSE)
    with connect(ws, read_only=True) as con:
        _, second = decisions.active_holds(con)
    assert (second.name, second.follows, second.close_date) == ("H-2", (-1,), THIRD_CLOSE)
    with pytest.raises(Refused, match="H-2 corrects or credits H-1, which is held"):
        decisions.release(ws, "H-2", *WHO)

    done = decisions.release(ws, "H-1", *WHO)
    assert [hold.name for hold in done.discarded] == ["H-2"]
    close(ws, FOURTH_CLOSE)
    # December and January, and the late calls of November on the line that names its invoice.
    assert company.finance(
        "select fees_amount from invoices where close_date = date '2026-02-01' and payer_customer_id = 'atlas'"
    ) == [(MONTH + 99 + Decimal("0.03"),)]
    assert company.finance(
        "select amount, original_invoice_number from invoice_lines where original_invoice_number is not null"
    ) == [(Decimal("0.03"), done.numbers[0])]
    assert close_again(ws, THIRD_CLOSE) == close_again(ws, FOURTH_CLOSE) == "unchanged"


@pytest.mark.parametrize("first_minimum", ["100", ""])
def test_a_period_held_without_a_fee_is_looked_at_again(tmp_path: Path, first_minimum: str) -> None:
    """November reached its commitment of 100.00, or has none, and is held; then the commitment is corrected to 101.

    November is discarded, and its usage retracted: what lacks to 101.00 is billed.
    """
    company = begun(tmp_path)
    ws = company.workspace
    plans = ws.catalog / "prices/plans.csv"
    header, row = plans.read_text(encoding="utf-8").splitlines()
    rows = [f"{header},minimum_commitment_amount", f"{row},"]
    for close_date, held, recorded, minimum in (
        (SECOND_CLOSE, ["atlas"], "2025-11-20", first_minimum),
        (THIRD_CLOSE, [], "2025-12-20", "101"),
    ):
        rows.append(f"{row.replace('2025-01-01T', recorded + 'T')},{minimum}")
        plans.write_text("\n".join([*rows, ""]), encoding="utf-8")
        close(ws, close_date, *held)
    with connect(ws, read_only=True) as con:
        assert [hold.name for hold in decisions.active_holds(con)] == ["H-1"]
    decisions.discard(ws, "H-1", *WHO)
    november = [f"ext_atlas-{code}-{number}" for code in ("calls", "tokens") for number in (2, 3)]
    retractions = [
        {"transaction_id": f"no-{key}", "external_subscription_id": "ext_atlas", "retracts": key}
        for key in november
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in retractions)
    (ws.landing / "retractions.jsonl").write_text(text, encoding="utf-8")
    close(ws, FOURTH_CLOSE)
    lines = company.finance(
        "select fee_type, amount from invoice_lines where subscription_id = 'sub_atlas' and amount <> 0"
        " and service_period_start >= '2025-11-01' and service_period_start < '2025-12-01' order by 1"
    )
    assert lines == [("commitment_true_up", Decimal(2)), ("subscription", Decimal(99))]


def test_what_the_gate_held_cannot_be_published_by_hand(
    held: ClosedCompany, tmp_path: Path
) -> None:
    from orchestration.close_steps import build_drafts
    from tests.replayed_dbt import REPLAYED

    company = held.copy(tmp_path / "by_hand")
    ws = company.workspace
    with naming("borea"), REPLAYED.patched(ws.warehouse_file):
        build_drafts(ws, THIRD_CLOSE, clock)
    with connect(ws) as con:
        con.execute("delete from control.gate_holds")
    with pytest.raises(Refused, match="changed after the gate"):
        publish_drafts(ws, THIRD_CLOSE, clock)


def test_a_receipt_of_before_a_decision_is_worth_nothing(
    held: ClosedCompany, tmp_path: Path
) -> None:
    """Drafts that still knew November as held may not be published once it is discarded."""
    from orchestration.close_steps import build_drafts
    from tests.replayed_dbt import REPLAYED

    company = held.copy(tmp_path / "stale")
    ws = company.workspace
    with REPLAYED.patched(ws.warehouse_file):
        build_drafts(ws, THIRD_CLOSE, clock)
    decisions.discard(ws, "H-1", *WHO)
    with pytest.raises(Refused, match="the gate has not passed it"):
        publish_drafts(ws, THIRD_CLOSE, clock)


def test_a_release_that_was_cut_off_is_finished_by_the_next_command(
    waiting: ClosedCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(decisions, "sync_published", killed)
        with pytest.raises(KeyboardInterrupt):
            decisions.release(waiting.workspace, "H-1", *WHO)
    assert len(waiting.finance(INVOICES)) == 2
    mend_publication(waiting.workspace, clock)
    assert len(waiting.finance(INVOICES)) == 3


@pytest.mark.parametrize(
    ("document", "who", "message"),
    [
        ("H-7", WHO, "H-7 is not held; `meterhouse holds` lists what is"),
        ("H-1", ("", "because"), "--by is empty"),
        ("H-1", ("A. Lovelace", " "), "--reason is empty"),
    ],
)
def test_a_decision_names_a_hold_a_person_and_a_reason(
    held: ClosedCompany, document: str, who: tuple[str, str], message: str
) -> None:
    for decide in (decisions.release, decisions.discard):
        with pytest.raises(BadInput, match=message):
            decide(held.workspace, document, *who)
