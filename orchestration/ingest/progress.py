"""The bar that shows how far an ingest is: bytes read, lines found, lines per second.

Belongs here: drawing. Does not belong here: anything that ingest needs to run; in a pipe there is no bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from orchestration.ingest.run import Progress as Callback


class RowsColumn(ProgressColumn):
    """Lines found so far, and how many per second."""

    def render(self, task: Task) -> Text:
        rows = task.fields["rows"]
        seconds = task.fields["reading_seconds"] or task.elapsed or 0
        per_second = f", {rows / seconds:,.0f} rows/s" if seconds else ""
        return Text(f"{rows:,} rows{per_second}", style="progress.data.speed")


@contextmanager
def ingest_progress(console: Console, is_shown: bool = True) -> Iterator[Callback | None]:
    """A bar on `console` while the block runs; it is drawn once there is something to read, and erased at the end.

    Args:
        console: where to draw; nothing is drawn if it is no terminal.
        is_shown: False for a command that prints JSON.

    Returns:
        What to hand to `ingest(ws, progress=...)`; None if nothing is drawn.

    Example:
        >>> with ingest_progress(Console(stderr=True)) as progress:  # doctest: +SKIP
        ...     ingest(ws, progress=progress)
    """
    if not (is_shown and console.is_terminal):
        yield None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        RowsColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task("reading usage", total=None, rows=0, reading_seconds=None)

    def show(bytes_done: int, bytes_total: int, rows: int) -> None:
        bar.start()
        is_read = bytes_done >= bytes_total
        elapsed = bar.tasks[0].elapsed
        bar.update(
            task,
            completed=bytes_done,
            total=bytes_total,
            rows=rows,
            description="loading usage" if is_read else "reading usage",
            # The warehouse's part comes after: it is no time of reading.
            reading_seconds=elapsed if is_read else None,
        )

    try:
        yield show
    finally:
        bar.stop()
