"""Great Expectations, asked about frames: the only module that knows it.

Belongs here: frames as pandas, one suite per close, and reading its answer. Does not belong here: what is asked and how
it is worded (`run`). An error inside Great Expectations means that a check could not run, never that the data is bad.

Its import takes four seconds of CPU, more than a small close: it happens once per process, and only when there is a row
to judge.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.prepare import first_line

_ROW = "row_number"


@dataclass(frozen=True)
class Frame:
    """Rows and what is expected of each: `at_least` pairs columns, of which the first is not below the second.

    `severity` is critical if a row names a document, else warning.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    at_least: tuple[tuple[str, str], ...]
    severity: str


@dataclass(frozen=True)
class Answer:
    """The positions of the rows that are not as expected, in order, and what was asked and answered.

    `problem` says why it could not run; then nothing is known of any row.
    """

    offending: tuple[int, ...]
    expectations: tuple[Mapping[str, Any], ...]
    problem: str = ""


def ask(frames: Sequence[Frame]) -> Sequence[Answer]:
    """Have Great Expectations judge each frame; one answer per frame, in their order.

    Args:
        frames: each with a row at least; the columns that it compares are decimals or integers, and never NULL.

    Returns:
        Answers; each frame that it could not judge has its `problem`, and so have all if it cannot be imported.
    """
    try:
        context = _context()
    except Exception as error:  # whatever a package raises at import: nothing was judged
        return [_could_not_run(error)] * len(frames)
    return [_answer(context, frame) for frame in frames]


def _context() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    # It tells of every context that it makes, to whoever listens to all of the process.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
        )

    # Its own pages pull style sheets from elsewhere: none are made.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
    )
    context = great_expectations.get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _answer(context: Any, frame: Frame) -> Answer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = _validated(context, frame)
        return _read(frame, result)
    except Exception as error:  # as above, of one frame
        return _could_not_run(error)


def _could_not_run(error: Exception) -> Answer:
    reason = first_line(str(error)) or type(error).__name__
    return Answer((), (), f"Great Expectations could not run: {reason}")


def _validated(context: Any, frame: Frame) -> Any:
    import great_expectations as gx
    import pandas as pd

    columns = dict.fromkeys(column for pair in frame.at_least for column in pair)
    values = {column: [float(row[column]) for row in frame.rows] for column in columns}
    for column, of_column in values.items():
        if not all(map(math.isfinite, of_column)):
            raise ValueError(f"a value of {column} is no number")
    data = pd.DataFrame({_ROW: range(len(frame.rows)), **values})
    suite = gx.ExpectationSuite(
        name=frame.name,
        expectations=[
            gx.expectations.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=larger, column_B=smaller, or_equal=True, severity=frame.severity
            )
            for larger, smaller in frame.at_least
        ],
    )
    asset = context.data_sources.add_or_update_pandas(frame.name).add_dataframe_asset(frame.name)
    batch = asset.add_batch_definition_whole_dataframe("close").get_batch({"dataframe": data})
    # Of a summary only so many offenders are listed as it is told; all of them name documents.
    return batch.validate(
        suite,
        result_format={
            "result_format": "SUMMARY",
            "unexpected_index_column_names": [_ROW],
            "partial_unexpected_count": len(frame.rows),
        },
    )


def _read(frame: Frame, result: Any) -> Answer:
    """Its answer, held against itself: a row that it did not look at must not pass."""
    offending: set[int] = set()
    expectations = []
    if len(result.results) != len(frame.at_least):
        raise ValueError(f"{len(result.results)} of {len(frame.at_least)} questions were answered")
    for one in result.results:
        raised = next(_raised(one.exception_info), None)
        if raised is not None:
            raise ValueError(raised)
        found = one.result
        named = [int(row[_ROW]) for row in found.get("partial_unexpected_index_list") or ()]
        looked_at = found["element_count"] - found["missing_count"]
        if looked_at != len(frame.rows) or len(named) != found["unexpected_count"]:
            raise ValueError(
                f"of {len(frame.rows)} rows it looked at {looked_at}, and named {len(named)} of"
                f" {found['unexpected_count']} offenders"
            )
        offending.update(named)
        asked = one.expectation_config
        expectations.append(
            {
                "type": asked.type,
                "column_A": asked.kwargs["column_A"],
                "column_B": asked.kwargs["column_B"],
                "severity": frame.severity,
                "is_met": bool(one.success),
                "element_count": int(found["element_count"]),
                "unexpected_count": int(found["unexpected_count"]),
            }
        )
    # By what was asked: in which order it answers is its own affair.
    expectations.sort(key=lambda one: (one["column_A"], one["column_B"]))
    return Answer(tuple(sorted(offending)), tuple(expectations))


def _raised(info: Any) -> Iterator[str]:
    """The messages of what was raised; `exception_info` is one record, or one per metric."""
    if not isinstance(info, Mapping):
        return
    if "raised_exception" in info:
        if info["raised_exception"]:
            yield str(info.get("exception_message"))
        return
    for inner in info.values():
        yield from _raised(inner)
