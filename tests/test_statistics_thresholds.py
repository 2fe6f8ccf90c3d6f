"""When a statistical check trips, on rows made for one question each, and what it says when it cannot run.

Belongs here: edges of the thresholds, what counts as history, and errors. Does not belong here: real closes
(`test_statistics`).
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.close_run import CloseRun
from orchestration.contracts import load_contracts
from orchestration.migrate import kept_tables
from orchestration.statistics import run_statistics
from orchestration.statistics.expectations import Frame, ask
from orchestration.statistics.outcomes import StatisticalOutcome
from orchestration.statistics.thresholds import Thresholds, load_thresholds

DRAFTS = (
    "settlement.fct_invoices",
    "settlement.fct_settled_lines",
    "metering.fct_usage_daily",
    "invoicing.fct_billed_periods",
)
# The fifth close, of 1 June; closes 1 to 4 are of the months before.
RUN = CloseRun(5, date(2025, 6, 1), 5, "v")


@dataclass
class Warehouse:
    """The tables that the checks read, empty but for the publications of four closes."""

    con: duckdb.DuckDBPyConnection

    def add(self, table: str, *rows: Mapping[str, Any]) -> None:
        for row in rows:
            places = ", ".join("?" for _ in row)
            self.con.execute(
                f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values())
            )

    def invoice(self, total: str, sequence: int | None = None, key: str = "draft", **given) -> None:
        """A draft, or with `sequence` an invoice of that publication; its line corrects `corrects`, if given."""
        corrects = given.pop("corrects", None)
        month = 6 if sequence is None else abs(sequence) + 1
        row = {"document_key": key, "payer_customer_id": "atlas", "currency": "USD"}
        row |= {"invoice_type": "subscription", "total_amount": total}
        row |= {"close_date": date(2025, month, 1)} | given
        line = {"document_key": key, "line_number": 1, "original_invoice_number": corrects}
        published = {} if sequence is None else {"publication_sequence": sequence}
        schema = "issued" if published else "settlement"
        self.add(f"{schema}.{'invoices' if published else 'fct_invoices'}", row | published)
        self.add(
            f"{schema}.{'invoice_lines' if published else 'fct_settled_lines'}", line | published
        )

    def outcome(self, name: str, thresholds: Thresholds | None = None) -> StatisticalOutcome:
        (found,) = (one for one in run_statistics(self.con, RUN, thresholds) if one.name == name)
        return found

    def totals(self) -> StatisticalOutcome:
        return self.outcome("invoice_total_against_history")


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with duckdb.connect() as con:
        contracts = load_contracts()
        for contract in (*kept_tables(), *(contracts[name] for name in DRAFTS)):
            con.execute(f"create schema if not exists {contract.schema}")
            columns = ", ".join(f'"{one.name}" {one.data_type}' for one in contract.columns)
            con.execute(f"create table {contract.full_name} ({columns})")
        found = Warehouse(con)
        for sequence in (1, 2, 3, 4):
            found.add(
                "issued.publications",
                {"publication_sequence": sequence, "close_sequence": sequence, "publication_no": 1}
                | {"close_date": date(2025, sequence + 1, 1), "cutoff_batch": sequence},
            )
        yield found


@pytest.mark.parametrize(
    ("before", "now", "is_named"),
    [
        # The ratio: 5 and 0.1 times the median, the bounds themselves usual.
        (["400", "400", "400"], "2000", False),
        (["400", "400", "400"], "2000.01", True),
        (["4000", "4000", "4000"], "400", False),
        (["4000", "4000", "4000"], "399.99", True),
        # The median, not the mean: one odd month does not widen the range. Without it 5 x 400 = 2,000; what the history
        # holds, 2,500, is usual again.
        (["400", "2500", "400"], "2500", False),
        (["400", "2500", "400"], "2500.01", True),
        # The spread: median 300 of 100, 300, 900; distances 200, 0, 600, their median 200; 4 x 1.4826 x 200 = 1,186.08,
        # 1,486.08 in all; 5 x 300 = 1,500 is wider.
        (["100", "300", "900"], "1500", False),
        (["100", "300", "900"], "1500.01", True),
        # With 100, 1,000, 1,900: 900 x 4 x 1.4826 = 5,337.36; 6,337.36 in all, wider than 5,000.
        (["100", "1000", "1900"], "6337.36", False),
        (["100", "1000", "1900"], "6337.37", True),
        # The smallest change: 20 times the median of 5, and 5 + 100 is still usual.
        (["5", "5", "5"], "105", False),
        (["5", "5", "5"], "105.01", True),
        # Free months have the median 0.
        (["0", "0", "0"], "100", False),
        (["0", "0", "0"], "100.01", True),
        (["400", "400", "400"], "0", True),
        # Two are too few.
        (["400", "400"], "1000000", False),
    ],
)
def test_the_usual_range_of_totals(
    warehouse: Warehouse, before: Sequence[str], now: str, is_named: bool
) -> None:
    for sequence, total in enumerate(before, start=1):
        warehouse.invoice(total, sequence, key=f"before/{sequence}")
    warehouse.invoice(now)
    found = warehouse.totals()
    assert found.document_keys == (("draft",) if is_named else ())
    assert found.judged_count == (len(before) >= 3)


def test_the_smallest_change_is_the_currency_s(warehouse: Warehouse) -> None:
    """10,000 yen, where it would be 100 of most others."""
    for key, total in (("usual", "10500"), ("unusual", "10501")):
        for sequence in (1, 2, 3):
            warehouse.invoice(
                "500", sequence, key=f"{key}/{sequence}", payer_customer_id=key, currency="JPY"
            )
        warehouse.invoice(total, key=key, payer_customer_id=key, currency="JPY")
    assert warehouse.totals().document_keys == ("unusual",)


@pytest.mark.parametrize(
    "other",
    [
        {"currency": "EUR"},
        {"payer_customer_id": "borea"},
        {"invoice_type": "progressive"},
        # It corrects earlier ones alone.
        {"corrects": "US-000001"},
    ],
)
def test_history_is_of_the_same_payer_currency_and_type(warehouse: Warehouse, other) -> None:
    warehouse.invoice("400", 1, key="1")
    warehouse.invoice("400", 2, key="2")
    warehouse.invoice("400", 3, key="3", **other)
    warehouse.invoice("9000")
    assert warehouse.totals().judged_count == 0


def test_history_is_what_was_visible_when_the_close_ran_first(warehouse: Warehouse) -> None:
    """Held documents have negative sequences; one released after this close's own publication was not known."""
    held = {"close_sequence": 3, "publication_no": 2, "close_date": date(2025, 4, 1)}
    own = {"close_sequence": 5, "publication_no": 1, "close_date": date(2025, 6, 1)}
    warehouse.add("issued.publications", {"publication_sequence": 5} | own)
    warehouse.add("issued.publications", {"publication_sequence": 6} | held)
    warehouse.invoice("400", 1, key="1")
    warehouse.invoice("400", 2, key="2")
    warehouse.invoice("400", -1, key="held", close_date=date(2025, 4, 1))
    warehouse.invoice("400", 6, key="held", close_date=date(2025, 4, 1))
    warehouse.invoice("400", 5, key="own", close_date=date(2025, 6, 1))
    warehouse.invoice("9000")
    assert warehouse.totals().judged_count == 0
    warehouse.con.execute("delete from issued.publications where publication_sequence = 5")
    assert warehouse.totals().document_keys == ("draft",)


