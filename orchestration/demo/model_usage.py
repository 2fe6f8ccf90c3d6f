"""What Quill Editors' gateway spent on language models, by model and kind of token.

Belongs here: designed totals that a reader can check an invoice against the price list with. Does not belong here:
prices (`seeds/token_prices`), and how the events are written (`generate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from orchestration.demo.events import Event, events_of
from orchestration.demo.story import NANO, NEW_YORK, Usage

EVENT_COUNT = 60


@dataclass(frozen=True)
class ModelTokens:
    """The tokens of one kind that one model read or wrote in `days` days (0: in the month) from `first_day` on."""

    first_day: date
    model: str
    token_type: str
    tokens: int
    context: str = ""
    days: int = 0


OCTOBER, NOVEMBER, DECEMBER = date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1)

MODEL_TOKENS = (
    ModelTokens(OCTOBER, "gpt-5", "input", 12_345_678),
    ModelTokens(OCTOBER, "gpt-5", "cached", 40_000_000),
    ModelTokens(OCTOBER, "gpt-5", "output", 1_234_567),
    # Another name of gpt-5-mini.
    ModelTokens(OCTOBER, "gpt-5-mini-2025-08-07", "input", 9_999_999),
    ModelTokens(OCTOBER, "claude-sonnet-4-5", "input", 3_000_001),
    # Matches the filter above too; the one that asks for more properties holds.
    ModelTokens(OCTOBER, "claude-sonnet-4-5", "input", 2_500_000, context="over_200000"),
    ModelTokens(OCTOBER, "claude-sonnet-4-5", "output", 750_000),
    # A model without a price of its own for cached tokens.
    ModelTokens(OCTOBER, "codestral", "input", 2_000_000),
    ModelTokens(OCTOBER, "codestral", "cached", 1_000_000),
    ModelTokens(OCTOBER, "command-r7b", "input", 333_000_000),
    # No filter matches these: a model that is not listed, and a kind of token.
    ModelTokens(OCTOBER, "lumen-1", "output", 1_000_000),
    ModelTokens(OCTOBER, "gpt-5", "reasoning", 500_000),
    ModelTokens(NOVEMBER, "command-r7b", "input", 332_999_999),
    ModelTokens(NOVEMBER, "command-r7b", "output", 60),
    ModelTokens(NOVEMBER, "gemini-2.5-pro", "input", 8_000_000),
    ModelTokens(NOVEMBER, "gemini-2.5-pro", "input", 1_000_000, context="over_200000"),
    ModelTokens(NOVEMBER, "gpt-4o-mini", "output", 77_777_777),
    # Its list price rises on 2 December.
    ModelTokens(DECEMBER, "ministral-8b-latest", "input", 20_000_000, days=1),
    ModelTokens(date(2025, 12, 2), "ministral-8b-latest", "input", 80_000_000, days=30),
    ModelTokens(date(2025, 12, 2), "gpt-5", "output", 5_000_000, days=30),
)


def model_events(month: date) -> Iterator[Event]:
    """The gateway's events of one month: by total in the order of `MODEL_TOKENS`, then by time."""
    for number, used in enumerate(MODEL_TOKENS):
        if used.first_day.replace(day=1) != month:
            continue
        said = (
            ("model", used.model),
            ("token_type", used.token_type),
            ("context", used.context),
        )
        usage = Usage(
            f"quill-{number:02}",
            "tokens",
            NEW_YORK,
            {used.first_day: used.tokens * NANO},
            "tokens",
            min(EVENT_COUNT, used.tokens),
            account="quill",
            days=used.days,
            properties=tuple((name, value) for name, value in said if value),
        )
        yield from events_of(usage, used.first_day)
