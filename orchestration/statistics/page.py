"""The page of a close's checks: `published/checks/<close_date>.html`.

Belongs here: one HTML file that needs nothing else, made of what is stored alone, so that it is the same bytes whenever
it is made. Does not belong here: reading the results (`report`) and when the page is written (`publish.sync`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from html import escape
from pathlib import Path
from typing import Any

from orchestration.dbt_runner import CLOSE_STAGES
from orchestration.statistics.chart import figure
from orchestration.statistics.outcomes import (
    HELD,
    NOT_RUN,
    PASS,
    PRECISION,
    TRIPPED,
    StatisticalOutcome,
)
from orchestration.statistics.report import CloseChecks, GateCheck
from orchestration.texts import counted

FOLDER = "checks"
STYLE = Path(__file__).with_name("page.css")
ROWS_SHOWN = 50

STAGES = ("staging", *CLOSE_STAGES)
_WORDS = {
    "pass": "usual",
    "tripped": "unusual",
    "not_run": "could not run",
}
_GATE_WORDS = {
    "pass": "passed",
    "held": "held",
    "fail": "failed",
    "warn": "warned",
    "not_run": "did not run",
}
_NUMBERS = {
    "total_amount",
    "median",
    "lowest",
    "highest",
    "quantity",
    "lines",
    "line_count",
    "share",
    "invoices",
    "weeks",
    "usual_events",
    "usual_days",
}


def checks_page(close: CloseChecks) -> str:
    """The page of one close, self-contained: no style sheet, script, font or picture from elsewhere."""
    title = f"Checks of the close of {long_date(close)}"
    with localcontext(prec=PRECISION):
        parts = (*_head(close, title), *_statistics(close), *_gate(close))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever stands in a name or message: a browser fetches and runs nothing.
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def file_of(published: Path, close_date: object) -> Path:
    """Where the page of a close lies."""
    return published / FOLDER / f"{close_date}.html"


def write_page(published: Path, close: CloseChecks) -> None:
    """Write the page under a temporary name and move it into place."""
    file = file_of(published, close.close_date)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(checks_page(close), encoding="utf-8", newline="\n")
    part.replace(file)


def long_date(close: CloseChecks) -> str:
    """The close date as a letter has it: 1 November 2025."""
    return f"{close.close_date.day} {close.close_date:%B %Y}"


def _head(close: CloseChecks, title: str) -> Iterator[str]:
    refusing = [check for check in close.gate if check.result in ("fail", "not_run")]
    tripped = [one for one in close.statistics if one.result == TRIPPED]
    broken = [one for one in close.statistics if one.result == NOT_RUN]
    names = len({key for one in tripped for key in one.document_keys})
    verdicts = []
    if refusing:
        verdicts.append(_pill("fail", f"{counted(len(refusing), 'check')} of the gate not passed"))
    elif close.gate:
        passed = sum(check.result == PASS for check in close.gate)
        verdicts.append(_pill("pass", f"{counted(passed, 'check')} of the gate passed"))
        if held := sum(check.result == HELD for check in close.gate):
            verdicts.append(_pill("tripped", f"{held} held documents"))
    if tripped:
        verdicts.append(
            _pill("tripped", f"{len(tripped)} of {len(close.statistics)} comparisons unusual")
        )
    if names:
        verdicts.append(_pill("tripped", f"{counted(names, 'document')} unusual"))
    if broken:
        verdicts.append(_pill("not_run", f"{len(broken)} could not run"))
    if close.statistics and not tripped and not broken:
        verdicts.append(_pill("pass", "nothing unusual"))
    yield f"<header><p class='brand'>Meterhouse</p><h1>{escape(title)}</h1>"
    yield f"<p class='verdicts'>{''.join(verdicts)}</p>"
    facts = [("Close", f"no. {close.close_sequence}, {close.status}")]
    for currency, count, total in close.totals:
        facts.append((currency, f"{total:,f} on {counted(count, 'invoice')}"))
    if close.publication_hash and not close.totals:
        facts.append(("Documents", "no invoice"))
    facts.append(("Usage", f"through batch {close.cutoff_batch}"))
    facts.append(("Prices", f"catalog version {close.catalog_version[:12]}"))
    if close.publication_hash:
        facts.append(("Seal", f"{close.publication_hash[:16]}…"))
    cells = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    yield f"<dl>{cells}</dl></header>"


def _statistics(close: CloseChecks) -> Iterator[str]:
    yield "<h2>Against earlier closes</h2>"
    if not close.statistics:
        yield "<p class='note'>Nothing was compared with earlier closes: a release before made this close.</p>"
        return
    yield (
        "<p class='note'>What is unusual is a reason to look, and changes no amount. Documents that are named are held "
        "until somebody releases or discards them; a warning that names none is acknowledged.</p>"
    )
    # What needs a look comes first.
    order = {TRIPPED: 0, NOT_RUN: 1, PASS: 2}
    for outcome in sorted(close.statistics, key=lambda one: order[one.result]):
        yield from _outcome(outcome, _decided(close, outcome.name))


def _decided(close: CloseChecks, check_name: str) -> str:
    """What was decided of a check, one sentence for each decision."""
    return "".join(
        f"<p class='decided'>{escape(_spoken(one.result))} by {escape(one.decided_by)}: {escape(one.reason)}</p>"
        for one in close.decisions
        if one.check_name == check_name
    )


def _outcome(outcome: StatisticalOutcome, decided: str) -> Iterator[str]:
    is_idle = outcome.result == PASS and not outcome.judged_count
    word = "not judged" if is_idle else _WORDS[outcome.result]
    kind = "idle" if is_idle else outcome.result
    yield f"<section class='card {kind}'><h3>{escape(_spoken(outcome.name))} {_pill(kind, word)}</h3>"
    yield f"<p>{escape(_sentence(outcome.message))}</p>"
    yield decided
    if outcome.result == TRIPPED:
        yield f"<p class='note'>{escape(outcome.description)}</p>"
        shown = outcome.offenders[:ROWS_SHOWN]
        yield _table(outcome.columns, shown)
        if len(outcome.offenders) > len(shown):
            yield f"<p class='note'>The first {len(shown)} of {len(outcome.offenders):,} rows.</p>"
    if outcome.series:
        yield f"<div class='charts'>{''.join(figure(one) for one in outcome.series)}</div>"
        yield "<p class='note key'><i class='now'></i>this close <i class='before'></i>before "
        yield "<i class='median'></i>median <i class='range'></i>usual range</p>"
    yield "</section>"


def _gate(close: CloseChecks) -> Iterator[str]:
    yield "<h2>The gate</h2>"
    yield (
        "<p class='note'>Each check is a statement about the rows of this close that must never be true; "
        "its offenders are the rows of which it is.</p>"
    )
    stages = [*STAGES, *sorted({check.stage for check in close.gate} - set(STAGES))]
    for stage in stages:
        of_stage = [check for check in close.gate if check.stage == stage]
        if of_stage:
            yield from _stage(close, stage, of_stage)


def _stage(close: CloseChecks, stage: str, checks: Sequence[GateCheck]) -> Iterator[str]:
    passed = sum(check.result == "pass" for check in checks)
    summary = f"{passed} of {len(checks)} passed"
    yield f"<section class='stage'><h3>{escape(_spoken(stage))} <small>{summary}</small></h3>"
    yield "<table><thead><tr><th>check</th><th>result</th><th class='number'>offenders</th></tr></thead><tbody>"
    for check in checks:
        told = f"<small>{escape(check.description)}</small>" if check.description else ""
        count = "" if check.offender_count is None else f"{check.offender_count:,}"
        yield (
            f"<tr><td><code>{_breakable(check.name)}</code>{told}{_decided(close, check.name)}</td>"
            f"<td>{_pill(check.result, _GATE_WORDS.get(check.result, check.result))}</td>"
            f"<td class='number'>{count}</td></tr>"
        )
    yield "</tbody></table></section>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    numbers = [column in _NUMBERS for column in columns]
    head = "".join(
        f"<th{_class(is_number)}>{escape(_spoken(column).lower())}</th>"
        for column, is_number in zip(columns, numbers, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(is_number)}>{_cell(value, is_number)}</td>"
            for value, is_number in zip(row, numbers, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(value: Any, is_number: bool) -> str:
    """A stored value: numbers that are no integers were kept as text, to keep their digits."""
    if value is None:
        return ""
    return f"{Decimal(value):,f}" if is_number else _breakable(str(value))


def _class(is_number: bool) -> str:
    return " class='number'" if is_number else ""


def _pill(kind: str, text: str) -> str:
    return f"<span class='pill {kind}'>{escape(text)}</span>"


def _spoken(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _breakable(text: str) -> str:
    """Text that may be broken after the signs at which a long name of code has its joints."""
    broken = escape(text)
    for sign in ("_", "/"):
        broken = broken.replace(sign, f"{sign}<wbr>")
    return broken
