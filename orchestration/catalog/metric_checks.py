"""What a billable metric must say, by its aggregation.

Belongs here: which columns each aggregation_type needs and may have, and the metric's expression. Does not belong here:
what a charge asks of its metric (`charge_checks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.catalog.charge_rows import METRICS, Tables
from orchestration.catalog.expression import BadExpression, compile_expression, property_name_fault
from orchestration.catalog.validate import Row
from orchestration.contracts import project_vars

# Aggregations that need a value of each event: a property's, or an expression's.
VALUED = ("sum", "max", "latest", "weighted_sum")
RECURRING = ("sum", "unique_count", "weighted_sum", "custom")


@dataclass(frozen=True)
class MetricTerm:
    """A row of `catalog.metric_terms`: one summand of a metric's expression; `term_number` counts from 1."""

    metric_code: str
    term_number: int
    property_name_1: str | None
    property_name_2: str | None
    numerator: int
    denominator: int


def metric_problems(tables: Tables) -> Iterator[str]:
    """Every metric has the columns that its aggregation needs, and no other; its expression has an exact value."""
    for row in tables["billable_metrics"]:
        where = f"{METRICS} row {row.line}: "
        for problem in (*_value_problems(row), *_custom_problems(row), *_other_problems(row)):
            yield where + problem


def metric_terms(tables: Tables) -> Iterator[MetricTerm]:
    """The expressions of a checked catalog as rows of terms, in file order of their metrics."""
    for row in tables["billable_metrics"]:
        if row["expression"] is not None:
            form = compile_expression(row["expression"])
            for number, term in enumerate(form.terms, 1):
                yield MetricTerm(
                    row["metric_code"],
                    number,
                    term.property_name_1,
                    term.property_name_2,
                    term.numerator,
                    form.denominator,
                )


def _value_problems(row: Row) -> Iterator[str]:
    kind, field, expression = row["aggregation_type"], row["field_name"], row["expression"]
    named = f"a {kind.replace('_', ' ')}"
    if kind in VALUED and field is None and expression is None:
        yield (
            f"{named} needs a value; name the property that holds it in field_name, or write an expression"
        )
    if kind in VALUED and field is not None and expression is not None:
        yield f"{named} has field_name or expression, not both; leave one empty"
    if kind == "unique_count" and field is None:
        yield f"{named} needs field_name; name the property whose values are counted"
    if kind == "count" and field is not None:
        yield f"{named} has no field_name; leave it empty"
    if kind not in VALUED and expression is not None:
        yield f"{named} has no expression; leave it empty"
    elif expression is not None:
        try:
            compile_expression(expression)
        except BadExpression as error:
            yield f"expression, {error}"
    fault = property_name_fault(field) if field is not None else None
    if fault:
        yield f"field_name {fault}; correct it"


def _custom_problems(row: Row) -> Iterator[str]:
    name = row["custom_model"]
    if row["aggregation_type"] != "custom":
        if name is not None:
            yield f"a {row['aggregation_type'].replace('_', ' ')} has no custom_model; leave it empty"
        return
    known = project_vars()["custom_aggregations"]
    if name is None:
        yield "a custom metric needs custom_model; name an entry of custom_aggregations in dbt_project.yml"
    elif name not in known:
        entries = f"which has {', '.join(known)}" if known else "which has none"
        yield (
            f"unknown custom_model '{name}'; add it to custom_aggregations in dbt_project.yml, {entries}"
        )


def _other_problems(row: Row) -> Iterator[str]:
    kind = row["aggregation_type"].replace("_", " ")
    if row["is_recurring"] and row["aggregation_type"] not in RECURRING:
        yield f"a {kind} cannot be recurring; set is_recurring to false, or aggregate by sum or unique_count"
    if row["rounding_precision"] != 0 and row["rounding_function"] is None:
        yield "rounding_precision needs rounding_function; fill in round, ceil or floor, or leave both empty"
