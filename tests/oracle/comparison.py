"""The oracle's bill and the product's tables side by side, row by row.

Belongs here: what of both is compared and under which key, and the sentences that say how they differ. Does not
belong here: any computation of either side. Every key begins with the customer, so that differences can be grouped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .bill import Bill
from .comparison_top_ups import expected_top_ups, published_top_ups, with_oracle_lots
from .comparison_units import expected_units, published_units

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]
Query = Callable[[str], list[tuple[Any, ...]]]

INVOICE_COLUMNS = (
    "issue_date",
    "due_date",
    "billing_entity_code",
    "fees_amount",
    "progressive_credit_amount",
    "tax_amount",
    "total_amount",
    "prepaid_credit_amount",
    "amount_due",
    "status",
)
LINE_KEY = (
    "subscription_id",
    "fee_type",
    "charge_code",
    "metric_code",
    "service_period_start",
    "filter_code",
    "group_key",
    "event_id",
)
LINE_COLUMNS = ("service_period_end", "quantity", "unit_amount", "amount_unrounded", "amount")
NOTE_COLUMNS = ("subtotal_amount", "tax_amount", "credit_amount", "offset_amount")
# What moves in a lot, beside its grant.
LOT_COLUMNS = ("used_amount", "returned_amount", "expired_amount", "voided_amount")
PROGRESSIVE = "progressive_billing"
TAX_COLUMNS = ("taxable_amount", "tax_amount")


def expected_tables(bill: Bill) -> dict[str, Rows]:
    """The oracle's invoices, lines, taxes, draws and lots."""
    tables: dict[str, Rows] = {
        name: {} for name in ("invoices", "invoice_lines", "invoice_taxes", "wallet_draws")
    }
    line_rows: list[tuple[Any, ...]] = []
    for invoice in bill.invoices:
        key = (invoice.customer_id, invoice.close_date, invoice.currency, invoice.invoice_type)
        amounts = {
            column: getattr(invoice, column) for column in INVOICE_COLUMNS if "amount" in column
        }
        tables["invoices"][key] = {
            "issue_date": invoice.close_date,
            "due_date": invoice.due_date,
            "billing_entity_code": invoice.billing_entity_code,
            "status": "paid" if invoice.amount_due == 0 else "open",
            **amounts,
        }
        for line in invoice.lines:
            line_rows.append(
                (
                    *key,
                    *(getattr(line, column) for column in LINE_KEY),
                    *(getattr(line, column) for column in LINE_COLUMNS),
                )
            )
        for tax in invoice.taxes:
            tables["invoice_taxes"][(*key, tax.tax_code, tax.rate_percent)] = {
                "taxable_amount": tax.taxable_amount,
                "tax_amount": tax.tax_amount,
            }
        for draw in invoice.draws:
            tables["wallet_draws"][(*key, draw.lot_id)] = {"amount": draw.amount}
    tables["invoice_lines"] = keyed(line_rows, 4 + len(LINE_KEY), LINE_COLUMNS)
    tables["progressive_notes"] = {
        (invoice_key[1], note.close_date, *note.key[1:]): {
            column: getattr(note, column) for column in NOTE_COLUMNS
        }
        for note in bill.credit_notes
        if note.reason == PROGRESSIVE
        for invoice_key in [note.invoice_key]
    }
    tables["credit_ledger"] = _expected_ledger(bill)
    tables["wallet_lots"] = _expected_lots(bill)
    tables |= expected_units(bill) | expected_top_ups(bill)
    return tables


