"""What the style and the portability notes rule out in SQL, each as a function from text to the faults found in it.

Belongs here: reading SQL as text or as a tree, with no file and no manifest. Does not belong here: which files are read
(`test_project_rules`) and rules on YAML and names (`project_checks`).

A model is looked at twice: as its author wrote it, with every macro call left standing as a call (`render`), and as dbt
compiled it. In the first nothing may stand that differs between engines; in the second, where engine macros have been
expanded, only what no macro has a reason to produce is looked for.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

REPO = Path(__file__).resolve().parents[1]
HEADER_COLUMNS = 130
# Spark has recursion since 4.0, and runs a round of jobs for each step: one walk needs it, no other model may.
RECURSIVE_MODELS = ("int_subscriptions__timelines",)
# Where weeks, months and years are counted, and what for. Everything else takes its dates from the periods, and counts
# days at most.
CALENDAR_FILES = {
    "period_step": "the macros by which the models below count",
    "int_subscriptions__calendar_periods": "makes the periods that are not registered yet",
    "int_subscriptions__registered_periods": "finds the whole period around a registered one",
    "int_subscriptions__derived_terms": "says what a subscription's periods are counted from",
    "int_subscriptions__change_dates": "finds the end of a period that a downgrade waits for",
    "int_subscriptions__price_rows": "dates the months of a phase, which are not those of periods",
    "int_subscriptions__yearly_amounts": "dates the same months, for what a plan change compares",
    "int_subscriptions__top_up_dates": "dates top-ups, which follow no period",
    "int_subscriptions__reviewed_subscriptions": "tells the first close of a month, whatever the periods are",
}

_RULE_LINE = re.compile(r"-- (R-[A-Z][A-Z-]*): \S")
_GRAIN_LINE = re.compile(r"-- Grain: ((?:exactly )?one row\b.*)\.")
_OFFENDERS_LINE = re.compile(r"-- Offenders: \S.*\.")
_ID_LITERAL = re.compile(
    r"\b(?P<column>\w+_(?:id|code))\b\s*(?:=|<>|not\s+in|in|like)\s*\(?\s*'[^']+'", re.IGNORECASE
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|{#.*?#}", re.DOTALL)
_JINJA = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")

_CALENDAR = re.compile(
    r"""
    \binterval\s+(?:'?\d+'?|\([^)]*\))\s*(?:week|month|quarter|year)s?\b  # interval '1' month, interval '3 months'
    | '(?:week|month|quarter|year)s?'                                       # date_trunc('month', a)
    | \b(?:week|month|quarter|year)\s*\(                                    # month(a)
    | \bextract\s*\(\s*(?:week|month|quarter|year)\b
    | \b(?:to|add)_(?:weeks|months|quarters|years)\s*\(
    | \b(?:last_day|make_date|time_bucket)\s*\(
    | \b7\s*\* | [*%]\s*7\b | \binterval\s+'7                             # a week in days
    | \b(?:period_(?:origin|start|number)|containing_period_number|next_period_start|months_of_interval)\s*\(
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Calls whose answer changes between two runs on the same rows, or between the engines.
_CALLS_RULED_OUT = {
    "current_date": "depends on when it runs",
    "current_timestamp": "depends on when it runs",
    "now": "depends on when it runs",
    "today": "depends on when it runs",
    "random": "differs at every run",
    "uuid": "differs at every run",
    "gen_random_uuid": "differs at every run",
    "hash": "is the engine's own, and changes with its version",
}
_CALLS_OF_ONE_ENGINE = {
    "concat": "NULL differs; write || or concat_ws",
    "date_diff": "counts boundaries or whole units; use a macro",
    "datediff": "counts boundaries or whole units; use a macro",
    "generate_series": "drifts from the 31st; add n intervals to the base",
    "list_extract": "the first element is 0 or 1; use a macro",
    "max_by": "skips NULLs or does not; use row_number",
    "arg_max": "is DuckDB's; use row_number",
    "min_by": "skips NULLs or does not; use row_number",
    "arg_min": "is DuckDB's; use row_number",
    "regexp_replace": "replaces the first match or all; use a macro",
    "string_agg": "is listagg elsewhere; use join_texts",
    "listagg": "is string_agg elsewhere; use join_texts",
    "strftime": "is DuckDB's; use a macro",
}
_KEYWORDS_OF_ONE_ENGINE = {"asof": "ASOF", "pivot": "PIVOT", "unpivot": "UNPIVOT"}


def header_faults(sql: str) -> list[str]:
    """What is wrong with the comment that opens a model: rule and sentence, more if need be, grain last.

    A check may say what its offenders are instead of their grain.
    """
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line)
    if len(lines) < 2:
        return [
            "must open with two comment lines, `-- R-RULE: sentence.` and `-- Grain: one row per ...`"
        ]
    faults = []
    if not _RULE_LINE.match(lines[0]):
        faults.append(f"line 1 must be `-- R-RULE: sentence.`, is {lines[0]!r}")
    if not _GRAIN_LINE.fullmatch(lines[-1]) and not _OFFENDERS_LINE.fullmatch(lines[-1]):
        faults.append(
            f"the header must end with `-- Grain: one row per ...`, ends with {lines[-1]!r}"
        )
    if any("Grain:" in line for line in lines[:-1]):
        faults.append("the grain stands once, in the last line of the header")
    faults += [
        f"line {number} has {len(line)} columns, {HEADER_COLUMNS} at most"
        for number, line in enumerate(lines, 1)
        if len(line) > HEADER_COLUMNS
    ]
    return faults


def header_rule(sql: str) -> str | None:
    """The rule that the first line names."""
    match = _RULE_LINE.match(sql)
    return match[1] if match else None


def header_grain(sql: str) -> str | None:
    """The grain that the header states, without `Grain:` and the full stop."""
    for line in sql.splitlines():
        if match := _GRAIN_LINE.fullmatch(line):
            return match[1]
    return None


def without_comments(sql: str) -> str:
    """`sql` without its comments, SQL's and Jinja's."""
    return _COMMENT.sub(" ", sql)


def literal_id_faults(sql: str) -> list[str]:
    """Comparisons of an id or a code with a literal: rows of a company do not stand in SQL. The empty text may."""
    return [
        f"{match['column']} is compared with a literal: {' '.join(match[0].split())}"
        for match in _ID_LITERAL.finditer(without_comments(sql))
    ]


def jinja_faults(sql: str) -> list[str]:
    """Jinja that hides what is run: queries while compiling, branches by target, and half a CTE."""
    blocks = " ".join(_JINJA.findall(without_comments(sql)))
    faults = [
        f"Jinja may not use {word}"
        for word in ("run_query", "statement", "target.", "adapter.", "execute")
        if re.search(rf"\b{re.escape(word)}", blocks)
    ]
    plain = _STRING.sub("''", _JINJA.sub(" ", without_comments(sql)))
    if plain.count("(") != plain.count(")"):
        faults.append("a parenthesis is opened or closed by Jinja")
    return faults


def calendar_faults(name: str, sql: str) -> list[str]:
    """Weeks, months and years that the text of a model, check or macro counts by itself, without leave for it."""
    if name in CALENDAR_FILES:
        return []
    return [
        f"`{counted}` counts in the calendar; take the dates from fct_subscription_periods"
        for counted in counted_in_calendar(sql)
    ]


def counted_in_calendar(sql: str) -> list[str]:
    """Where a text counts in weeks, months or years, or in periods, which are made of them."""
    return [" ".join(match[0].split()) for match in _CALENDAR.finditer(without_comments(sql))]


def slash_faults(sql: str) -> list[str]:
    """Bare divisions in a macro's text, which cannot be parsed: outside `macros/money` there are none."""
    plain = _STRING.sub("''", without_comments(sql))
    faults = []
    for line in plain.splitlines():
        # A quoted piece of SQL inside Jinja is SQL too, but a date or a path in quotes is not: strings are gone here.
        if re.search(r"(?<![/*])/(?![/*])", line):
            faults.append(f"bare division: {line.strip()}")
    return faults


def render(sql: str) -> str:
    """A model's SQL with Jinja resolved and each macro call left as a call: `{{ f('a') }}` becomes `f(a)`.

    `is_incremental()` is taken as true: that branch is the one that runs, and the one with more SQL in it.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    context: dict[str, Any] = {
        **vars(_stand_ins()),
        "config": lambda **_: "",
        "ref": lambda *names: names[-1],
        "source": lambda schema, table: f"{schema}.{table}",
        "is_incremental": lambda: True,
        "this": "this_model",
    }
    return environment.from_string(sql).render(context)


def _stand_ins() -> ModuleType:
    # The same stand-ins with which sqlfluff lints.
    path = REPO / ".ci/sqlfluff/dbt_context/__init__.py"
    spec = importlib.util.spec_from_file_location("dbt_context", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def portability_faults(sql: str) -> list[str]:
    """Constructs of rendered (not compiled) SQL that one engine lacks, or that give another answer there."""
    faults = list(_token_faults(sqlglot.tokenize(sql, dialect="duckdb")))
    tree = parse(sql)
    faults += _tree_faults(tree)
    for name, call in _calls(tree):
        if name in _CALLS_OF_ONE_ENGINE:
            faults.append(f"{name}() {_CALLS_OF_ONE_ENGINE[name]}: {_text(call)}")
    faults += [
        f"a bare division is DOUBLE; divide by a macro of macros/money: {_text(node)}"
        for node in tree.find_all(exp.Div, exp.IntDiv)
    ]
    return sorted(set(faults))


def compiled_faults(sql: str) -> list[str]:
    """What may not stand in any SQL that is run, whichever macro wrote it."""
    return sorted(set(_tree_faults(parse(sql))))


def recursion_faults(name: str, sql: str) -> list[str]:
    """Recursion in the rendered SQL of a model that has no leave for it."""
    if name in RECURSIVE_MODELS or not any(
        node.args.get("recursive") for node in parse(sql).find_all(exp.With)
    ):
        return []
    return [f"WITH RECURSIVE is for {', '.join(RECURSIVE_MODELS)} alone"]


def parse(sql: str) -> exp.Expression:
    """The tree of one DuckDB statement."""
    return sqlglot.parse_one(sql, dialect="duckdb")


def _token_faults(tokens: list[Token]) -> Iterator[str]:
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type == TokenType.DCOLON:
            yield "`::` fails on Spark; write cast(x as t)"
        elif token.token_type == TokenType.DARROW:
            yield "`->>` is DuckDB's; use a macro"
        elif token.token_type == TokenType.NUMBER and "e" in token.text.lower():
            yield f"{token.text} is a DOUBLE; write the digits"
        elif token.token_type == TokenType.IDENTIFIER and not token.text.islower():
            yield f'"{token.text}" is quoted; Spark reads it as a text'
        elif token.text.lower() in _KEYWORDS_OF_ONE_ENGINE:
            yield f"{_KEYWORDS_OF_ONE_ENGINE[token.text.lower()]} is DuckDB's"
        elif (token.text + (following.text if following else "")).lower() == "ignorenulls":
            yield "`ignore nulls` stands elsewhere on Spark"


def _tree_faults(tree: exp.Expression) -> list[str]:
    checks = {
        "QUALIFY: number the rows in a CTE, then filter": lambda: tree.find_all(exp.Qualify),
        "ASOF JOIN is DuckDB's": lambda: (
            node for node in tree.find_all(exp.Join) if node.args.get("method") == "ASOF"
        ),
        "select distinct on is DuckDB's": lambda: (
            node for node in tree.find_all(exp.Distinct) if node.args.get("on")
        ),
        "select * exclude is DuckDB's": lambda: (
            node
            for node in tree.find_all(exp.Star)
            if any(node.args.get(key) for key in ("except", "except_", "replace", "rename"))
        ),
        "union by name is DuckDB's": lambda: (
            node for node in tree.find_all(exp.SetOperation) if node.args.get("by_name")
        ),
        "avg() is DOUBLE; sum and divide by a macro": lambda: tree.find_all(exp.Avg),
        "a binary float has no place in a bill": lambda: (
            node
            for node in tree.find_all(exp.DataType)
            if node.this in (exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE)
        ),
        "days of the week are numbered differently": lambda: _week_days(tree),
    }
    faults = [f"{fault}: {_text(node)}" for fault, found in checks.items() for node in found()]
    faults += [
        f"{name}() {_CALLS_RULED_OUT[name]}: {_text(call)}"
        for name, call in _calls(tree)
        if name in _CALLS_RULED_OUT
    ]
    return faults


def _week_days(tree: exp.Expression) -> Iterator[exp.Expression]:
    yield from tree.find_all(exp.DayOfWeek)
    for node in tree.find_all(exp.Extract):
        if node.name.lower() in ("dow", "dayofweek", "weekday"):
            yield node


def _calls(tree: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    """Every function call with its name in lower case, as DuckDB writes it."""
    for node in tree.find_all(exp.Func):
        yield node.sql(dialect="duckdb").split("(")[0].strip().lower(), node


def _text(node: exp.Expression) -> str:
    text = node.sql(dialect="duckdb")
    return text if len(text) <= 80 else text[:77] + "..."


def output_columns(sql: str) -> list[str] | None:
    """Names of a model's columns, in order, following `select *` through its CTEs; None if that leads out of it."""
    tree = parse(sql)
    ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    return _columns_of(tree, ctes)


def _columns_of(query: exp.Expression, ctes: dict[str, exp.Expression]) -> list[str] | None:
    while isinstance(query, exp.SetOperation):
        query = query.left
    if not isinstance(query, exp.Select):
        return None
    columns: list[str] = []
    for projection in query.expressions:
        if not projection.is_star:
            columns.append(projection.alias_or_name)
            continue
        source = query.args.get("from_") or query.args.get("from")
        name = source.this.name if source is not None else ""
        if query.args.get("joins") or name not in ctes:
            return None
        inner = _columns_of(ctes[name], ctes)
        if inner is None:
            return None
        columns += inner
    return columns