def test_one_off_fees_follow_nothing(warehouse: Warehouse) -> None:
    for sequence in (1, 2, 3):
        warehouse.invoice("10", sequence, key=str(sequence), invoice_type="one_off")
    warehouse.invoice("90000", invoice_type="one_off")
    assert warehouse.totals().judged_count == 0


def test_a_correction_alone_is_not_judged(warehouse: Warehouse) -> None:
    for sequence in (1, 2, 3):
        warehouse.invoice("4000", sequence, key=str(sequence))
    warehouse.invoice("0.01", corrects="US-000001")
    assert warehouse.totals().judged_count == 0


def usage(
    warehouse: Warehouse, begins: date, now: str, before: Sequence[str], events: int = 50
) -> None:
    """Calls of `atlas` on Thursday 1 May, all that is due, and on Thursdays before; billed from `begins` on."""
    april = {"period_starts_at": begins, "period_ends_at": date(2025, 5, 1)}
    may = {"period_starts_at": date(2025, 5, 1), "period_ends_at": date(2025, 5, 2)}
    period = {"subscription_id": "atlas", "fee_family": "usage"}
    warehouse.add("issued.billed_periods", period | april | {"publication_sequence": 4})
    warehouse.add("invoicing.fct_billed_periods", period | may)
    for weeks, quantity in enumerate([now, *before]):
        row = {"subscription_id": "atlas", "metric_code": "calls", "quantity": quantity}
        row |= {"usage_date": date(2025, 5, 1) - timedelta(weeks=weeks), "event_count": events}
        if weeks:
            warehouse.add("issued.usage_daily", row | {"publication_sequence": 4})
        else:
            warehouse.add("metering.fct_usage_daily", row)


def volumes(warehouse: Warehouse) -> StatisticalOutcome:
    return warehouse.outcome("metric_volume_against_weekday")


