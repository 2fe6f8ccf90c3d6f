"""What the process that runs a Dagster job and the ops inside it tell each other.

Belongs here: the clock, the result of the last close, and the error that stopped it. Does not belong here: anything
another process has to know; that stands in `control`.

Dagster turns an op's exception into text. The command needs the exception itself: its exit code and offending rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg

from orchestration.close_steps import Clock, CloseReport, utc_now
from orchestration.errors import MeterhouseError, OffenderTable

_ROWS_SHOWN = 5


@dataclass
class CloseSession:
    """One code location's session; ops write `report` and `error`, the command reads them after the run.

    `first_due` is the date that the command found to be due first: it holds the writer lock since then.
    """

    clock: Clock = utc_now
    report: CloseReport | None = None
    error: BaseException | None = None
    first_due: date | None = None

    def begin(self, clock: Clock, first_due: date | None = None) -> None:
        self.clock, self.report, self.error = clock, None, None
        self.first_due = first_due

    def now_clock(self) -> Clock:
        """The clock of the running session, as a function that ops may hold on to."""
        return lambda: self.clock()

    @contextmanager
    def failing_as_dagster(self) -> Iterator[None]:
        """Keep the error for the command, and give Dagster one that reads well in the UI and is not retried."""
        try:
            yield
        except MeterhouseError as error:
            self.error = error
            raise failure_of(error) from error
        except BaseException as error:
            self.error = error
            raise


def failure_of(error: MeterhouseError) -> dg.Failure:
    """The error as Dagster shows it: its sentence, and its tables rendered inline."""
    tables = getattr(error, "tables", ())
    metadata = {table.title[:100]: table_metadata(table) for table in tables}
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=False)


def table_metadata(table: OffenderTable) -> dg.TableMetadataValue:
    """An offender table as Dagster renders it; values as text, because a float would round money."""
    columns = [dg.TableColumn(name=str(column), type="string") for column in table.columns]
    records = [
        dg.TableRecord(
            {
                str(column): "" if value is None else str(value)
                for column, value in zip(table.columns, row, strict=True)
            }
        )
        for row in table.rows[:_ROWS_SHOWN]
    ]
    return dg.MetadataValue.table(records=records, schema=dg.TableSchema(columns=columns))
