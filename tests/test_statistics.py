"""What the statistical checks say of a company whose fifth month is unusual, and where it is shown.

Belongs here: real closes, against figures worked by hand. Does not belong here: the company (`statistics_company`),
single thresholds and errors (`test_statistics_thresholds`).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import dagster as dg
import pytest

from orchestration import gate
from orchestration.acknowledgements import acknowledge, open_warnings
from orchestration.close_run import published_run
from orchestration.dagster_graph import events, specs
from orchestration.errors import BadInput
from orchestration.holds.decisions import release
from orchestration.look import checks as look
from orchestration.look import status
from orchestration.publish import sync_published
from orchestration.statistics import run_statistics
from orchestration.statistics.chart import figure
from orchestration.statistics.outcomes import Series, StatisticalOutcome, suite_result
from orchestration.statistics.page import checks_page, file_of
from orchestration.statistics.report import read_checks
from orchestration.statistics.store import kept_outcomes
from orchestration.statistics.thresholds import load_thresholds
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.plain_close import close_date
from tests.small_company import published_bytes
from tests.statistics_company import CLOSES, LAST, clock, close_company

pytestmark = pytest.mark.timeout(900)

TOTALS, VOLUMES, SHARES, ARRIVALS = (
    "invoice_total_against_history",
    "metric_volume_against_weekday",
    "share_of_lines_not_accepted",
    "usage_arrives_every_day",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("statistics"))


def kept(company: ClosedCompany, sequence: int = 5) -> dict[str, StatisticalOutcome]:
    with connect(company.workspace, read_only=True) as con:
        return {one.name: one for one in kept_outcomes(con, sequence)}


def test_ten_times_the_median_is_named_and_five_times_is_not(company: ClosedCompany) -> None:
    found = kept(company)[TOTALS]
    assert found.result == "tripped"
    assert found.document_keys == tuple(
        f"invoice/2025-06-01/us/{name}/USD/subscription" for name in ("cobalt", "ember", "flint")
    )
    assert found.columns[1:] == (
        "customer_name", "currency", "total_amount", "median", "lowest", "highest", "invoices",
    )  # fmt: skip
    # Four invoices before; of one value, so that nothing but the ratios makes the range: 0.1 to 5 times. A range
    # below the smallest change of 100 begins at 0.
    assert [row[1:] for row in found.offenders] == [
        ("Cobalt", "USD", "1000.00", "100.00", "0.00", "500.00", 4),
        ("Ember", "USD", "500.01", "100.00", "0.00", "500.00", 4),
        ("Flint", "USD", "199.99", "2000.00", "200.00", "10000.00", 4),
    ]
    assert found.message == (
        "3 invoices unusual: Cobalt USD 1,000.00, 10 times its median of 100.00, usual is up to 500.00; "
        "Ember USD 500.01, 5 times its median of 100.00, usual is up to 500.00; "
        "Flint USD 199.99, 0.1 times its median of 2,000.00, usual is 200.00 to 10,000.00"
    )
    # All but `heath`, who has two earlier invoices.
    assert found.judged_count == 9


def test_who_swings_has_a_wide_range(company: ClosedCompany) -> None:
    (jade,) = (one for one in kept(company)[TOTALS].series if one.title == "Jade")
    assert jade.values == tuple(map(Decimal, ("100.00", "1900.00", "100.00", "1900.00")))
    assert (jade.median, jade.lowest, jade.highest) == tuple(
        map(Decimal, ("1000.00", "0.00", "6337.36"))
    )
    assert not jade.is_offender


def test_a_day_that_lost_its_calls_is_named_by_metric(company: ClosedCompany) -> None:
    found = kept(company)[VOLUMES]
    # Of eight Thursdays with 60 calls a fifth is 12: 6 are too few, 12 on Friday are not.
    assert found.offenders == (
        ("calls", "2025-05-15", "Thursday", "6", "60", "12", "300", 8),
        ("calls", "2025-05-20", "Tuesday", "0", "60", "12", "300", 8),
    )
    assert found.document_keys == ()
    # 31 days of calls; one job in a month is too sparse to judge.
    assert found.judged_count == 31


def test_too_many_lines_that_are_no_events_are_named(company: ClosedCompany) -> None:
    found = kept(company)[SHARES]
    # 50 of 1,698 + 10 + 50 + 8 = 1,766 lines.
    assert found.offenders == (("rejected", 50, 1766, "0.028313", "0.02"),)
    assert found.message == "rejected 2.83 % of 1,766 lines, at most 2 % is usual"


def test_a_day_without_any_file_is_named_once_per_metric_and_source(company: ClosedCompany) -> None:
    found = kept(company)[ARRIVALS]
    assert found.offenders == (
        ("metric", "calls", "2025-05-20", 60, 28),
        ("source", "api", "2025-05-20", 60, 28),
    )


def test_usual_closes_pass_and_say_when_there_is_nothing_to_judge_by(
    company: ClosedCompany,
) -> None:
    for sequence in (1, 2, 3, 4):
        assert {one.result for one in kept(company, sequence).values()} == {"pass"}
    first, fourth = kept(company, 1), kept(company, 4)
    assert first[TOTALS].message.startswith("not enough history: no payer has enough earlier")
    assert first[ARRIVALS].judged_count == 0
    # January begins on the 1st: on 29 January four weeks are known, but they are billed only since the second close.
    assert first[VOLUMES].judged_count == 0
    assert kept(company, 2)[VOLUMES].judged_count == 28
    assert kept(company, 3)[TOTALS].judged_count == 0
    assert fourth[TOTALS].judged_count == 9


def test_what_is_named_is_held_and_finance_has_the_results(company: ClosedCompany) -> None:
    # Ten customers; heath's invoices begin with March. Three are named.
    assert company.finance("select count(*) from invoices where close_date = '2025-06-01'") == [
        (7,)
    ]
    assert company.warehouse("select document_key, check_names from issued.holds order by 1") == [
        (f"invoice/2025-06-01/us/{name}/USD/subscription", TOTALS)
        for name in ("cobalt", "ember", "flint")
    ]
    rows = company.finance(
        "select check_name, result, offender_count from close_checks"
        " where stage = 'statistics' and close_date = '2025-06-01' order by check_name"
    )
    assert rows == [
        (TOTALS, "held", 3),
        (VOLUMES, "tripped", 2),
        (SHARES, "tripped", 1),
        (ARRIVALS, "tripped", 2),
    ]
    others = company.finance("select distinct result from close_checks where stage <> 'statistics'")
    assert others == [("pass",)]


def test_great_expectations_was_asked_about_every_row(company: ClosedCompany) -> None:
    asked = kept(company)[TOTALS].expectations
    assert [(one["column_A"], one["column_B"], one["unexpected_count"]) for one in asked] == [
        ("highest", "value", 2),
        ("value", "lowest", 1),
    ]
    assert {(one["element_count"], one["severity"]) for one in asked} == {(9, "critical")}


def test_an_older_close_computed_again_has_the_same_outcome(company: ClosedCompany) -> None:
    """Also by what is judged anew then: later closes, and usage loaded since, do not count."""
    before = published_bytes(company)
    for day, sequence in ((CLOSES[3], 4), (LAST, 5)):
        (report,) = close_date(company.workspace, day, clock=clock)
        assert report.outcome == "unchanged"
        with connect(company.workspace, read_only=True) as con:
            run = published_run(con, day)
            anew = run_statistics(con, run)
            thresholds = load_thresholds().model_dump(mode="json")
            kept_then = kept_outcomes(con, sequence)
            assert suite_result(anew, thresholds) == suite_result(kept_then, thresholds)
    assert published_bytes(company) == before


class _Read(HTMLParser):
    """Tags with their attributes, the text, and what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(company: ClosedCompany, day: date = LAST) -> str:
    return file_of(company.workspace.published, day).read_text(encoding="utf-8")


