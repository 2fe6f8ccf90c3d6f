"""The oracle's credit notes at the end of a plan paid in advance, by hand and by the worked cases; and their use.

Belongs here: what a note gives back, in which of three ways, and which invoices it pays. Does not belong here: when a
subscription ends (`test_oracle_timelines`).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bill import Bill
from tests.oracle.credit_notes import returns_of_note
from tests.oracle.hand_written import (
    Cells,
    Tables,
    charge,
    event,
    fees,
    hand_bill,
    plan,
    subscription,
)
from tests.oracle.invoices import Payment
from tests.oracle.settlement import Draw

IN_ADVANCE = {"is_pay_in_advance": "true"}
VAT = {"tax_code": "vat", "rate_percent": "20", "valid_from": "2020-01-01"} | {
    "recorded_at": "2020-01-01T00:00:00Z"
}


def tables_of(*rows: Cells, amount: str = "31", tax: str = "20", **cells: str) -> Tables:
    """A plan in advance, and rows of subscriptions; a tax of some percent."""
    return {
        "prices/plans": [plan("p", amount, **IN_ADVANCE, **cells)],
        "accounts/subscriptions": list(rows),
        "tax/taxes": [{**VAT, "rate_percent": tax}],
        "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "vat"}],
    }


def ended(
    folder: Path,
    ended_at: str,
    *,
    on_termination: str = "credit",
    through: str = "2025-08-31",
    paid: str = "",
    known_after: str = "2025-07-05",
    more: Tables | None = None,
    **cells: str,
) -> Bill:
    """A subscription from 15 June whose end in July becomes known after a day of July; the invoice of 1 July paid."""
    row = subscription("s", "p", "2025-06-15", on_termination=on_termination)
    before = {**tables_of(row, **cells), **(more or {})}
    end = ended_at if "T" in ended_at else f"{ended_at}T00:00Z"
    after = {**before, "accounts/subscriptions": [{**row, "ended_at": end}]}
    if more and "accounts/subscriptions" in more:
        before["accounts/subscriptions"] = [row, *more["accounts/subscriptions"]]
        after["accounts/subscriptions"] += more["accounts/subscriptions"]
    july = (date(2025, 7, 1), "atlas", "EUR", "subscription")
    payments = [Payment(july, Decimal(paid), date(2025, 7, 3))] if paid else []
    return hand_bill(folder, after, [], through, earlier={known_after: before}, payments=payments)


def notes(result: Bill) -> list[tuple[str, ...]]:
    """Close date, original close date, subtotal, tax, credit, refund, offset of every note."""
    return [
        (
            one.close_date.isoformat(),
            one.invoice_key[0].isoformat(),
            *(
                format(amount.normalize(), "f")
                for amount in (
                    one.subtotal_amount,
                    one.tax_amount,
                    one.credit_amount,
                    one.refund_amount,
                    one.offset_amount,
                )
            ),
        )
        for one in result.credit_notes
    ]


def test_unused_days_are_credited_when_the_end_is_due(tmp_path: Path) -> None:
    """The day of the end is used: 16 of 31 days of 31 are not, and 20 % of tax."""
    result = ended(tmp_path, "2025-07-15T10:00Z")
    assert notes(result) == [("2025-07-16", "2025-07-01", "16", "3.2", "19.2", "0", "0")]


def test_an_end_at_midnight_uses_no_day_of_its_own(tmp_path: Path) -> None:
    result = ended(tmp_path, "2025-07-15")
    assert notes(result) == [("2025-07-15", "2025-07-01", "17", "3.4", "20.4", "0", "0")]


def test_an_end_at_the_end_of_the_period_credits_nothing(tmp_path: Path) -> None:
    assert notes(ended(tmp_path, "2025-07-31T23:59Z")) == []
    assert notes(ended(tmp_path, "2025-08-01")) == []


def test_an_end_known_beforehand_is_no_note(tmp_path: Path) -> None:
    result = ended(tmp_path, "2025-07-15T10:00Z", known_after="2025-06-20")
    assert notes(result) == []
    assert fees(result)[-1] == ("2025-07-01", "s", "15.00")


def test_a_backdated_end_credits_every_later_invoice(tmp_path: Path) -> None:
    """Ended on 20 June, known in July: 10 of 30 days of June (31 × 10 ÷ 30 = 10.333…), and all of July.

    Nothing falls due before 1 August, when another subscription's bill makes the company close.
    """
    more: Tables = {
        "accounts/subscriptions": [
            subscription("t", "p", "2025-06-15", external_subscription_id="other")
        ]
    }
    result = ended(tmp_path, "2025-06-20T10:00Z", through="2025-08-01", more=more)
    assert notes(result) == [
        ("2025-08-01", "2025-06-15", "10.33", "2.07", "12.4", "0", "0"),
        ("2025-08-01", "2025-07-01", "31", "6.2", "37.2", "0", "0"),
    ]


def test_each_segment_is_credited_at_its_own_price(tmp_path: Path) -> None:
    """July at 31 until the 20th, at 62 from the 21st: 5 × 1 and 11 × 2."""
    plans = [
        plan("p", "31", **IN_ADVANCE, valid_to="2025-07-21"),
        plan("p", "62", **IN_ADVANCE, valid_from="2025-07-21"),
    ]
    result = ended(tmp_path, "2025-07-15T10:00Z", more={"prices/plans": plans})
    assert notes(result) == [("2025-07-16", "2025-07-01", "27", "5.4", "32.4", "0", "0")]


def test_a_segment_without_a_used_day_comes_back_as_it_was_billed(tmp_path: Path) -> None:
    """From the 21st at 1 a month: 0.3548… was billed as 0.35. With 5 unused days of 31 × 5 ÷ 31 no more comes back."""
    plans = [
        plan("p", "31", **IN_ADVANCE, valid_to="2025-07-21"),
        plan("p", "1", **IN_ADVANCE, valid_from="2025-07-21"),
    ]
    result = ended(tmp_path, "2025-07-15T10:00Z", more={"prices/plans": plans})
    assert notes(result) == [("2025-07-16", "2025-07-01", "5.35", "1.07", "6.42", "0", "0")]


def test_nothing_stays_of_segments_without_a_used_day(tmp_path: Path) -> None:
    """15 days of 0.155 and 16 of 0.15016, of 31, are 0.075 and 0.0775, each billed as 0.08: their sum gives 0.15."""
    more: Tables = {
        "prices/plans": [
            plan("p", "0.155", **IN_ADVANCE, valid_to="2025-07-16"),
            plan("p", "0.15016", **IN_ADVANCE, valid_from="2025-07-16"),
            plan("q", "1"),
        ],
        "accounts/subscriptions": [
            subscription("t", "q", "2025-06-15", external_subscription_id="other")
        ],
    }
    result = ended(tmp_path, "2025-06-30T10:00Z", through="2025-08-01", more=more)
    assert notes(result) == [("2025-08-01", "2025-07-01", "0.16", "0.03", "0.19", "0", "0")]


def test_trial_days_are_not_credited(tmp_path: Path) -> None:
    """The trial ends with 19 July: 12 days were billed, of which none was used."""
    result = ended(tmp_path, "2025-07-15T10:00Z", trial_days="35")
    assert notes(result) == [("2025-07-16", "2025-07-01", "12", "2.4", "14.4", "0", "0")]


def test_what_is_skipped_is_no_note(tmp_path: Path) -> None:
    assert notes(ended(tmp_path, "2025-07-15T10:00Z", on_termination="skip")) == []


@pytest.mark.parametrize(
    ("paid", "credit", "refund"),
    [
        ("", "19.2", "0"),
        ("18", "19.2", "0"),  # the used 15 days cost 18 with tax
        ("18.01", "19.19", "0.01"),
        ("37.2", "0", "19.2"),
    ],
)
def test_a_refund_gives_back_what_was_paid_above_the_use(
    tmp_path: Path, paid: str, credit: str, refund: str
) -> None:
    result = ended(tmp_path, "2025-07-15T10:00Z", on_termination="refund", paid=paid)
    assert [one[4:] for one in notes(result)] == [(credit, refund, "0")]


def test_the_paid_share_of_a_fee_is_that_of_its_invoice(tmp_path: Path) -> None:
    """Two fees of 31: of 60 paid 30 are this one's, less 18 for its use."""
    more: Tables = {
        "accounts/subscriptions": [
            subscription("t", "p", "2025-06-15", external_subscription_id="other")
        ]
    }
    result = ended(tmp_path, "2025-07-15T10:00Z", on_termination="refund", paid="60", more=more)
    assert [one[4:] for one in notes(result)] == [("7.2", "12", "0")]


