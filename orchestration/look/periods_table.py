"""Billing periods as tables for a terminal.

Belongs here: cells and columns, a period in one line where the terminal is wide enough, else in two. Does not belong
here: which periods there are, and their amounts (`periods`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from orchestration.look.source import minor_units
from orchestration.texts import money

Period = Mapping[str, Any]
Cells = Mapping[str, str]

_ONE_LINE = {
    "fees": "fees",
    "from": "from (local)",
    "until": "until",
    "utc_from": "from (UTC)",
    "utc_until": "until",
    "days": "days",
    "close": "close",
    "invoice": "invoice",
    "billed": "billed",
    "adjusted": "adjusted",
    "price": "price",
}
# A second line of the headings tells what the second line of a period is.
_TWO_LINES = {
    "fees": "fees\n",
    "from": "from (local)\nfrom (UTC)",
    "until": "until\n",
    "days": "days\n",
    "amounts": "billed\n",
    "invoice": "invoice\nor close",
}
_NUMBERS = ("days", "billed", "adjusted", "price", "amounts")


@dataclass(frozen=True)
class _Layout:
    """Headings by name of column, cells of all periods by the same names, and the blanks between columns."""

    headings: Cells
    cells: Sequence[Cells]
    gap: int

    def column_width(self, name: str) -> int:
        texts = [self.headings[name], *(row[name] for row in self.cells)]
        return max(len(line) for text in texts for line in text.split("\n"))

    @property
    def width(self) -> int:
        """Columns of the terminal that a table takes."""
        return sum(self.column_width(name) + self.gap for name in self.headings) - self.gap

    def empty_table(self) -> Table:
        table = Table(box=None, padding=(0, self.gap, 0, 0), pad_edge=False, header_style="bold")
        for name, heading in self.headings.items():
            justify = "right" if name in _NUMBERS else "left"
            width = self.column_width(name)
            table.add_column(heading, justify=justify, no_wrap=True, min_width=width)
        return table


def print_tables(console: Console, periods: Sequence[Period]) -> None:
    """Print a table for each subscription, all laid out alike.

    Args:
        console: where to. One that is too narrow even for two lines a period breaks them: nothing is cut off.
        periods: rows of `periods.read`.
    """
    layout = _layout(periods, console.width)
    tables: dict[str, Table] = {}
    for period, cells in zip(periods, layout.cells, strict=True):
        table = tables.setdefault(period["subscription_id"], layout.empty_table())
        table.add_row(
            *(_text(name, cells[name]) for name in layout.headings),
            style="" if period["state"] == "billed" else "dim",
        )
    wide = Console(file=console.file, width=max(console.width, layout.width))
    for number, (subscription_id, table) in enumerate(tables.items()):
        own = [period for period in periods if period["subscription_id"] == subscription_id]
        wide.print(*([""] if number else []), _heading(own), table, sep="\n")


def _layout(periods: Sequence[Period], width: int) -> _Layout:
    """The airiest layout that fits `width`; if none does, the narrowest."""
    decimals = minor_units()
    is_utc = all(period["timezone"] == "UTC" for period in periods)
    cells = [_cells(period, decimals.get(period["currency"], 2), is_utc) for period in periods]
    headings = {name: text for name, text in _ONE_LINE.items() if any(row[name] for row in cells)}
    in_two_lines = [_in_two_lines(row) for row in cells]
    two_headings = _TWO_LINES | ({"from": "from (UTC)\n"} if is_utc else {})
    layouts = [
        *(_Layout(headings, cells, gap) for gap in (2, 1)),
        *(_Layout(two_headings, in_two_lines, gap) for gap in (2, 1)),
    ]
    return next((layout for layout in layouts if layout.width <= width), layouts[-1])


def _cells(period: Period, decimals: int, is_utc: bool) -> Cells:
    """The texts of a period. In UTC, local times say nothing more."""
    times = {
        "from": None if is_utc else period["local_starts_at"],
        "until": None if is_utc else period["local_ends_at"],
        "utc_from": period["starts_at"],
        "utc_until": period["ends_at"],
    }
    amounts = {name: period[f"{name}_amount"] for name in ("billed", "adjusted", "price")}
    fees = period["fee_family"].removesuffix("_in_advance").replace("_", " ")
    return {
        "fees": f"{fees} in advance" if period["is_pay_in_advance"] else fees,
        **{name: f"{time:%Y-%m-%d %H:%M}" if time else "" for name, time in times.items()},
        "days": f"{period['days']} of {period['period_days']}",
        "close": str(period["close_date"] or "the next"),
        "invoice": period["invoice_number"] or ("none" if period["state"] == "billed" else ""),
        **{
            name: "" if amount is None else money(amount, decimals)
            for name, amount in amounts.items()
        },
        "state": period["state"],
    }


def _in_two_lines(cells: Cells) -> Cells:
    amounts = [(cells["billed"], cells["invoice" if cells["state"] == "billed" else "close"])]
    amounts += [(cells[name], name) for name in ("adjusted", "price") if cells[name]]
    return {
        "fees": cells["fees"].replace(" ", "\n", 1),
        "from": "\n".join(filter(None, (cells["from"], cells["utc_from"]))),
        "until": "\n".join(filter(None, (cells["until"], cells["utc_until"]))),
        "days": cells["days"],
        "amounts": "\n".join(amount for amount, _ in amounts),
        "invoice": "\n".join(text for _, text in amounts),
    }


def _text(name: str, cell: str) -> Text:
    """A cell as it stands, without markup; the UTC below local times steps back."""
    first, *below = cell.split("\n")
    is_time = name in ("from", "until")
    return Text.assemble(first, *(("\n" + line, "dim" if is_time else "") for line in below))


def _heading(periods: Sequence[Period]) -> str:
    """The subscription, and what its periods have in common."""
    first = periods[0]
    zones = ", ".join(sorted({period["timezone"] for period in periods}))
    facts = ", ".join(filter(None, (f"plan {first['plan_code']}", first["currency"], zones)))
    return f"[bold]{escape(first['subscription_id'])}[/]  {escape(facts)}"