def _expected_ledger(bill: Bill) -> Rows:
    """What each lot paid, got back and lost in each close, and what was left of it afterwards."""
    left = {lot.lot_id: lot.amount for wallet in bill.catalog.wallets for lot in wallet.lots}
    moves = [
        (one.invoice_key[1], one.close_date, "returned_amount", back)
        for one in bill.credit_notes
        for back in one.returns
    ]
    moves += [
        (one.customer_id, one.close_date, "used_amount", draw)
        for one in bill.invoices
        for draw in one.draws
    ]
    owners = {lot.lot_id: own.customer_id for own in bill.catalog.wallets for lot in own.lots}
    moves += [
        (
            owners[one.lot_id],
            one.close_date,
            "voided_amount" if one.is_voided else "expired_amount",
            one,
        )
        for one in bill.lapses
    ]
    rows: Rows = {}
    for customer_id, close_date, column, move in sorted(moves, key=lambda move: move[1]):
        left[move.lot_id] += move.amount if column == "returned_amount" else -move.amount
        row = rows.setdefault(
            (customer_id, close_date, move.lot_id),
            dict.fromkeys(LOT_COLUMNS, Decimal(0)),
        )
        row[column] += move.amount
        row["closing_amount"] = left[move.lot_id]
    return rows


def _expected_lots(bill: Bill) -> Rows:
    """Every lot that existed at the last close, with what is left of it."""
    return {
        (wallet.customer_id, lot.lot_id): {
            "granted_amount": lot.amount,
            "remaining_amount": bill.remaining_lot_amounts[lot.lot_id],
        }
        for wallet in bill.catalog.wallets
        for lot in wallet.lots
        if bill.last_close_date is not None and lot.granted_on <= bill.last_close_date
    }


def published_tables(finance: Query, warehouse: Query) -> dict[str, Rows]:
    """The same tables as finance reads them. `finance` and `warehouse` run SQL and return rows."""
    invoice_key = "i.payer_customer_id, i.close_date, i.currency, i.invoice_type"
    line_key = ", ".join(f"l.{column}" for column in LINE_KEY)
    line_columns = ", ".join(f"l.{column}" for column in LINE_COLUMNS)
    tax_columns = ", ".join(f"t.{column}" for column in TAX_COLUMNS)
    draws = warehouse(
        f"select {invoice_key}, m.lot_id, m.amount from issued.credit_movements as m "
        "inner join finance.invoices as i using (invoice_number) "
        "where m.movement_kind = 'used' and m.metric_code is null"
    )
    return {
        "invoices": keyed(
            finance(f"select {invoice_key}, {', '.join(INVOICE_COLUMNS)} from invoices as i"),
            4,
            INVOICE_COLUMNS,
        ),
        "invoice_lines": keyed(
            finance(
                f"select {invoice_key}, {line_key}, {line_columns} "
                "from invoice_lines as l inner join invoices as i using (invoice_number)"
            ),
            4 + len(LINE_KEY),
            LINE_COLUMNS,
        ),
        "invoice_taxes": keyed(
            finance(
                f"select {invoice_key}, t.tax_code, t.tax_rate, {tax_columns} "
                "from invoice_taxes as t inner join invoices as i using (invoice_number)"
            ),
            6,
            TAX_COLUMNS,
        ),
        "wallet_draws": keyed(with_oracle_lots(finance, draws, 4), 5, ("amount",)),
        "progressive_notes": keyed(
            finance(
                "select i.payer_customer_id, n.issue_date, n.subscription_id, i.close_date as original_date, "
                f"i.invoice_type, {', '.join(f'n.{column}' for column in NOTE_COLUMNS)} "
                "from credit_notes as n inner join invoices as i using (invoice_number) "
                f"where n.reason = '{PROGRESSIVE}'"
            ),
            5,
            NOTE_COLUMNS,
        ),
        **_published_lots(finance),
        **published_top_ups(finance),
        **published_units(finance),
    }


def _published_lots(finance: Query) -> dict[str, Rows]:
    """What finance reads of lots: what moved in each close, and what is left."""
    ledger = finance(
        f"select customer_id, close_date, lot_id, {', '.join(LOT_COLUMNS)}, closing_amount "
        f"from credit_ledger where metric_code is null and {' + '.join(LOT_COLUMNS)} <> 0"
    )
    lots = finance(
        "select customer_id, lot_id, granted_amount, remaining_amount from wallet_lots "
        "where metric_code is null"
    )
    return {
        "credit_ledger": keyed(
            with_oracle_lots(finance, ledger, 2),
            3,
            (*LOT_COLUMNS, "closing_amount"),
        ),
        "wallet_lots": keyed(
            with_oracle_lots(finance, lots, 1), 2, ("granted_amount", "remaining_amount")
        ),
    }