def test_what_wallets_paid_counts_as_paid_and_returns_to_them(tmp_path: Path) -> None:
    """25 of 37.20 by the lot, 12.20 unpaid: 7 were paid beyond the use of 18, and go back to the lot."""
    more: Tables = {
        "credits/wallets": [
            {"wallet_id": "w", "customer_id": "atlas", "currency": "EUR", "priority": "1"}
        ],
        "credits/wallet_lots": [
            {"lot_id": "l", "wallet_id": "w", "lot_kind": "granted", "amount": "25"}
            | {"granted_on": "2025-07-01"}
        ],
    }
    result = ended(tmp_path, "2025-07-15T10:00Z", on_termination="refund", more=more)
    assert [one[4:] for one in notes(result)] == [("12.2", "0", "0")]
    assert [one.returns for one in result.credit_notes] == [(Draw("l", Decimal(7)),)]
    assert settled(result)[0] == ("2025-06-15", "19.84", "0", "0", "19.84")
    assert result.remaining_lot_amounts == {"l": Decimal(7)}


@pytest.mark.parametrize(
    ("earlier", "note", "offset", "expected"),
    [
        ((), "30", "30", []),  # what is due is lowered first
        ((), "45", "30", [("c", "15")]),
        ((), "90", "30", [("c", "20"), ("b", "10"), ("a", "30")]),
        ((), "100", "30", [("c", "20"), ("b", "10"), ("a", "30")]),  # 10 were paid by notes
        ((("45", (("c", "15"),)),), "20", "0", [("c", "5"), ("b", "10"), ("a", "5")]),
        ((("30", ()),), "50", "30", [("c", "20")]),  # an earlier note left the 30 open
    ],
)
def test_lots_get_back_in_reverse_order(
    earlier: tuple[Any, ...], note: str, offset: str, expected: list[tuple[str, str]]
) -> None:
    """Of 100, notes paid 10, three lots 30, 10 and 20, and 30 are due."""
    draws = [Draw("a", Decimal(30)), Draw("b", Decimal(10)), Draw("c", Decimal(20))]
    before = [
        (Decimal(amount), [Draw(lot, Decimal(part)) for lot, part in returns])
        for amount, returns in earlier
    ]
    found = returns_of_note(Decimal(30), draws, before, Decimal(note), Decimal(offset))
    assert [(one.lot_id, format(one.amount.normalize(), "f")) for one in found] == [
        (lot, format(Decimal(part).normalize(), "f")) for lot, part in expected
    ]