@pytest.mark.parametrize(
    ("now", "is_named"),
    # Five times and a fifth of the median of 100, which is all that the weeks before had.
    [("500", False), ("500.1", True), ("20", False), ("19.9", True), ("0", True)],
)
def test_the_usual_range_of_a_weekday(warehouse: Warehouse, now: str, is_named: bool) -> None:
    usage(warehouse, date(2025, 4, 1), now, ["100"] * 4)
    found = volumes(warehouse)
    assert found.judged_count == 1
    assert [row[:3] for row in found.offenders] == (
        [("calls", date(2025, 5, 1), "Thursday")] if is_named else []
    )


@pytest.mark.parametrize(
    ("begins", "events", "is_judged"),
    [
        # Thursday 3 April is the fourth before 1 May: with a start after it three whole weeks are known.
        (date(2025, 4, 3), 50, True),
        (date(2025, 4, 4), 50, False),
        (datetime(2025, 4, 3, 4), 50, False),
        (date(2025, 4, 3), 49, False),
    ],
)
def test_a_weekday_needs_four_weeks_and_fifty_events(
    warehouse: Warehouse, begins: date, events: int, is_judged: bool
) -> None:
    usage(warehouse, begins, "0", ["100"] * 4, events)
    assert volumes(warehouse).judged_count == is_judged


def test_a_new_subscription_is_no_drift(warehouse: Warehouse) -> None:
    usage(warehouse, date(2025, 4, 1), "100", ["100"] * 4)
    warehouse.add(
        "invoicing.fct_billed_periods",
        {"subscription_id": "borea", "fee_family": "usage"}
        | {"period_starts_at": date(2025, 5, 1), "period_ends_at": date(2025, 5, 2)},
    )
    warehouse.add(
        "metering.fct_usage_daily",
        {"subscription_id": "borea", "metric_code": "calls", "usage_date": date(2025, 5, 1)}
        | {"event_count": 5000, "quantity": "5000"},
    )
    assert volumes(warehouse).result == "pass"


def test_late_usage_of_a_day_counts_with_what_was_billed_of_it(warehouse: Warehouse) -> None:
    """70 of each of four Thursdays were billed, 30 come late: the median is 100, and a fifth of it is 20."""
    usage(warehouse, date(2025, 4, 1), "19", ["70"] * 4)
    for weeks in range(1, 5):
        warehouse.add(
            "metering.fct_usage_daily",
            {
                "subscription_id": "atlas",
                "metric_code": "calls",
                "event_count": 30,
                "quantity": "30",
            }
            | {"usage_date": date(2025, 5, 1) - timedelta(weeks=weeks)},
        )
    ((*_, quantity, median, lowest, highest, weeks),) = volumes(warehouse).offenders
    assert (quantity, median, lowest, highest, weeks) == (19, 100, 20, 500, 4)


def test_quantities_keep_all_their_digits(warehouse: Warehouse) -> None:
    """29 digits before the point and 9 after it are more than Python keeps by itself."""
    now = "60000000000000000000000000000.123456789"
    usage(warehouse, date(2025, 4, 1), now, ["10000000000000000000000000000"] * 4)
    (row,) = volumes(warehouse).offenders
    assert row[3] == Decimal(now)


def verdicts(warehouse: Warehouse, batch: int, accepted: int, **others: int) -> None:
    counts = {
        f"{kind}_count": others.get(kind, 0) for kind in ("duplicate", "conflict", "rejected")
    }
    row = {"batch_number": batch, "file_hash": str(batch), "accepted_count": accepted} | counts
    warehouse.add("landing.fct_file_verdicts", row)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        # Of 1,000 lines 2 %, 1 % and 10 % are usual.
        ({"rejected": 20, "conflict": 10, "duplicate": 100}, []),
        ({"rejected": 21}, ["rejected"]),
        ({"conflict": 11}, ["conflict"]),
        ({"duplicate": 101}, ["duplicate"]),
    ],
)
def test_shares_of_lines_since_the_last_close(warehouse: Warehouse, others, named) -> None:
    # Of the close before, and of a batch after the cut-off: neither counts.
    verdicts(warehouse, 4, 0, rejected=500)
    verdicts(warehouse, 6, 0, rejected=500)
    verdicts(warehouse, 5, 1000 - sum(others.values()), **others)
    found = warehouse.outcome("share_of_lines_not_accepted")
    assert [row[0] for row in found.offenders] == named


def test_who_always_repeats_lines_has_a_higher_limit(warehouse: Warehouse) -> None:
    """Three closes with 20, 30 and 40 %: three times their median is 90 %. Two would not count."""
    for batch, repeated in ((1, 20), (2, 30), (3, 40)):
        verdicts(warehouse, batch, 100 - repeated, duplicate=repeated)
    verdicts(warehouse, 5, 100, duplicate=900)
    found = warehouse.outcome("share_of_lines_not_accepted")
    assert found.result == "pass"
    (series,) = (one for one in found.series if one.title == "duplicate lines")
    assert (series.value, series.median, series.highest) == (
        Decimal("0.9"),
        Decimal("0.3"),
        Decimal("0.9"),
    )
    warehouse.con.execute("delete from landing.fct_file_verdicts where batch_number = 1")
    assert [row[0] for row in warehouse.outcome("share_of_lines_not_accepted").offenders] == [
        "duplicate"
    ]