def test_the_page_refers_to_nothing_outside_of_it(company: ClosedCompany) -> None:
    for day in CLOSES:
        text = page_of(company, day)
        read = _Read(text)
        assert read.open == []
        assert not {tag for tag, _ in read.tags} & {"link", "script", "img", "iframe", "base", "a"}
        attributes = {name for _, given in read.tags for name in given}
        assert not attributes & {"src", "href", "srcset", "xlink:href", "action", "style"}
        assert not re.search(r"https?:|//\w|@import|@font-face|url\(", text)


def test_the_page_says_what_was_found(company: ClosedCompany) -> None:
    text = page_of(company)
    said = " ".join("".join(_Read(text).words).split())
    checks = company.finance(
        "select check_name from close_checks where close_date = '2025-06-01' and stage <> 'statistics'"
    )
    for expected in (
        "Checks of the close of 1 June 2025",
        f"{len(checks)} checks of the gate passed",
        "4 of 4 comparisons unusual",
        "3 documents unusual",
        # 500 + 200 + 5,000 + 75 + 6,000 of jobs, and twice 849 calls at 0.01; what is held is not among them.
        "11,791.98 on 7 invoices",
        "Cobalt USD 1,000.00",
        "usual is up to 500.00; 4 before",
        "Rejected 2.83 % of 1,766 lines, at most 2 % is usual.",
        "calls2025-05-15Thursday660123008",
        "R-CONSERVE: every accepted event has exactly one verdict",
        *(name for (name,) in checks),
    ):
        assert expected in said, expected
    # One bar per earlier invoice and one for this one, of six invoices.
    assert text.count('class="chart unusual"') == 3 + 2 + 1
    totals = text.split("Metric volume")[0]
    assert totals.count('<rect class="before"') == 6 * 4
    assert totals.count('<rect class="now"') == 6
    assert "Nothing is unusual" not in text
    assert "nothing unusual" in page_of(company, CLOSES[3])