@pytest.mark.parametrize(
    ("paid", "credit", "offset"), [("", "0", "19.2"), ("30", "12", "7.2"), ("37.2", "19.2", "0")]
)
def test_an_offset_lowers_what_is_still_open(
    tmp_path: Path, paid: str, credit: str, offset: str
) -> None:
    result = ended(tmp_path, "2025-07-15T10:00Z", on_termination="offset", paid=paid)
    assert [one[4:] for one in notes(result)] == [(credit, "0", offset)]


# Changes of plan.


def test_an_upgrade_credits_the_old_plan_from_its_day_on(tmp_path: Path) -> None:
    """Known on 10 July: the 10th is the new plan's, 22 of 31 days of 31 are credited, on the bill of the old usage."""
    before = tables_of(subscription("s", "p", "2025-06-15"), tax="0")
    before["prices/plans"].append(plan("q", "62", **IN_ADVANCE))
    new = subscription("t", "q", "2025-07-10T12:00Z")
    after = {**before, "accounts/subscriptions": [*before["accounts/subscriptions"], new]}
    result = hand_bill(tmp_path, after, [], "2025-08-01", earlier={"2025-07-05": before})
    assert fees(result) == [
        ("2025-06-15", "s", "16.53"),
        ("2025-07-01", "s", "31.00"),
        ("2025-07-10", "t", "44.00"),
        ("2025-08-01", "t", "62.00"),
    ]
    assert notes(result) == [("2025-07-11", "2025-07-01", "22", "0", "22", "0", "0")]


