"""A company of any size with random coupons, lots, credit notes and payments, billed month by month through 2025.

Belongs here: its rows, its usage, and what is added to both before each close. Does not belong here: what must hold of
its bills (`test_credit_conservation`).

Customers pay 40 USD a month in arrears, 30 in advance, or both; a call costs 0.013. Subscriptions start within four
months, those in advance on the first of one; some end in April or August, in the middle of the month, which makes
credit notes of what was paid in advance. A tenth of all usage comes a month late. After each close some of its invoices
are paid and lines are credited by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from orchestration.workspace import Workspace
from tests.plain_close import close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
PRESENT = datetime(2026, 6, 1, tzinfo=UTC)
MONTHS = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(13)]
COUPONS = (
    {"coupon_type": "fixed", "amount": "25", "frequency": "once"},
    {"coupon_type": "fixed", "amount": "180", "frequency": "once"},
    {"coupon_type": "fixed", "amount": "7.77", "frequency": "recurring", "frequency_duration": "3"},
    {"coupon_type": "fixed", "amount": "5", "frequency": "forever"},
    {"coupon_type": "percentage", "rate_percent": "10", "frequency": "forever"},
    {"coupon_type": "percentage", "rate_percent": "33.333", "frequency": "recurring"}
    | {"frequency_duration": "2"},
    {"coupon_type": "percentage", "rate_percent": "100", "frequency": "once"},
)


ADDED = (
    *("accounts/customers", "accounts/subscriptions", "accounts/payments"),
    *("accounts/manual_credits", "tax/customer_taxes", "credits/applied_coupons"),
    *("credits/wallets", "credits/wallet_lots"),
)


class Scale:
    """The company under `folder`, with `count` customers that follow from `seed`; `ws` are its folders."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        self._random = Random(seed)
        self._folder = folder
        self._late: list[str] = []
        self._ends: dict[str, str] = {}
        self._book = self._rows(count)
        self.ws = write_book(folder, self._book)
        # Of no row, but there.
        header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
        (self.ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")

    def close(self, month: int) -> None:
        """Let usage of the month before `MONTHS[month]` arrive, close, and decide about what was billed."""
        self._write_usage(month)
        for row in self._book["accounts/subscriptions"]:
            # Ends come to light once the month is billed in advance.
            end = self._ends.get(row["subscription_id"], "")
            row["ended_at"] = end if end < str(MONTHS[month]) else ""
        self.ws = write_book(self._folder, self._book)
        close_through(self.ws, MONTHS[month], clock=lambda: PRESENT)
        self._decide(MONTHS[month])

    def _rows(self, count: int) -> Book:
        draw = self._random
        book: Book = {
            "prices/billable_metrics": [
                {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum"}
                | {"field_name": "n"}
            ],
            "prices/plans": [
                {"plan_code": code, "plan_name": code, "amount": amount, "interval": "monthly"}
                | {"currency": "USD", "is_pay_in_advance": in_advance}
                | SINCE
                for code, amount, in_advance in (
                    ("arrears", "40", "false"),
                    ("advance", "30", "true"),
                )
            ],
            "prices/charges": [
                {"plan_code": code, "charge_code": "calls", "metric_code": "calls"}
                | {"display_name": "Calls", "charge_model": "standard", "unit_amount": "0.013"}
                | SINCE
                for code in ("arrears", "advance")
            ],
            "accounts/billing_entities": [
                {"billing_entity_code": code, "entity_name": code, "country": country}
                | {"invoice_prefix": code.upper(), "net_payment_days": "30", "grace_days": "0"}
                for code, country in (("us", "US"), ("eu", "DE"))
            ],
            "tax/taxes": [
                {"tax_code": code, "tax_name": code, "rate_percent": rate} | SINCE
                for code, rate in (("none", "0"), ("low", "4.5"), ("high", "8.875"))
            ],
            "credits/coupons": [
                {"coupon_code": f"coupon{number}", "coupon_name": f"Coupon {number}"}
                | ({"currency": "USD"} if row["coupon_type"] == "fixed" else {})
                | row
                for number, row in enumerate(COUPONS)
            ],
        }
        for table in ADDED:
            book[table] = []
        for number in range(count):
            self._add_customer(book, f"c{number:05}", draw)
        return book

    def _add_customer(self, book: Book, name: str, draw: Random) -> None:
        book["accounts/customers"].append(
            {"customer_id": name, "customer_name": name}
            | {"billing_entity_code": draw.choice(["us", "us", "eu"])}
        )
        for code in draw.choice([["none"], ["low"], ["high"], ["low", "high"]]):
            book["tax/customer_taxes"].append({"customer_id": name, "tax_code": code})
        for plan in draw.choice([["arrears"], ["advance"], ["arrears", "advance"]]):
            # What is billed in advance is due on its first day, which would make a close of its own of every day.
            day = draw.randint(1, 28) if plan == "arrears" else 1
            start = f"2025-{draw.randint(1, 4):02}-{day:02}T00:00:00Z"
            end = draw.choice(["", "", "", "", "2025-04-16T00:00:00Z", "2025-08-16T00:00:00Z"])
            key = f"{name}-{plan}"
            book["accounts/subscriptions"].append(
                {"subscription_id": key, "external_subscription_id": key, "customer_id": name}
                | {"plan_code": plan, "started_at": start, "recorded_at": start}
                | {"ended_at": ""}
            )
            if end > start:
                self._ends[key] = end
        for number in range(draw.choice([0, 1, 1, 2, 3])):
            book["credits/applied_coupons"].append(
                {"applied_coupon_id": f"{name}-{number}", "customer_id": name}
                | {"coupon_code": f"coupon{draw.randrange(len(COUPONS))}"}
                | {"applied_on": self._day(draw)}
            )
        for number in range(draw.choice([0, 1, 1, 2])):
            wallet = f"{name}-w{number}"
            book["credits/wallets"].append(
                {"wallet_id": wallet, "customer_id": name, "wallet_name": wallet}
                | {"currency": "USD", "priority": draw.randint(1, 3)}
            )
            for lot in range(draw.choice([1, 1, 2, 3])):
                granted = self._day(draw)
                book["credits/wallet_lots"].append(
                    {"lot_id": f"{wallet}-{lot}", "wallet_id": wallet, "lot_kind": "granted"}
                    | {"amount": draw.choice(["3.33", "20", "75.5", "400"]), "granted_on": granted}
                    | {"expires_on": draw.choice(["", "", "2025-07-01", "2025-12-01"])}
                )
                row = book["credits/wallet_lots"][-1]
                if row["expires_on"] and row["expires_on"] <= granted:
                    row["expires_on"] = ""

    @staticmethod
    def _day(draw: Random) -> str:
        return f"2025-{draw.randint(1, 9):02}-{draw.randint(1, 28):02}"

    def _write_usage(self, month: int) -> None:
        first = MONTHS[month - 1]
        lines, self._late = self._late, []
        for row in self._book["accounts/subscriptions"]:
            for number in range(self._random.choice([0, 1, 2])):
                line = json.dumps(
                    {"transaction_id": f"{row['subscription_id']}-{first}-{number}"}
                    | {"external_subscription_id": row["subscription_id"], "code": "calls"}
                    | {"timestamp": f"{first:%Y-%m}-{self._random.randint(1, 28):02}T10:00:00Z"}
                    | {"properties": {"n": self._random.randint(1, 5000)}}
                )
                (self._late if self._random.random() < 0.1 else lines).append(line)
        self.ws.landing.mkdir(exist_ok=True)
        text = "".join(f"{line}\n" for line in lines)
        (self.ws.landing / f"{first}.jsonl").write_text(text, encoding="utf-8")

    def _decide(self, close_date: date) -> None:
        """Pay a third of the new invoices, and credit a line of every twentieth by hand, as the next month begins."""
        if close_date == MONTHS[-1]:
            return
        following = MONTHS[MONTHS.index(close_date) + 1]
        for invoice, line, subscription, amount, due in self._billed(close_date):
            fate = self._random.random()
            if fate < 0.33 and due > 0:
                self._book["accounts/payments"].append(
                    {"payment_id": f"p-{invoice}", "invoice_number": invoice, "amount": str(due)}
                    | {"paid_on": str(close_date)}
                )
            if fate < 0.05:
                # An end before the next close takes back up to 16 of 31 days first.
                ends_before = self._ends.get(subscription, "9999") < str(following)
                cents = self._random.randint(1, int(amount * (40 if ends_before else 100)))
                self._book["accounts/manual_credits"].append(
                    {"manual_credit_id": f"m-{invoice}", "invoice_number": invoice}
                    | {"line_number": line, "amount": str(Decimal(cents) / 100)}
                    | {"credited_on": str(following), "reason": "Goodwill", "author": "J. Kent"}
                    | {"handling": self._random.choice(["credit", "refund", "offset", ""])}
                    | {"recorded_at": f"{close_date}T12:00:00Z"}
                )

    def _billed(self, close_date: date) -> Iterator[tuple[Any, ...]]:
        """Invoices whose base fee coupons do not take: its line and subscription, what they leave, and what is due."""
        with duckdb.connect(str(self.ws.published / "finance.duckdb"), read_only=True) as con:
            yield from con.execute(
                """
                select
                    i.invoice_number, l.line_number, l.subscription_id, l.amount - l.coupon_amount, i.amount_due
                from invoices as i
                inner join invoice_lines as l using (invoice_number)
                where i.close_date = ? and l.fee_type = 'subscription' and l.amount - l.coupon_amount >= 0.01
                qualify row_number() over (partition by i.invoice_number order by l.line_number) = 1
                order by i.invoice_number
                """,
                [close_date],
            ).fetchall()


def closed(folder: Path, count: int, months: int, seed: int) -> Workspace:
    """The company after `months` monthly closes, the first on 1 February 2025."""
    company = Scale(folder, count, seed)
    for month in range(1, months + 1):
        company.close(month)
    return company.ws