def expected_counts(bill: Bill) -> dict[str, Counter[Any]]:
    """Where every line and every accepted event went, as the oracle has it."""
    return {
        "line verdicts": bill.line_verdicts,
        "rejections": bill.rejection_reasons,
        "event verdicts": bill.event_verdicts,
    }


def published_counts(finance: Query, warehouse: Query) -> dict[str, Counter[Any]]:
    """The same counts from the landing, metering and finance tables."""
    verdicts = ("accepted", "duplicate", "conflict", "rejected")
    sums = ", ".join(f"coalesce(sum({verdict}_count), 0)" for verdict in verdicts)
    file_counts = warehouse(f"select {sums} from landing.fct_file_verdicts")[0]
    reasons = finance("select reason, count(*) from rejected_events group by reason")
    events = warehouse(
        "select verdict, code, sum(event_count) from metering.fct_event_verdicts "
        "group by verdict, code"
    )
    return {
        "line verdicts": _counter(zip(verdicts, file_counts, strict=True)),
        "rejections": _counter(reasons),
        "event verdicts": _counter(
            ((verdict, _plain(code)), count) for verdict, code, count in events
        ),
    }


def owner_of(customer_id: str) -> str:
    """The customer that an example is named by: those who pay for it, or use beside it, have longer names."""
    return "".join(customer_id.partition("_customer")[:2])


def table_differences(
    expected: Mapping[str, Rows], actual: Mapping[str, Rows]
) -> dict[str, list[str]]:
    """One sentence per row that is missing, too many, or different, by the customer whose example it is of."""
    found: dict[str, list[str]] = {}
    for table in expected:
        for key in sorted({*expected[table], *actual[table]}, key=repr):
            sentence = _row_difference(expected[table].get(key), actual[table].get(key))
            if sentence:
                name = f"{table} {' / '.join(str(part) for part in key)}"
                found.setdefault(owner_of(key[0]), []).append(f"{name}: {sentence}")
    return found


def count_differences(
    expected: Mapping[str, Counter[Any]], actual: Mapping[str, Counter[Any]]
) -> list[str]:
    """One sentence per count that differs."""
    return [
        f"{name} {key}: oracle {expected[name][key]}, published {actual[name][key]}"
        for name in expected
        for key in sorted({*expected[name], *actual[name]}, key=repr)
        if expected[name][key] != actual[name][key]
    ]


def _row_difference(expected: dict[str, Any] | None, actual: dict[str, Any] | None) -> str:
    if actual is None:
        return f"not published; oracle has {expected}"
    if expected is None:
        return f"published, but the oracle has no such row: {actual}"
    return "; ".join(
        f"{column}: oracle {expected[column]}, published {actual[column]}"
        for column in expected
        if expected[column] != actual[column]
    )


def keyed(rows: Iterable[tuple[Any, ...]], key_length: int, columns: tuple[str, ...]) -> Rows:
    """Rows by their first columns.

    Rows of one key (fees of events without an id) are numbered in the order of their values, so that none is lost and
    both sides number alike.
    """
    keyed: Rows = {}
    repeats: Counter[Key] = Counter()
    for values in sorted((tuple(map(_plain, row)) for row in rows), key=repr):
        key = values[:key_length]
        unique = (*key, f"again {repeats[key]}") if repeats[key] else key
        repeats[key] += 1
        keyed[unique] = dict(zip(columns, values[key_length:], strict=True))
    return keyed


def _plain(value: Any) -> Any:
    """Instants without zone (they are UTC) and absent texts as '', so that both sides compare and sort."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return "" if value is None else value


def _counter(pairs: Iterable[tuple[Any, Any]]) -> Counter[Any]:
    return Counter({key: int(count) for key, count in pairs if count})