def test_names_are_shown_as_written(company: ClosedCompany) -> None:
    with connect(company.workspace, read_only=True) as con:
        close = read_checks(con, LAST)
    outcome = replace(close.statistics[0], message="<script>alert(1)</script> & co")
    text = checks_page(replace(close, statistics=[outcome]))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co." in text


def test_a_page_that_was_lost_is_made_again_byte_for_byte(company: ClosedCompany) -> None:
    before = published_bytes(company)
    for day in (CLOSES[0], LAST):
        file_of(company.workspace.published, day).unlink()
    assert sync_published(company.workspace)
    assert published_bytes(company) == before
    assert not sync_published(company.workspace)
    assert sum(name.endswith(".html") for name in before) == len(CLOSES)


def test_the_command_shows_checks_offenders_and_page(
    company: ClosedCompany, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    look.show(company.workspace)
    out = capsys.readouterr().out
    for expected in (
        "Close 5 of 2025-06-01: published",
        "chk_periods_billed_twice",
        "of the gate passed.",
        "rejected 2.83 % of 1,766 lines, at most 2 % is usual",
        "invoice/2025-06-01/us/cobalt/USD/subscription",
        f"Page: {company.workspace.published}/checks/2025-06-01.html",
    ):
        assert expected in out, expected
    look.show(company.workspace, CLOSES[0])
    assert "Close 1 of 2025-02-01: published" in capsys.readouterr().out


def test_the_command_answers_programs(company: ClosedCompany, capsys) -> None:
    look.show(company.workspace, LAST, as_json=True)
    shown = json.loads(capsys.readouterr().out, parse_float=lambda text: pytest.fail(text))
    assert shown["status"] == "published"
    assert shown["page"].endswith("checks/2025-06-01.html")
    assert {check["result"] for check in shown["gate"]} == {"pass"}
    assert shown["statistics"][0]["offenders"][0][3] == "1000.00"
    with pytest.raises(BadInput, match="2025-05-02 was never closed; the last closes are 2025-04"):
        look.show(company.workspace, date(2025, 5, 2))


def test_dagster_shows_a_warning_with_the_offenders(company: ClosedCompany) -> None:
    with connect(company.workspace, read_only=True) as con:
        run = published_run(con, LAST)
        outcomes = kept_outcomes(con, 5)
    receipt = gate.Receipt(5, "d" * 64, True, 0, 0)
    judgement = gate.Judgement(run, (), (), receipt, statistics=outcomes)
    check = dg.AssetCheckSpec(specs.STATISTICS_CHECK, asset="fct_invoices")
    (result,) = events.check_results([check], judgement)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.metadata["named_documents"].value == 3
    assert len(result.metadata["checks"].records) == 4
    first = result.metadata[TOTALS].records[0].data
    assert (first["customer_name"], first["total_amount"]) == ("Cobalt", "1000.00")
    usual = replace(judgement, statistics=tuple(replace(one, result="pass") for one in outcomes))
    (result,) = events.check_results([check], usual)
    assert result.passed
    (result,) = events.check_results([check], replace(judgement, statistics=()))
    assert not result.passed
    assert "the gate refused" in result.description


def test_a_close_of_an_older_release_has_a_page_without_comparisons(
    company: ClosedCompany, tmp_path: Path
) -> None:
    older = company.copy(tmp_path)
    with connect(older.workspace) as con:
        con.execute("delete from control.statistics_results")
        con.execute("update control.gate_results set description = null")
    file = file_of(older.workspace.published, LAST)
    file.unlink()
    sync_published(older.workspace)
    text = file.read_text(encoding="utf-8")
    assert "a release before made this close" in text
    assert "chk_<wbr>periods_<wbr>billed_<wbr>twice" in text


def test_a_warning_waits_until_it_is_acknowledged(
    company: ClosedCompany, tmp_path: Path, capsys
) -> None:
    seen = company.copy(tmp_path)
    ws = seen.workspace
    before = published_bytes(seen)
    with connect(ws) as con:
        assert [one.check_name for one in open_warnings(con)] == [VOLUMES, SHARES, ARRIVALS]
    for name, by, reason, message in (
        (TOTALS, "Kent", "x", f"No warning of {TOTALS} is open; open are {VOLUMES} of 2025-06-01"),
        (VOLUMES, " ", "x", "--by is empty"),
        (VOLUMES, "Kent", "", "--reason is empty"),
    ):
        with pytest.raises(BadInput, match=message):
            acknowledge(ws, name, by, reason)
    with pytest.raises(BadInput, match=f"No warning of {VOLUMES} of the close of 2025-05-01 is op"):
        acknowledge(ws, VOLUMES, "Kent", "x", CLOSES[3])
    assert published_bytes(seen) == before

    done = acknowledge(ws, VOLUMES, "J. Kent", "Maintenance on 15 and 20 May")
    assert (done.close_date, done.result) == (LAST, "tripped")
    assert seen.finance(
        "select publication_no, check_name, stage, result, decided_by, reason from close_checks"
        " where publication_no > 1"
    ) == [(2, VOLUMES, "statistics", "acknowledged", "J. Kent", "Maintenance on 15 and 20 May")]
    assert seen.finance("select publication_no, invoice_count from publications order by all")[
        -1
    ] == (2, 0)
    look.show(ws)
    out = capsys.readouterr().out
    assert f"{VOLUMES}: acknowledged by J. Kent: Maintenance on 15 and 20 May" in out
    assert f"Once somebody has looked: meterhouse acknowledge {SHARES} --close 2025-06-01" in out
    assert f"acknowledge {VOLUMES} --close" not in out
    assert "Acknowledged by J. Kent: Maintenance on 15 and 20 May" in page_of(seen)
    status.show(ws)
    out = " ".join(capsys.readouterr().out.split())
    assert "3 documents held" in out
    assert f"warning of 2025-06-01: {SHARES}: rejected 2.83 %" in out
    assert VOLUMES not in out
    with pytest.raises(BadInput, match=f"No warning of {VOLUMES} is open"):
        acknowledge(ws, VOLUMES, "Kent", "again")
    # Who looks is no reason for other rows.
    (report,) = close_date(ws, LAST, clock=clock)
    assert (report.outcome, report.warning_count, report.held_count) == ("unchanged", 2, 3)
    for name in (SHARES, ARRIVALS):
        acknowledge(ws, name, "J. Kent", "Known", LAST)
    with connect(ws) as con:
        assert open_warnings(con) == []


def test_an_unusual_invoice_is_released_with_its_check_as_evidence(
    company: ClosedCompany, tmp_path: Path
) -> None:
    released = company.copy(tmp_path)
    ember = "invoice/2025-06-01/us/ember/USD/subscription"
    decision = release(released.workspace, ember, "J. Kent", "A new team", date(2025, 6, 3))
    (number,) = decision.numbers
    assert released.finance(
        f"select customer_id, total_amount from invoices where invoice_number = '{number}'"
    ) == [("ember", Decimal("500.01"))]
    assert released.finance(
        "select check_name, stage, result, offender_count, reason from close_checks where publication_no = 2"
    ) == [(TOTALS, "statistics", "released", 1, "A new team")]
    assert "Released by J. Kent: A new team" in page_of(released)


def test_a_company_states_its_own_thresholds(company: ClosedCompany, tmp_path: Path) -> None:
    """Cobalt's 1,000.00 is ten times its median: usual where eleven times is."""
    other = company.copy(tmp_path)
    file = other.workspace.catalog / "check_thresholds.yml"
    file.write_text(f"{TOTALS}: {{highest_ratio: 11}}\n", encoding="utf-8")
    with connect(other.workspace, read_only=True) as con:
        run = published_run(con, LAST)
        (found, *_) = run_statistics(con, run, load_thresholds(other.workspace.catalog))
    assert [row[1] for row in found.offenders] == ["Flint"]
    file.write_text(f"{TOTALS}: {{highest_ratios: 11}}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=f"check_thresholds.yml: {TOTALS}.highest_ratios: Extra inp"):
        load_thresholds(other.workspace.catalog)
    file.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"check_thresholds\.yml: it states no checks"):
        load_thresholds(other.workspace.catalog)


def test_a_chart_of_nothing_but_zeros_is_drawn() -> None:
    zero = Decimal(0)
    drawn = figure(Series("calls", "units", ("a",), (zero,), "b", zero, zero, None, None, False))
    assert drawn.count("<rect") == 2
    assert "1 before" in drawn