def test_a_downgrade_credits_nothing(tmp_path: Path) -> None:
    before = tables_of(subscription("s", "p", "2025-06-15"))
    before["prices/plans"].append(plan("q", "10", **IN_ADVANCE))
    new = subscription("t", "q", "2025-07-10T12:00Z")
    after = {**before, "accounts/subscriptions": [*before["accounts/subscriptions"], new]}
    result = hand_bill(tmp_path, after, [], "2025-08-01", earlier={"2025-07-05": before})
    assert notes(result) == []
    assert fees(result)[-1] == ("2025-08-01", "t", "10.00")


# Balances.


def settled(result: Bill) -> list[tuple[str, ...]]:
    """Close date, total, credit notes, wallets and amount due of each invoice of atlas."""
    return [
        (
            one.close_date.isoformat(),
            *(
                format(amount.normalize(), "f")
                for amount in (
                    one.total_amount,
                    one.credit_note_amount,
                    one.prepaid_credit_amount,
                    one.amount_due,
                )
            ),
        )
        for one in result.invoices
        if one.customer_id == "atlas"
    ]


def test_a_note_pays_the_last_usage_and_then_the_next_invoice_before_wallets(
    tmp_path: Path,
) -> None:
    """A note of 20.40 known with the end of 15 July: 6 pay its own close's usage of 5, 14.40 the 37.20 of August.

    The wallet of 30 pays what then is left.
    """
    row = subscription("s", "p", "2025-07-01")
    other = subscription("t", "p", "2025-08-01", external_subscription_id="other")
    before = tables_of(row, other)
    before["prices/charges"] = [charge("calls", unit_amount="1", plan_code="p")]
    before["credits/wallets"] = [
        {"wallet_id": "w", "customer_id": "atlas", "currency": "EUR", "priority": "1"}
    ]
    before["credits/wallet_lots"] = [
        {"lot_id": "l", "wallet_id": "w", "lot_kind": "granted", "amount": "30"}
        | {"granted_on": "2025-07-02"}
    ]
    rows = [{**row, "ended_at": "2025-07-15T00:00Z"}, other]
    after = {**before, "accounts/subscriptions": rows}
    events = [event(f"e{number}", "2025-07-10", "calls") for number in range(5)]
    result = hand_bill(tmp_path, after, [events], "2025-09-01", earlier={"2025-07-05": before})
    assert notes(result) == [("2025-07-15", "2025-07-01", "17", "3.4", "20.4", "0", "0")]
    assert settled(result) == [
        ("2025-07-01", "37.2", "0", "0", "37.2"),
        ("2025-07-15", "6", "6", "0", "0"),
        ("2025-08-01", "37.2", "14.4", "22.8", "0"),
        ("2025-09-01", "37.2", "0", "7.2", "30"),
    ]
    assert [format(one, "f") for one in result.note_balances.values()] == ["0.0000"]


def test_the_oldest_note_pays_first_and_only_its_currency(tmp_path: Path) -> None:
    """Notes of 20.40 and 10.80, both more than enough: an invoice of 24 takes all of the first."""
    rows = [
        subscription("s", "p", "2025-07-01"),
        subscription("t", "p", "2025-07-01", external_subscription_id="two"),
        subscription("u", "usd", "2025-08-05", external_subscription_id="three"),
        subscription("v", "small", "2025-08-10", external_subscription_id="four"),
    ]
    before = tables_of(*rows)
    before["prices/plans"] += [
        plan("usd", "10", **IN_ADVANCE) | {"currency": "USD"},
        plan("small", "31", **IN_ADVANCE),
    ]
    rows = [
        {**rows[0], "ended_at": "2025-07-15T00:00Z"},
        {**rows[1], "ended_at": "2025-07-23T00:00Z"},
        *rows[2:],
    ]
    after = {**before, "accounts/subscriptions": rows}
    result = hand_bill(tmp_path, after, [], "2025-08-10", earlier={"2025-07-05": before})
    assert [one[4] for one in notes(result)] == ["20.4", "10.8"]
    assert settled(result)[-2:] == [
        ("2025-08-05", "10.45", "0", "0", "10.45"),
        ("2025-08-10", "26.4", "26.4", "0", "0"),
    ]
    uses = [(use.note_key[1], format(use.amount, "f")) for use in result.invoices[-1].note_uses]
    assert uses == [("s", "20.4000"), ("t", "6.0000")]