def test_few_lines_say_little(warehouse: Warehouse) -> None:
    verdicts(warehouse, 5, 9, rejected=90)
    assert warehouse.outcome("share_of_lines_not_accepted").judged_count == 0


@pytest.mark.parametrize(("days", "is_usual"), [(27, True), (26, False)])
def test_what_arrives_on_27_of_28_days_is_expected_every_day(
    warehouse: Warehouse, days: int, is_usual: bool
) -> None:
    """27 / 28 is 0.964, 26 / 28 is 0.929: from 0.95 on it is usual. The last close was on 1 May."""
    seen = [date(2025, 4, 3) + timedelta(days=number) for number in range(days)]
    seen += [date(2025, 5, 1) + timedelta(days=number) for number in range(30)]
    for day in seen:
        warehouse.add(
            "landing.fct_usage_hours",
            {"batch_number": 5, "field_name": "", "code": "calls", "event_count": 7}
            | {"hour_starts_at": datetime(day.year, day.month, day.day, 23)},
        )
    found = warehouse.outcome("usage_arrives_every_day")
    # 31 May is the last day of this close, and its 31st since the last one.
    assert found.judged_count == (31 if is_usual else 0)
    expected = ("metric", "calls", date(2025, 5, 31), 7, 27)
    assert found.offenders == ((expected,) if is_usual else ())


def test_a_switched_off_check_judges_nothing(warehouse: Warehouse) -> None:
    for sequence in (1, 2, 3):
        warehouse.invoice("400", sequence, key=str(sequence))
    warehouse.invoice("9000")
    stated = load_thresholds()
    off = stated.invoice_total_against_history.model_copy(update={"is_on": False})
    found = warehouse.outcome(
        "invoice_total_against_history",
        stated.model_copy(update={"invoice_total_against_history": off}),
    )
    assert (found.result, found.message) == ("pass", "switched off in thresholds.yml")


# --- when it cannot run ---------------------------------------------------------------------------


FRAME = Frame("f", [{"a": Decimal(1), "b": Decimal(2)}, {"a": 3, "b": 3}], (("a", "b"),), "warning")


def test_great_expectations_names_the_rows_below_their_bound() -> None:
    (answer,) = ask([FRAME])
    assert (answer.offending, answer.problem) == ((0,), "")


def test_it_tells_nobody_of_its_work(caplog, capfd) -> None:
    with caplog.at_level(logging.INFO):
        ask([FRAME])
    assert not [record for record in caplog.records if record.name.startswith("great_expect")]
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.parametrize("bad", [float("nan"), None, "much"])
def test_a_value_that_cannot_be_compared_is_no_verdict(bad) -> None:
    """Of one frame: another one is judged all the same."""
    broken = Frame("broken", [{"a": bad, "b": 1}], (("a", "b"),), "warning")
    answer, other = ask([broken, FRAME])
    assert answer.problem.startswith("Great Expectations could not run: ")
    assert answer.offending == ()
    assert other.offending == (0,)


def test_an_error_inside_great_expectations_is_no_bad_data(monkeypatch) -> None:
    import great_expectations.execution_engine as engines

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(engines.PandasExecutionEngine, "get_domain_records", broken)
    (answer,) = ask([FRAME])
    assert "out of order" in answer.problem
    assert answer.offending == ()


def test_a_missing_package_is_a_check_that_did_not_run(warehouse: Warehouse, monkeypatch) -> None:
    for sequence in (1, 2, 3):
        warehouse.invoice("400", sequence, key=str(sequence))
    warehouse.invoice("9000")
    imported = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "great_expectations":
            raise ImportError("No module named 'great_expectations'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    found = warehouse.totals()
    assert (found.result, found.document_keys) == ("not_run", ())
    assert found.message == (
        "Great Expectations could not run: No module named 'great_expectations'"
    )
    # What has nothing to judge does not need it.
    assert warehouse.outcome("usage_arrives_every_day").result == "pass"


def test_rows_that_cannot_be_computed_are_a_check_that_did_not_run(warehouse: Warehouse) -> None:
    warehouse.con.execute("drop table landing.fct_file_verdicts")
    found = warehouse.outcome("share_of_lines_not_accepted")
    assert found.result == "not_run"
    assert "fct_file_verdicts" in found.message
    assert warehouse.totals().result == "pass"
