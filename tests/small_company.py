"""A company small enough to be closed in seconds: two plans, three customers, a handful of events.

Belongs here: its catalog, its usage, and a fixture that closes its first date once for the whole session. Does not belong
here: golden amounts (the demo's), and tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.close import close_through
from orchestration.workspace import Workspace
from tests.catalogs import write_catalog
from tests.conftest import ClosedCompany

FIRST_CLOSE = date(2025, 11, 1)
SECOND_CLOSE = date(2025, 12, 1)
THIRD_CLOSE = date(2026, 1, 1)


def clock() -> datetime:
    """A present after every close of the tests."""
    return datetime(2026, 6, 1, tzinfo=UTC)
