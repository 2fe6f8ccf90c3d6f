"""The quantity of one billable metric. Source: BILLING_RULES §2, one module per kind of aggregation.

Belongs here: aggregations as pure functions of simple lists, filters, groups, expressions. Does not belong here: which
events belong to a period (see `metering`).
"""

from .expressions import Expression, ExpressionError, expression_value
from .prorated import days_present, prorated_unique_count, sum_steps, unique_steps
from .rounding import rounded_quantity
from .selection import Filter, group_key, matching_filter, text_of
from .simple import aggregate, count, latest, maximum, total
from .unique import present_values, unique_count, unique_counts
from .weighted import weighted_sum

__all__ = [
    "Expression",
    "ExpressionError",
    "Filter",
    "aggregate",
    "count",
    "days_present",
    "expression_value",
    "group_key",
    "latest",
    "matching_filter",
    "maximum",
    "present_values",
    "prorated_unique_count",
    "rounded_quantity",
    "sum_steps",
    "text_of",
    "total",
    "unique_count",
    "unique_counts",
    "unique_steps",
    "weighted_sum",
]