# Worked cases.


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    cases = json.loads((Path(__file__).parent / "cases" / "cases.json").read_text())
    [found] = [one for one in cases if one["id"] == case_id]
    return found["inputs"], found["expected"]


@pytest.mark.parametrize(
    "case_id",
    ["cn-term-basic", "cn-term-trial46", "cn-term-amount-details", "cn-term-refund-trial"],
)
def test_case_termination_credit_note(tmp_path: Path, case_id: str) -> None:
    """The case of a coupon and of a note before waits for coupons and adjustments."""
    inputs, expected = case(case_id)
    row = subscription("s", "p", inputs["started_at"], on_termination=inputs["mode"])
    before = tables_of(
        row,
        amount=str(Decimal(inputs["plan_amount_cents"]) / 100),
        tax=inputs["tax_rate_percent"],
        trial_days=str(inputs["trial_days"]),
    )
    after = {
        **before,
        "accounts/subscriptions": [{**row, "ended_at": inputs["terminated_at"]}],
    }
    october = date(2022, 10, 1)
    paid = Decimal(inputs["invoice_paid_amount_cents"]) / 100
    result = hand_bill(
        tmp_path,
        after,
        [],
        "2022-10-31",
        earlier={"2022-10-10": before},
        payments=[Payment((october, "atlas", "EUR", "subscription"), paid, october)],
    )
    [note] = result.credit_notes
    assert {
        "item_precise_amount_cents": cents(note.subtotal_amount),
        "taxes_amount_cents": cents(note.tax_amount),
        "total_amount_cents": cents(note.total_amount),
        "credit_amount_cents": cents(note.credit_amount),
        "refund_amount_cents": cents(note.refund_amount),
        "offset_amount_cents": cents(note.offset_amount),
    } == expected


def cents(amount: Decimal) -> str:
    return str(int(amount * 100))


@pytest.mark.parametrize("case_id", ["multi-upgrade-calendar", "multi-upgrade-anniversary"])
def test_case_upgrades_of_a_day_come_to_the_same(tmp_path: Path, case_id: str) -> None:
    """Two upgrades within an hour: the peer bills the first for no day and credits it; we do neither."""
    inputs, expected = case(case_id)
    rows = [
        subscription(f"s{number}", f"p{number}", step["at"], billing_time=inputs["billing_time"])
        for number, step in enumerate(inputs["steps"])
    ]
    before = tables_of(rows[0], tax=inputs["tax_rate_percent"])
    before["prices/plans"] = [
        plan(f"p{number}", str(Decimal(step["plan_amount_cents"]) / 100), **IN_ADVANCE)
        for number, step in enumerate(inputs["steps"])
    ]
    after = {**before, "accounts/subscriptions": rows}
    result = hand_bill(tmp_path, after, [], "2024-03-31", earlier={"2024-03-11": before})
    first, _, last = expected["invoice_fees_amount_cents"]
    assert [cents(Decimal(one[2])) for one in fees(result)] == [first, last]
    [note] = result.credit_notes
    assert cents(note.total_amount) == expected["credit_note_credit_amount_cents"][0]
    net = sum(int(one) for one in expected["invoice_fees_amount_cents"])
    with_tax = Decimal(net) * Decimal("1.25") - sum(
        map(int, expected["credit_note_credit_amount_cents"])
    )
    ours = sum(one.total_amount for one in result.invoices) - note.total_amount
    assert abs(ours * 100 - with_tax) <= 1
